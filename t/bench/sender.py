"""sender.py - sends mail to an MTA by t/bench/send, and measures the result

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import paths
from proc import wait_for
from turns import SECONDS

PATIENCE = 120  # seconds to wait for an empty queue


@dataclass(frozen=True)
class Load:
    sessions: int
    recipients: int = 1
    kept: bool = True       # a session for many messages; or for one
    lockstep: bool = False  # no pipelining: each command waits for its reply
    messages: int = None    # None: as many as are begun within SECONDS

    def __str__(self):
        return (f'{self.recipients} recipient{"s" * (self.recipients > 1)}, '
                f'{self.sessions} sessions {"kept" if self.kept else "of 1 message"}')

    def arguments(self):
        amount = ['-m', self.messages] if self.messages else ['-t', SECONDS]
        return ['-c', self.sessions, '-r', self.recipients, *amount,
                *(['-1'] if not self.kept else []), *(['-l'] if self.lockstep else [])]


@dataclass(frozen=True)
class Sent:
    messages: int
    rate: float  # messages a second, until the MTA was done with all of them
    cpu: float   # milliseconds of all processors a message, of whoever worked at the time
    p50: float   # milliseconds from RCPT to its reply; None without lockstep
    p99: float


class Failed(Exception):
    """Mail was rejected, kept or sent elsewhere: the measurement is not valid."""


def send(port, load, people, *, done=None, leave=False):
    """
    Send this load; Sent.

    done returns when the MTA has finished; None: it has finished with its last reply
    leave  do not wait for the reply to QUIT
    """
    command = [paths.BUILD / 't/bench/send', '-p', port, '-n', people, *load.arguments(),
               *(['-q'] if leave else [])]
    busy, start = busy_time(), time.perf_counter()
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                         timeout=600, check=False)
    if ran.returncode != 0:
        raise Failed(f'{load}: {ran.stderr}')
    reported = json.loads(ran.stdout)
    seconds = reported['seconds']
    if done:
        done()
        seconds = time.perf_counter() - start
    return Sent(reported['messages'], reported['messages'] / seconds,
                (busy_time() - busy) / reported['messages'], reported.get('p50'), reported.get('p99'))


def warm_up(premises, name, run, load, asks):
    """Warm up. Failed if the directory is queried and should not be, or the reverse."""
    asked = premises.asked(lambda: run(load))
    if (asked >= load.messages) != asks:
        raise Failed(f'{name}: asked the directory {asked} times for {load.messages} messages')


def wait_empty(folders):
    """Wait until these folders of a queue contain no file."""
    end = time.monotonic() + PATIENCE
    while any(file for folder in folders for file in os.scandir(folder)):
        if time.monotonic() > end:
            raise Failed(f'mail is still in {folders}')
        time.sleep(0.002)


class Log:
    """The lines that an MTA logs from now on; they may arrive late."""

    def __init__(self, path):
        self._path = path
        self._start = path.stat().st_size if path.exists() else 0

    def wait_reported(self, pattern, count):
        """Wait until this many lines match; Failed if they never do."""
        reported = re.compile(pattern.encode(), re.M)
        try:
            wait_for(lambda: len(reported.findall(self.read())) >= count, 10)
        except TimeoutError:
            raise Failed(f'{len(reported.findall(self.read()))} times, not {count}: {pattern}\n'
                         + self.read()[-2000:].decode(errors='replace')) from None

    def read(self):
        with self._path.open('rb') as log:
            log.seek(self._start)
            return log.read()


def busy_time():
    """Milliseconds of work of all processors."""
    first = Path('/proc/stat').read_text(encoding='ascii').splitlines()[0]
    user, nice, system, _, _, interrupts, soft, *_ = map(int, first.split()[1:])
    return (user + nice + system + interrupts + soft) * 1000 / os.sysconf('SC_CLK_TCK')
