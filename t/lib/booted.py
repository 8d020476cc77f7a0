"""booted.py - a machine of debian.py whose first process is systemd

It is in namespaces of its own, mounts, processes and control groups among them,
so that units run as they do on a real machine. What it may not do to this one:
/proc/sys and /sys are read-only, and it has the usual devices alone.

SPDX-License-Identifier: BSD-2-Clause
"""
import subprocess
import tempfile
from pathlib import Path

from debian import QUIET, Machine
from proc import run, wait_for

DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
# Enough to start services; none of the machine's own is started.
TARGET = 'sysinit.target'
INIT = r"""
set -e
echo $$ >"$GROUP/cgroup.procs"
exec unshare --cgroup sh -ec '
    cd "$ROOT"
    mount --bind . .
    cd "$ROOT"
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t tmpfs tmpfs run
    mount -t tmpfs tmpfs tmp
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs tmpfs sys/fs/cgroup
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs dev
    for name in $DEVICES; do : >dev/$name; mount --bind /dev/$name dev/$name; done
    mkdir dev/shm dev/pts outside
    mount -t devpts devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    pivot_root . outside
    umount -l outside
    rmdir outside
    exec env -i container=sdr-test /lib/systemd/systemd --system --unit=$TARGET \
        --log-target=null --show-status=no
'
"""


def control_groups():
    """The folder of those of version 2 on this machine; None if there is none to write to."""
    for line in Path('/proc/thread-self/mounts').read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        if kind == 'cgroup2' and options.startswith('rw'):
            return Path(folder)
    return None


class Booted(Machine):
    """A Machine that runs; a context manager."""

    def __enter__(self):
        self._group = Path(tempfile.mkdtemp(prefix='sdr-test-', dir=control_groups()))
        run(['umount', self.root / 'proc'])
        with open(self.root.with_name('systemd.log'), 'wb') as log:
            self._init = subprocess.Popen(
                ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc',
                 'sh', '-c', INIT], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**QUIET, 'ROOT': str(self.root), 'GROUP': str(self._group), 'TARGET': TARGET,
                     'DEVICES': ' '.join(DEVICES)})
        wait_for(self._is_up, 60, 'systemd')
        return self

    def __exit__(self, *_):
        self._init.kill()
        self._init.wait()
        for folder in sorted(self._group.rglob('*/'), reverse=True):
            wait_for(lambda folder=folder: self._gone(folder), 10, folder)
        wait_for(lambda: self._gone(self._group), 10, self._group)

    @staticmethod
    def _gone(folder):
        """A control group can be removed once its last process has ended."""
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _is_up(self):
        if self._init.poll() is not None:
            raise RuntimeError(self.root.with_name('systemd.log').read_text())
        self._first = self._first_process()
        return self._first and self.run('systemctl', 'is-active', TARGET, ok=range(256)).stdout == 'active\n'

    def _first_process(self):
        """systemd's number on this machine, or None."""
        children = Path(f'/proc/{self._init.pid}/task/{self._init.pid}/children').read_text().split()
        if children and Path(f'/proc/{children[0]}/comm').read_text() == 'systemd\n':
            return children[0]
        return None

    def run(self, *argv, user=None, ok=(0,)):
        who = ['runuser', '-u', user, '--'] if user else []
        return run(['nsenter', '--target', self._first, '--all', *who, *argv], ok=ok, env=QUIET)

    def main_process(self, service):
        """Its number; None if it does not run."""
        shown = self.run('systemctl', 'show', '--property', 'ActiveState,MainPID', service).stdout
        state = dict(line.split('=') for line in shown.splitlines())
        return state['MainPID'] if state['ActiveState'] == 'active' else None

    def processes(self, name):
        """The numbers of all that have this name, whoever has started them."""
        # One that ends while grep looks makes it complain.
        found = self.run('sh', '-c', 'grep -slx "$0" /proc/[0-9]*/comm', name, ok=(0, 1, 2)).stdout
        return [path.split('/')[2] for path in found.splitlines()]
