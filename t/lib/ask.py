"""ask.py - one query, its duration and its processor time

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import paths
import sdrctl
from daemon import assert_clean

TICKS = os.sysconf('SC_CLK_TCK')
SANITIZED = 'san' in paths.BUILD.name
# The share of its waiting time for which a program may use the processor. A sanitizer needs some; a busy loop
# would use all of it.
IDLE_SHARE = 0.5 if SANITIZED else 0.05


@dataclass
class Answer:
    verdict: str
    reply: str    # '451 4.4.3', or ''
    targets: list
    reason: str
    seconds: float
    cpu: float    # seconds of processor time, including the start of the program


def ask(conf, recipient, **options):
    """An Answer of sdrctl route; options as for subprocess.Popen."""
    begin = time.monotonic()
    with subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'route', '--json', recipient],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **{'env': sdrctl.environ(), **options}) as process:
        out = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begin
    assert_clean(out)
    assert process.returncode in (0, 75), out
    said = json.loads(out)
    return Answer(said['verdict'], ' '.join((said['reply'] or '').split()[:2]), said['targets'],
                  said['reason'], seconds, usage.ru_utime + usage.ru_stime)


def timed_rcpt(postfix, recipient):
    """('451 4.4.3', seconds): Postfix's reply to a recipient."""
    with postfix.client() as client:
        client.mail()
        begin = time.monotonic()
        reply = client.rcpt(recipient)
        return f'{reply.code} {reply.text.split()[0]}', time.monotonic() - begin


def cpu_seconds(pid):
    """The processor time that all threads of a process have used so far."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def descriptors(pid):
    """The number of files a process has open."""
    return len(os.listdir(f'/proc/{pid}/fd'))


def most_memory(pid):
    """The most octets a process has had in memory."""
    [line] = [line for line in Path(f'/proc/{pid}/status').read_text().splitlines()
              if line.startswith('VmHWM:')]
    return int(line.split()[1]) << 10
