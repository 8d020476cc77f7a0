"""daemon.py - runs our daemons as a service manager would

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import grp
import os
import re
import signal
import socket
from pathlib import Path

import logline
import paths
from proc import PATIENCE, Process, run, wait_for

SANITIZER = re.compile('ERROR: AddressSanitizer|runtime error:|WARNING: ThreadSanitizer|LeakSanitizer')
SANITIZER_OPTIONS = {
    'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0:exitcode=99:verify_asan_link_order=0',
    'UBSAN_OPTIONS': 'print_stacktrace=1:exitcode=99',
    'TSAN_OPTIONS': 'exitcode=99:atexit_sleep_ms=0',
}
RELOADED = re.compile('configuration reloaded|keeping')


def environment():
    """The environment of our programs: options of sanitizers as the tests need them, unless they are set
    already."""
    return {**SANITIZER_OPTIONS, **forgetful(), **os.environ}


@functools.cache
def forgetful():
    """Variables for the environment that hide memory leaked by libldap itself, see forgetful.c."""
    if 'asan' not in paths.BUILD.name:
        return {}
    library = paths.BUILD / 't/forgetful.so'
    source = Path(__file__).with_name('forgetful.c')
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        made = library.with_suffix(f'.{os.getpid()}')
        run(['cc', '-O', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', made, source])
        made.rename(library)
    return {'LD_PRELOAD': str(library)}


def without_leaks():
    return {'ASAN_OPTIONS': environment()['ASAN_OPTIONS'] + ':detect_leaks=0'}


def linked(program):
    """The program itself, not the libtool script in its place, which runs six processes."""
    real = program.parent / '.libs' / program.name
    return real if real.exists() else program


def assert_clean(text):
    """Assert that no sanitizer has reported an error."""
    assert not SANITIZER.search(text), text


class Daemon:
    """A daemon that runs as user sdr; derived classes say which one."""

    program = None  # below the build folder
    user = 'sdr'
    groups = ()     # in addition to sdr
    limits = ()     # options of prlimit(1)
    leaks = True    # look for leaks at its end: that takes a thread

    def __init__(self, folder, conf_text):
        self.folder = Path(folder)
        self.name = Path(self.program).name
        self.conf = self.folder / 'sdr.conf'
        self.log_file = self.folder / f'{self.name}.log'
        self._process = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure(conf_text)

    def configure(self, conf_text):
        """Write sdr.conf; a running daemon reads it at reload()."""
        self.conf.write_text(conf_text, encoding='utf-8')
        self.conf.chmod(0o644)

    def start(self, *options):
        """Start it, and wait until it reports that it is ready."""
        path = str(self.folder / 'notify')
        Path(path).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.setblocking(False)
            os.chmod(path, 0o666)
            self.launch(*options, NOTIFY_SOCKET=path)
            self._process.wait_ready(lambda: b'READY=1' in received(notify))
        return self

    def launch(self, *options, **environ):
        """Start without waiting, if the start is expected to fail; see wait()."""
        self.log_file.touch()
        journal = self.log_file.stat()
        self._process = Process(
            [*(['prlimit', *self.limits] if self.limits else []),
             linked(paths.BUILD / self.program), '-c', self.conf, *options], self.log_file,
            env={**environment(), 'LD_LIBRARY_PATH': str(paths.BUILD / 'common/.libs'),
                 'JOURNAL_STREAM': f'{journal.st_dev}:{journal.st_ino}',
                 **({} if self.leaks else without_leaks()), **environ},
            user=self.user, group='sdr',
            extra_groups=[grp.getgrnam(name).gr_gid for name in self.groups])

    def wait(self, seconds=PATIENCE):
        """Wait until it ends by itself, and return its exit code."""
        status = self._process.wait(seconds)
        self._process = None
        return status

    def reload(self, number=signal.SIGUSR1):
        """Reload by this signal. Returns the log lines up to the one with the result."""
        before = len(self.log())
        self._process.signal(number)
        wait_for(lambda: RELOADED.search(self.log()[before:]), what='reload of the configuration')
        return self.log()[before:]

    def stop(self):
        """Stop it; AssertionError unless it ends cleanly. Does nothing if it does not run."""
        if self.alive():
            status = self._process.stop()
            assert status == 0, f'{self.name}: exit {status}\n{self.log()}'
        assert_clean(self.log())
        logline.decisions(self.log())

    def close(self):
        """For fixtures: like stop(), but it is also an error if the daemon has ended by itself."""
        if self._process and self._process.returncode not in (None, 0, -signal.SIGKILL):
            raise AssertionError(f'{self.name}: exit {self._process.returncode}\n{self.log()}')
        self.stop()

    def signal(self, number):
        self._process.signal(number)

    def kill(self):
        self._process.kill()

    def freeze(self):
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return bool(self._process) and self._process.alive()

    def log(self):
        """Everything it wrote, '<N>' priorities included."""
        if not self.log_file.exists():
            return ''
        return self.log_file.read_text(encoding='utf-8', errors='replace')

    def lines(self, needle=''):
        """The log lines that contain this text."""
        return [line for line in self.log().splitlines() if needle in line]


def received(notify):
    try:
        return notify.recv(4096)
    except BlockingIOError:
        return b''
