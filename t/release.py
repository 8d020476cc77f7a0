"""release.py RELEASE COMMAND...: runs the command in another release of Debian, as root, with the files of
make dist

debootstrap makes that Debian in build/RELEASE/root when it is first needed. Its folder /sdr has the sources,
and keeps its build/ for the next time. It has its own process table and files, and uses this machine's
network.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))

import debian
import paths
from proc import run

# The root folder must be that of the mount namespace, not a chroot: a test that leaves a namespace returns to
# the namespace's root.
INIT = r"""
mount --bind "$root" "$root"
. t/lib/chroot.sh
prepare "$root"
cd "$root"
mount -t sysfs -o ro sysfs sys
# For tests that boot systemd. They skip where the kernel has none.
mount -t cgroup2 cgroup2 sys/fs/cgroup || :
mkdir -p dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -sf pts/ptmx dev/ptmx
pivot_root . .
umount -l .
cd /sdr
exec "$@"
"""


def unpack(source):
    """Extract over the old files: make sees by their times what has changed."""
    source.mkdir(exist_ok=True)
    for path in source.iterdir():
        if path.name != 'build':
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run(['tar', 'xf', debian.tarball(), '--strip-components=1', '--no-same-owner', '-C', source])


def main():
    release, *command = sys.argv[1:]
    root = paths.ROOT / 'build' / release / 'root'
    debian.debootstrapped(root, ['ca-certificates'], release)
    run(['make', '-s', '-C', paths.BUILD, 'dist'], timeout=1800)
    unpack(root / 'sdr')
    os.chdir(paths.ROOT)
    os.execvpe('unshare', ['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child',
                           'sh', '-ec', INIT, 'sh', *command],
               {**debian.QUIET, 'root': str(root)})


if __name__ == '__main__':
    main()
