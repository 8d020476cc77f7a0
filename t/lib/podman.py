"""podman.py - a machine that runs containers

Debian with podman, in a folder below build/podman/ that debootstrap fills once. It has its own namespaces:
mounts, processes and, except while images are built, network.

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import subprocess
from pathlib import Path

import paths
from debian import QUIET, mirror
from proc import run, wait_for

FOLDER = paths.ROOT / 'build/podman'  # not build/container: make dist would take it for container/
# Debian 12's podman-compose does not know the option pid.
RELEASE = 'trixie'
INSTALLED = ('aardvark-dns ca-certificates iproute2 iptables netavark nftables openssl podman '
             'podman-compose python3 runc systemd-standalone-sysusers')
DEBIAN = 'docker.io/library/debian:bookworm-slim'
# We may neither raise limits nor limit anything by control groups. crun tries both.
CONFIGURATION = {
    'policy.json': '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    'containers.conf': """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
pids_limit = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
""",
    'storage.conf': """\
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
""",
}
ENVIRONMENT = {**QUIET, 'BUILDAH_ISOLATION': 'chroot'}
INIT = r"""
set -e
cd "$ROOT"
mount --bind . .
cd "$ROOT"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do : >dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/shm dev/pts outside
mount -t tmpfs tmpfs dev/shm
mount -t devpts devpts dev/pts
ln -s /proc/self/fd dev/fd
for name in stdin stdout stderr; do ln -s fd/$((n)) dev/$name; n=$((n + 1)); done
[ -z "$LOOPBACK" ] || ip link set lo up
pivot_root . outside
umount -l outside
rmdir outside
exec sleep infinity
"""


def debootstrap(folder, release, uri, packages=''):
    """Fill the folder once; the stamp is written last."""
    stamp = folder.with_suffix('.stamp')
    if stamp.exists() and stamp.read_text() == packages:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    include = [f'--include={packages.replace(" ", ",")}'] if packages else []
    run(['debootstrap', '--variant=minbase', *include, release, folder, uri], timeout=3600, env=QUIET)
    stamp.write_text(packages)


class Podman:
    """The machine; a context manager."""

    root = FOLDER / 'machine'

    def __init__(self):
        uri, _ = mirror()
        debootstrap(self.root, RELEASE, uri, INSTALLED)
        debootstrap(FOLDER / 'slim', 'bookworm', uri)
        for name, text in CONFIGURATION.items():
            (self.root / 'etc/containers' / name).write_text(text)
        shutil.copy('/etc/resolv.conf', self.root / 'etc/resolv.conf')
        self._init = self._first = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, network=False):
        """network: use the network of this machine."""
        self._init = subprocess.Popen(
            ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--ipc',
             *([] if network else ['--net']), 'sh', '-c', INIT], stdin=subprocess.DEVNULL,
            env={**QUIET, 'ROOT': str(self.root), 'LOOPBACK': '' if network else 'yes', 'n': '0'})
        self._first = wait_for(self._sleeper, what='the machine')
        return self

    def stop(self):
        self._init.kill()
        self._init.wait()

    def _sleeper(self):
        children = Path(f'/proc/{self._init.pid}/task/{self._init.pid}/children').read_text().split()
        if children and Path(f'/proc/{children[0]}/comm').read_text() == 'sleep\n':
            return children[0]
        return None

    def run(self, *argv, ok=(0,), **options):
        return run(['nsenter', '--target', self._first, '--all', *argv], ok=ok, env=ENVIRONMENT,
                   timeout=3600, **options)

    def import_debian(self):
        """Import the base of the other images."""
        if self.run('podman', 'image', 'exists', DEBIAN, ok=(0, 1)).returncode == 0:
            return
        packed = self.root / 'var/tmp/slim.tar'
        run(['tar', '-cf', packed, '-C', FOLDER / 'slim', '.'], timeout=600)
        self.run('podman', 'import', '/var/tmp/slim.tar', DEBIAN)
        packed.unlink()
