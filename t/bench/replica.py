"""replica.py - the cost of the replica: first copy, run without changes, delay of a change

The base is a client of libldap that reads the same entries and keeps nothing.

SPDX-License-Identifier: BSD-2-Clause
"""
import subprocess
import time

import paths
import sdrctl
import slapd
import turns
from daemon import environment
from premises import address
from sync import Sync

CHANGES = 20

# As sdr-sync asks with the profile sdr
ADDRESSES = ('sdrAddress', 'mail', 'mailLocalAddress')
ATTRIBUTES = (*ADDRESSES, 'sdrOwner', 'sdrRoutingAddress', 'sdrHold')
PRESENT = f'(|{"".join(f"({name}=*)" for name in ADDRESSES)})'

# In a separate process, because a child's peak memory begins with its parent's.
ONCE = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, user='sdr', group='sdr', extra_groups=[])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measured(*command):
    """Run the command: its output, and (seconds, largest resident set in MB)."""
    start = time.perf_counter()
    done = subprocess.run(['/usr/bin/python3', '-c', ONCE, *command],
                          env=environment(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *output, kilobytes = done.stdout.split()
    return output, (time.perf_counter() - start, int(kilobytes) / 1024)


def once(sync):
    return measured(paths.BUILD / sync.program, '-c', sync.conf, '--once')[1]


def read_all(premises):
    output, result = measured(
        paths.BUILD / 't/bench/read_all', premises.slapd.uri, slapd.READER_DN,
        premises.directory['password-file'], slapd.SUFFIX, PRESENT, *ATTRIBUTES)
    assert output == [str(premises.count)]
    return result


def modify(premises, n, owner):
    premises.slapd.modify(f'dn: uid=u{n},ou=people,{slapd.SUFFIX}\nchangetype: modify\n'
                          f'replace: sdrOwner\nsdrOwner: {owner}\n')


def latency(premises):
    """Mean milliseconds from the end of ldapmodify to the first look-up that shows the change."""
    talk = sdrctl.Conversation(premises.sync.conf)
    waits = []
    for n in range(CHANGES):
        recipient = address(n // 2 % premises.count)
        owner, verdict = (('hosted', 'redirect'), ('onprem', 'pass'))[n % 2 == 0]
        modify(premises, n // 2 % premises.count, owner)
        start = time.perf_counter()
        while (answer := talk.ask(recipient))['verdict'] != verdict:
            assert time.perf_counter() - start < 30
        waits.append((time.perf_counter() - start) * 1000)
        assert answer['source'] == 'replica', answer
    talk.close()
    return sum(waits) / len(waits)


def work(premises, rounds):
    folder = premises.folder / 'sync-once'
    folder.mkdir()
    sync = Sync(folder, lambda path: premises.conf(own={'timeout': '60'},
                                                   replica={'path': str(path)}))

    def refresh():
        for file in sync.home.iterdir():
            file.unlink()
        return once(sync)

    yield from turns.compare(
        ['sdr-sync --once', 'sdr-sync --once: largest resident set'], ['s', 'MB'],
        {'libldap: read all, keep nothing': lambda: read_all(premises),
         'first refresh': refresh, 'nothing new': lambda: once(sync)}, rounds=rounds)
    yield from turns.compare('a change can be seen in the replica after', 'ms',
                        {'mean of twenty': lambda: latency(premises)}, rounds=rounds)
