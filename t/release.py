"""release.py RELEASE COMMAND...: run it in another release of Debian, as root, with what make dist packs

That Debian is what debootstrap makes in build/RELEASE/root when it is first needed; /sdr in there has the
sources, and keeps its build/ for the next time. It has a process table and files of its own, and
this machine's network.

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

# The root folder must be that of the mount namespace, not a chroot: who leaves a namespace, as tests
# do, comes back to the former.
INIT = r"""
mount --bind "$root" "$root"
. t/lib/chroot.sh
prepare "$root"
cd "$root"
mount -t sysfs -o ro sysfs sys
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
    """Over what was there before: make sees what has changed by the times of the files."""
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
