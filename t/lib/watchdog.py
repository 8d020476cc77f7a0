"""watchdog.py - the watchdog messages of a daemon to systemd

SPDX-License-Identifier: BSD-2-Clause
"""
import socket
import threading
import time
from pathlib import Path

from proc import wait_for

SECONDS = 30  # as WatchdogSec in sdr-milter.service


class Watchdog:
    """environment: for the daemon. beats: the number of watchdog messages so far."""

    def __init__(self, folder, seconds=SECONDS):
        path = Path(folder) / 'watchdog'
        self.environment = {'NOTIFY_SOCKET': str(path), 'WATCHDOG_USEC': str(seconds * 1000000)}
        self.beats = 0
        self.ready = threading.Event()
        self._seconds = seconds
        self._longest = 0.0
        self._last = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _listen(self):
        while word := self._socket.recv(100):
            now = time.monotonic()
            if word.startswith(b'READY=1'):
                self._last = now
                self.ready.set()
            elif word == b'WATCHDOG=1':
                self._longest = max(self._longest, now - self._last)
                self._last = now
                self.beats += 1

    def wait(self, beats):
        """Wait for this many more watchdog messages."""
        goal = self.beats + beats
        wait_for(lambda: self.beats >= goal, (beats + 1) * self._seconds, f'{beats} signs of life')

    def was_fed(self):
        """Assert that systemd would not have killed the daemon."""
        return max(self._longest, time.monotonic() - self._last) < self._seconds
