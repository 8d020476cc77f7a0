"""ptrace.py - stops single threads of a process (ptrace(2)), while the others continue

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import ctypes
import os
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
ANY_CHILD = 0x40000000  # __WALL
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def threads_in(pid, *syscalls):
    """The threads that wait in one of these system calls (numbers), in the order of their start."""
    tasks = sorted(int(task.name) for task in Path(f'/proc/{pid}/task').iterdir())
    return [task for task in tasks if Path(f'/proc/{pid}/task/{task}/syscall')
            .read_text().split()[0] in map(str, syscalls)]


def all_waiting(pid, *syscalls):
    """Whether each but the first one waits in one of them."""
    return len(threads_in(pid, *syscalls)) == len(list(Path(f'/proc/{pid}/task').iterdir())) - 1


@contextlib.contextmanager
def stopped(threads):
    for thread in threads:
        _ptrace(SEIZE, thread)
        _ptrace(INTERRUPT, thread)
        os.waitpid(thread, ANY_CHILD)
    try:
        yield
    finally:
        for thread in threads:
            _ptrace(DETACH, thread)
