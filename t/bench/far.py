"""far.py - a distant directory: t/bench/delay between it and its clients

SPDX-License-Identifier: BSD-2-Clause
"""
import subprocess

import paths
from proc import free_port, listening, wait_for


class Far:
    """A relay to the server at this port, by default without delay."""

    def __init__(self, port):
        self.port = free_port()
        self.uri = f'ldap://127.0.0.1:{self.port}'
        self._process = subprocess.Popen(
            [paths.BUILD / 't/bench/delay', str(self.port), str(port)], stdin=subprocess.PIPE)
        self.set(0)
        wait_for(lambda: listening(self.port), 10, 'the way to the directory')

    def set(self, milliseconds):
        """Set the delay that is added to a round trip from now on."""
        self._process.stdin.write(f'{milliseconds}\n'.encode())
        self._process.stdin.flush()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
