"""proc.py - child processes, ports, bounded waiting

Every process is held by its handle: a process id read from a file may belong
to another process by now.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections import deque
from pathlib import Path


# Workers that run at the same time use different ports.
_worker = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])
_workers = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 1))
_given = deque(maxlen=1000)


# Seconds. A lower limit would be a guess about the load of the machine; a high one costs time only if a test
# fails.
PATIENCE = 180


def wait_for(predicate, seconds=PATIENCE, what='condition'):
    """
    Wait until the predicate is true; returns its value. TimeoutError otherwise, after PATIENCE at least.
    """
    seconds = max(seconds, PATIENCE)
    result = within(seconds, predicate)
    if not result:
        raise TimeoutError(f'{what}: not within {seconds} s')
    return result


def within(seconds, predicate):
    """Wait until the predicate is true or this much time has passed; returns its last value."""
    end = time.monotonic() + seconds
    while True:
        result = predicate()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.01)


def free_port(host='127.0.0.1'):
    """
    Not a port that the kernel assigns to clients: a restarted server must find it free. Not one returned
    recently either: its user may not listen yet.
    """
    for port in random.sample(range(10000 + _worker, 32000, _workers), 100):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind((host, port))
            if port not in _given:
                _given.append(port)
                return port
    raise RuntimeError('no free port')


def listening(port, host='127.0.0.1'):
    """True if a process listens at the port. Does not connect."""
    address = int.from_bytes(socket.inet_aton(host), 'little')
    return f' {address:08X}:{port:04X} 00000000:0000 0A ' in Path('/proc/thread-self/net/tcp').read_text()


def run(argv, *, ok=(0,), timeout=300, **options):
    """Run to the end, within five minutes unless stated otherwise; its CompletedProcess, output as text."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)
    if done.returncode not in ok:
        raise RuntimeError(f'{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}')
    return done


def group_members(pgid):
    """The processes of this group that still run. Zombies do not: their new parent may be slow."""
    # Not '[0-9]*/stat': pathlib would look whether it exists, and fail if the process just ends.
    return [p / 'stat' for p in Path('/proc').glob('[0-9]*') if runs_in(p / 'stat', pgid)]


def runs_in(stat, pgid):
    try:
        state, _, group, *_ = stat.read_text().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(group) == pgid and state != 'Z'


def end_group(pgid, seconds=60):
    """Send SIGTERM to the processes left in this group. One that does not end is killed, and an error is raised."""
    # The last process may end in between.
    with contextlib.suppress(ProcessLookupError):
        if group_members(pgid):
            os.killpg(pgid, signal.SIGTERM)
    try:
        wait_for(lambda: not group_members(pgid), seconds, f'end of process group {pgid}')
    except TimeoutError:
        os.killpg(pgid, signal.SIGKILL)
        raise


def is_stopped(stat):
    try:
        return stat.read_text().rpartition(')')[2].split()[0] in 'TtZ'
    except (FileNotFoundError, ProcessLookupError):
        return True


class Process:
    """A server that is started, watched and stopped through its handle. Its output goes to a file."""

    def __init__(self, argv, log, **options):
        self.log_file = log
        with open(log, 'ab') as out:
            self._popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                           stdout=out, stderr=out, **options)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def returncode(self):
        """None while it runs; -N if signal N ended it."""
        return self._popen.poll()

    def alive(self):
        return self.returncode is None

    def signal(self, number):
        self._popen.send_signal(number)

    def freeze(self):
        """Send SIGSTOP. Returns when none of its threads runs any more."""
        self.signal(signal.SIGSTOP)
        wait_for(lambda: all(is_stopped(task) for task in
                             Path(f'/proc/{self.pid}/task').glob('*/stat')), 10, 'frozen')

    def thaw(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self._popen.kill()
        return self._popen.wait(PATIENCE)

    def wait(self, seconds=PATIENCE):
        return self._popen.wait(seconds)

    def stop(self, seconds=60):
        """Send SIGTERM and return the exit code. A process that does not end is killed, and an error is
        raised."""
        self.thaw()
        self._popen.terminate()
        try:
            wait_for(lambda: not self.alive(), seconds, f'{self._popen.args[0]} stopped')
        except TimeoutError:
            self.kill()
            raise
        return self.returncode

    def wait_ready(self, predicate, seconds=60):
        """Wait until predicate() is true. If the process has ended, raises an error with its log."""
        def ready():
            if not self.alive():
                raise RuntimeError(f'exit {self.returncode}:\n{self.log()}')
            return predicate()
        return wait_for(ready, seconds, f'{self._popen.args[0]} ready')

    def log(self):
        with open(self.log_file, encoding='utf-8', errors='replace') as f:
            return f.read()
