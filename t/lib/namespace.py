"""namespace.py - a private network and private files for one test

Inside, a test has its own loopback interface and the files it was given. This holds only for the thread that
entered and for the processes and threads that it starts.

SPDX-License-Identifier: BSD-2-Clause
"""
import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

from proc import run

CLONE_FS, CLONE_NEWNS, CLONE_NEWNET = 0x200, 0x20000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    """A context manager."""

    def __init__(self, folder, network=True):
        """folder: for the files that replace others; without a private network there are only those"""
        self.folder = Path(folder)
        self._network = network
        self._outside = []
        self._numbers = iter(range(1000))

    def __enter__(self):
        self._outside = [os.open(f'/proc/thread-self/ns/{kind}', os.O_RDONLY)
                         for kind in ('mnt', 'net')]
        self._outside.append(os.open('.', os.O_RDONLY))
        call(_libc.unshare, CLONE_FS | CLONE_NEWNS | (CLONE_NEWNET if self._network else 0))
        run(['mount', '--make-rprivate', '/'])
        # If the network is not our own, the interface is up already.
        with socket.socket() as s:
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))
        return self

    def __exit__(self, *_):
        mounts, network, folder = self._outside
        # A thread that was started inside may still be ending.
        call(_libc.unshare, CLONE_FS)
        call(_libc.setns, mounts, 0)
        call(_libc.setns, network, 0)
        os.fchdir(folder)
        for fd in self._outside:
            os.close(fd)

    def write(self, path, text):
        """Inside, this file, which exists outside, has this text."""
        stand_in = self.folder / f'{next(self._numbers)}{Path(path).name}'
        stand_in.write_text(text)
        stand_in.chmod(0o644)
        run(['mount', '--bind', stand_in, path])
