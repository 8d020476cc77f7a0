"""sockets.py - the kernel's list of connections

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import pwd
import socket
import threading
from collections import Counter
from pathlib import Path

ESTABLISHED, SYN_SENT = '01', '02'


def connections(user):
    """The ends (own, other) of this user's TCP connections over IPv4."""
    uid = str(pwd.getpwnam(user).pw_uid)
    rows = [line.split() for line in Path('/proc/thread-self/net/tcp').read_text().splitlines()[1:]]
    return {(row[1], row[2]) for row in rows
            if row[7] == uid and row[3] in (ESTABLISHED, SYN_SENT)}


class Watch:
    """with Watch(user) as watch: the most connections that the user had to a port at a time."""

    def __init__(self, user):
        self._user = user
        self._peaks = Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def peaks(self):
        """Counter: port -> connections since the last call."""
        with self._lock:
            peaks, self._peaks = self._peaks, Counter()
        return peaks

    def _run(self):
        """Reading the kernel's list takes time: a connection in two lists existed in between."""
        before = set()
        while not self._ended.wait(0.01):
            now = connections(self._user)
            with self._lock:
                self._peaks |= Counter(int(other.rpartition(':')[2], 16) for _, other in before & now)
            before = now


def read_exactly(peer, size):
    """b'' if the peer closes before it has sent that much."""
    data = b''
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            return b''
        data += more
    return data


@contextlib.contextmanager
def deaf(port, host='127.0.0.1'):
    """A port that drops every SYN: its backlog is full and no process accepts."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield
