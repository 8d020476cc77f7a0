"""debian.py - our Debian packages, and machines to install them on

A machine is a copy of build/package/base, a folder that debootstrap fills once. Its programs run there by
chroot, without a network.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shutil
from pathlib import Path

import paths
from proc import run

BASE = paths.ROOT / 'build/package/base'
# In addition to the dependencies of our packages: a reader of man pages, and Exim.
INSTALLED = ['ca-certificates', 'exim4-daemon-heavy', 'man-db', 'systemd']
# The build dependencies of our programs, including the optional libmilter.
DEVELOPMENT = ['libc-ares-dev', 'libgnutls28-dev', 'libidn2-dev', 'libini-config-dev', 'libjansson-dev',
               'krb5-multidev', 'libldap-dev', 'liblmdb-dev', 'libmilter-dev', 'libsmartcols-dev',
               'libsasl2-dev', 'libunistring-dev']
QUIET = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'HOME': '/root',
         'DEBIAN_FRONTEND': 'noninteractive'}


# --- the packages ---

def build_packages(folder):
    """Build the packages from the tarball of make dist, as a user with no other access."""
    run(['make', '-s', '-C', paths.BUILD, 'dist'], timeout=1800)
    return build_tarball(tarball(), folder)


def tarball():
    return newest(paths.BUILD.glob('sdr-*.tar.xz'))


def build_tarball(tar, folder, jobs=os.cpu_count(), umask='022', **environ):
    shutil.chown(folder, 'sdr', 'sdr')
    shutil.copy(tar, folder / tar.name.replace('sdr-', 'sdr_').replace('.tar', '.orig.tar'))
    as_sdr(['tar', 'xf', tar], folder)
    # The unit tests run in another step.
    as_sdr(['sh', '-c', f'umask {umask} && exec dpkg-buildpackage --no-sign'], newest(folder.glob('sdr-*/')),
           DEB_BUILD_OPTIONS=f'nocheck terse parallel={jobs}', **environ)
    return folder


def newest(files):
    return max(files, key=os.path.getmtime)


def as_sdr(argv, folder, **environ):
    return run(argv, timeout=1800, cwd=folder, user='sdr', group='sdr', extra_groups=[],
               env={**QUIET, 'HOME': str(folder), **environ})


def field(deb, name):
    return run(['dpkg-deb', '--field', deb, name]).stdout.strip()


def contents(deb):
    """The paths of its files, without folders."""
    lines = run(['dpkg-deb', '--contents', deb]).stdout.splitlines()
    return [line.split()[5].removeprefix('.') for line in lines if not line.startswith('d')]


def newer(deb, folder, suffix):
    """Make a package in the folder with this appended to its version. Returns its path."""
    content = folder / f'{deb.stem}-{suffix}'
    run(['dpkg-deb', '--raw-extract', deb, content])
    control = content / 'DEBIAN/control'
    old = field(deb, 'Version')
    version = old + suffix
    control.write_text(control.read_text().replace(f'Version: {old}\n', f'Version: {version}\n')
                       .replace(f'(= {old})', f'(= {version})'))
    made = folder / f'{field(deb, "Package")}_{version}.deb'
    run(['dpkg-deb', '--build', '--root-owner-group', content, made])
    return made


# --- the machine ---

def mirror():
    """(URI, release) of this machine's own packages."""
    release = dict(line.split('=', 1) for line in Path('/etc/os-release').read_text().splitlines()
                   if '=' in line)['VERSION_CODENAME']
    uris = run(['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages',
                f'Codename: {release}', 'Component: main']).stdout.split()
    return (uris or ['http://deb.debian.org/debian'])[0].rstrip('/'), release


def libraries():
    """The packages of the libraries that our programs need, taken from the build dependencies."""
    depends = run(['dpkg-query', '--show', '--showformat', '${Depends}, ', *DEVELOPMENT]).stdout
    return sorted(set(re.findall(r'\b(lib[^ ,]*(?<!-dev)) \(= ', depends)))


def made(folder, recipe, make):
    """Call make(folder), unless the same recipe has made it already. Writes the stamp last."""
    stamp = folder.with_name(f'{folder.name}.stamp')
    if stamp.exists() and stamp.read_text() == recipe:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    make(folder)
    stamp.write_text(recipe)


# apt installs the packages: debootstrap installs what it includes in one go, and systemd of Debian 13 cannot
# be installed before its libraries are configured. The mounts must end with the script: another attempt
# removes the folder.
BOOTSTRAP = r"""
debootstrap --variant=minbase "$release" "$root" "$uri"
. t/lib/chroot.sh
prepare "$root"
chroot "$root" apt-get -o APT::Sandbox::User=root update
chroot "$root" apt-get -o APT::Sandbox::User=root install -y --no-install-recommends "$@"
chroot "$root" apt-get clean
restore "$root"
"""


def debootstrapped(folder, packages, release=None):
    """Make, once, a Debian with these packages, by default of this machine's release."""
    def debootstrap(target):
        uri, ours = mirror()
        run(['unshare', '--mount', 'sh', '-ec', BOOTSTRAP, 'sh', *packages], timeout=3600, cwd=paths.ROOT,
            env={**QUIET, 'release': release or ours, 'root': str(target), 'uri': uri})
    made(folder, ' '.join(packages), debootstrap)


def make_base():
    debootstrapped(BASE, [*INSTALLED, *libraries()])


class Machine:
    """A fresh copy of make_base(), for callers in a Namespace: nothing is unmounted."""

    def __init__(self, folder):
        self.root = Path(folder)
        run(['cp', '-a', '--reflink=auto', BASE, self.root])
        run(['mount', '-t', 'proc', 'proc', self.root / 'proc'])

    def run(self, *argv, user=None, ok=(0,)):
        """Run a command in the machine; its CompletedProcess. user: with this user's groups."""
        who = ['runuser', '-u', user, '--'] if user else []
        return run(['chroot', self.root, *who, *argv], ok=ok, env=QUIET)

    def install(self, debs):
        """What dpkg has said, as a CompletedProcess."""
        (self.root / 'packages').mkdir()
        for deb in debs:
            shutil.copy(deb, self.root / 'packages')
        done = self.run('sh', '-c', 'dpkg --install /packages/*.deb')
        shutil.rmtree(self.root / 'packages')
        return done

    def write(self, path, text, mode=0o644):
        target = self.root / path.lstrip('/')
        target.write_text(text, encoding='utf-8')
        target.chmod(mode)

    def access(self, path):
        """'root sdr 0640': owner, group and mode, by the names in the machine."""
        return self.run('stat', '--format', '%U %G %04a', path).stdout.strip()

    def files(self):
        """All paths, each with its kind, size, time and link target. Folders have no time."""
        lines = run(['find', self.root, '-xdev', '-printf', r'%P\t%y %s %T@ %l\n']).stdout.splitlines()
        found = dict(line.split('\t', 1) for line in lines)
        return {path: 'd' if what.startswith('d') else what for path, what in found.items()}
