"""memory.py - sdr-milter's memory for each connection of an MTA

Each connection is within a message: MAIL and one RCPT have been answered. Resident memory includes pages of
the replica and of programs, which the kernel can drop. PSS counts only a share of pages that other processes
use, too.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
from contextlib import ExitStack
from pathlib import Path

import turns
import world
from milter import Milter
from milterclient import MilterClient
from premises import address

CONNECTIONS = [0, 10, 100, 500]
UNITS = {'resident memory': 'MB', 'resident memory, PSS': 'MB', 'memory in no file': 'MB',
         'descriptors': '', 'threads': ''}


def taken(pid):
    """One number for each of UNITS."""
    proc = Path('/proc', str(pid))
    kilobytes = dict(re.findall(r'^(\w+): +(\d+) kB$', (proc / 'smaps_rollup').read_text(), re.M))
    return [*(int(kilobytes[name]) / 1024 for name in ('Rss', 'Pss', 'Anonymous')),
            len(list((proc / 'fd').iterdir())), len(list((proc / 'task').iterdir()))]


def begin_message(stack, path, n):
    client = stack.enter_context(MilterClient(path, i=f'4Xyz{n}')).open()
    assert client.mail() in (None, 'continue')
    assert client.rcpt(f'<{address(n)}>') in (None, 'continue')


def measure(folder, text, count):
    """The memory used with each number of connections, one list after the other."""
    sockets = world.section('milter', {'socket': f'unix:{folder}/milter', 'socket-mode': '0666'})
    milter = Milter(folder, text + sockets)
    folder.chmod(0o777)
    result = []
    with ExitStack() as stack:
        stack.callback(milter.close)
        milter.start()
        opened = 0
        for wanted in CONNECTIONS:
            for n in range(opened, wanted):
                begin_message(stack, milter.socket_path, n % count)
            opened = wanted
            result.append(taken(milter.pid))
    return result


def work(premises, rounds):
    def side(name, text):
        return lambda: measure(premises.folder / f'memory-{name}', text, premises.count)
    values = turns.in_turns({'replica': side('replica', premises.replica),
                             'live': side('live', premises.live)}, rounds)
    for which, (what, unit) in enumerate(UNITS.items()):
        sides = {f'{name}, {count} connections': [each[i][which] for each in its]
                 for name, its in values.items() for i, count in enumerate(CONNECTIONS)}
        yield turns.result(f'sdr-milter: {what}', unit, next(iter(sides)), sides)
