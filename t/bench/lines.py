"""lines.py - programs that read queries from standard input

SPDX-License-Identifier: BSD-2-Clause
"""
import subprocess
import time
from itertools import cycle, islice

import turns

RATE = 5000  # lines for a process, for each second of a turn
LEAST = 1000  # in a shorter time its start would dominate
PROCESSES = 10


class Lines:
    """A process of another product that answers each line with a line."""

    def __init__(self, command, env, lines):
        self._command, self._env = command, env
        lines = list(islice(cycle(lines), max(LEAST, int(RATE * turns.SECONDS))))
        self._few, self._many = lines[:1], lines
        self._seconds(self._few)  # read from the disk

    def each(self):
        """Microseconds for each query except the first."""
        few = min(self._seconds(self._few) for _ in range(3))
        many = self._seconds(self._many)
        return (many - few) / (len(self._many) - len(self._few)) * 1e6

    def one(self):
        """Mean milliseconds from its start to its end with one query."""
        return sum(self._seconds(self._few) for _ in range(PROCESSES)) / PROCESSES * 1e3

    def _seconds(self, lines):
        start = time.perf_counter()
        done = subprocess.run(self._command, input='\n'.join([*lines, '']), env=self._env,
                              capture_output=True, text=True, timeout=120, check=True)
        seconds = time.perf_counter() - start
        assert done.stdout.count('@hosted.example.com') == len(lines), done.stdout[:500]
        return seconds
