"""booted.py - a machine of debian.py whose first process is systemd

It has its own namespaces for mounts, processes, control groups and so on, so units run as on a real machine.
To protect this machine, /proc/sys and /sys are read-only, and only the usual devices exist.

SPDX-License-Identifier: BSD-2-Clause
"""
import signal
import subprocess
import tempfile
from pathlib import Path

from debian import QUIET, Machine
from proc import run, wait_for

DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
# Enough to start services; starts none of the machine's own.
SERVICES_CAN_START = 'sysinit.target'
# A complete boot: starts all enabled units, in the order that they require.
ALL_ENABLED = 'multi-user.target'
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
    cat proc/sys/kernel/random/uuid >run/boot_id
    mount --bind run/boot_id proc/sys/kernel/random/boot_id
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
        --log-target=journal-or-kmsg --show-status=no
'
"""


def lay_over(folder, layers):
    """Lay these folders over each other; what is written stays in memory. Returns the root folder."""
    folder.mkdir()
    run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder])
    for name in ('upper', 'work', 'root'):
        (folder / name).mkdir(mode=0o755)
    run(['mount', '-t', 'overlay', 'overlay', '-o', f'lowerdir={":".join(map(str, layers))},'
         f'upperdir={folder}/upper,workdir={folder}/work', folder / 'root'])
    return folder / 'root'


def control_groups():
    """This machine's folder of control groups, version 2; None if there is none that we can write to."""
    for line in Path('/proc/thread-self/mounts').read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        if kind == 'cgroup2' and options.startswith('rw'):
            return Path(folder)
    return None


class Booted(Machine):
    """A running Machine; a context manager."""

    def __init__(self, folder, layers=(), target=SERVICES_CAN_START):
        """
        layers  the folders that form its root, the uppermost first; by default make_base()'s
        target  the systemd target to boot
        """
        self._target = target
        self._init = self._first = self._group = None
        if layers:
            self.root = lay_over(Path(folder), layers)
        else:
            super().__init__(folder)
            run(['umount', self.root / 'proc'])

    def __enter__(self):
        self.power_on()
        try:
            wait_for(self.is_up, 300, self._target)
        except BaseException:
            self._init.kill()
            raise
        return self

    def __exit__(self, *_):
        self._init.kill()
        self._clean_up()

    def power_on(self):
        """Returns as soon as systemd runs: is_up() comes later."""
        self._group = Path(tempfile.mkdtemp(prefix='sdr-test-', dir=control_groups()))
        with open(self.root.with_name('systemd.log'), 'wb') as log:
            self._init = subprocess.Popen(
                ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc',
                 'sh', '-c', INIT], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**QUIET, 'ROOT': str(self.root), 'GROUP': str(self._group),
                     'TARGET': self._target, 'DEVICES': ' '.join(DEVICES)})
        self._first = wait_for(self._first_process, what='systemd')

    def shut_down(self):
        """Run systemctl reboot. Afterwards call power_on() or leave the context."""
        # The reboot may kill systemctl before it ends.
        self.run('systemctl', 'reboot', ok=range(-64, 256))
        wait_for(lambda: self._init.poll() is not None, 300, 'the end of the machine')
        # The kernel reports this when the first process asks for a reboot.
        assert self._init.returncode == -signal.SIGHUP
        self._clean_up()

    def _clean_up(self):
        self._init.wait()
        for folder in sorted(self._group.rglob('*/'), reverse=True):
            wait_for(lambda folder=folder: self._gone(folder), 10, folder)
        wait_for(lambda: self._gone(self._group), 10, self._group)

    @staticmethod
    def _gone(folder):
        """A control group cannot be removed before its last process has ended."""
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def is_up(self):
        return self.run('systemctl', 'is-active', self._target, ok=range(256)).stdout == 'active\n'

    def _first_process(self):
        """The process ID of its systemd on this machine, or None."""
        if self._init.poll() is not None:
            raise RuntimeError(self.root.with_name('systemd.log').read_text())
        children = Path(f'/proc/{self._init.pid}/task/{self._init.pid}/children').read_text().split()
        if children and Path(f'/proc/{children[0]}/comm').read_text() == 'systemd\n':
            return children[0]
        return None

    def run(self, *argv, user=None, ok=(0,)):
        who = ['runuser', '-u', user, '--'] if user else []
        # Installing packages and starting units takes long on a busy machine.
        return run(['nsenter', '--target', self._first, '--all', *who, *argv], ok=ok, env=QUIET, timeout=600)

    def main_process(self, service):
        """The process ID of the unit; None if it does not run."""
        shown = self.run('systemctl', 'show', '--property', 'ActiveState,MainPID', service).stdout
        state = dict(line.split('=') for line in shown.splitlines())
        return state['MainPID'] if state['ActiveState'] == 'active' else None

    def processes(self, name):
        """The process IDs of all processes with this name."""
        # grep reports an error if a process ends while it reads.
        found = self.run('sh', '-c', 'grep -slx "$0" /proc/[0-9]*/comm', name, ok=(0, 1, 2)).stdout
        return [path.split('/')[2] for path in found.splitlines()]
