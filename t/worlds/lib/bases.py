"""bases.py - machines on which Debian's own mail servers have been installed, by apt

build/worlds/debian is what debootstrap makes; build/worlds/NAME is a layer over it with
all that apt has added or changed when it installed one of the mail servers. Both are made
when they are first needed. Nothing is configured but what the packages ask (debconf).

SPDX-License-Identifier: BSD-2-Clause
"""
import fcntl
import shutil
import subprocess
from pathlib import Path

import debian
import paths
from proc import run

FOLDER = paths.ROOT / 'build/worlds'
INIT = Path(__file__).with_name('install')
# All that our programs need; their -dev packages stay outside.
LIBRARIES = ('libc-ares2 libgnutls30 libgssapi-krb5-2 libidn2-0 libini-config5 libjansson4 libmilter1.0.1 '
             'libldap-2.5-0 liblmdb0 libsmartcols1 libunistring2')
DEBIAN = ('systemd', 'ca-certificates', *LIBRARIES.split())

# name: (packages, answers to what they ask)
BASES = {
    'postfix': ('postfix postfix-pcre dovecot-lmtpd', """\
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string mx.example.com
"""),
    'exim': ('exim4-daemon-heavy', """\
exim4-config exim4/dc_eximconfig_configtype select internet site; mail is sent and received directly using SMTP
exim4-config exim4/mailname string mx.example.com
exim4-config exim4/dc_other_hostnames string mx.example.com
exim4-config exim4/dc_local_interfaces string
"""),
    'sendmail': ('sendmail-bin sensible-mda procmail make', ''),
    # Of t/boot: what a host that boots needs besides.
    'boot': ('systemd-sysv dbus postfix slapd ldap-utils', """\
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string mx.example.com
slapd slapd/domain string example.com
slapd shared/organization string Example
slapd slapd/password1 password admin
slapd slapd/password2 password admin
"""),
}


def layers(name):
    """The folders of this base, the uppermost first. Made now if they are not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / 'lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made('debian', ' '.join(DEBIAN), debootstrap)
        packages, answers = BASES[name]
        made(name, packages + answers, lambda folder: install(folder, packages, answers))
    return [FOLDER / name, FOLDER / 'debian']


def made(name, recipe, make):
    """The stamp is written last, and says how it was made."""
    stamp = FOLDER / f'{name}.stamp'
    if stamp.exists() and stamp.read_text() == recipe:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    make(FOLDER / name)
    stamp.write_text(recipe)


def debootstrap(folder):
    uri, release = debian.mirror()
    run(['debootstrap', '--variant=minbase', f'--include={",".join(DEBIAN)}', release, folder, uri],
        timeout=3600, env=debian.QUIET)
    for deb in (folder / 'var/cache/apt/archives').glob('*.deb'):
        deb.unlink()


def install(folder, packages, answers):
    for path in (folder, FOLDER / 'work', FOLDER / 'root'):
        path.mkdir(exist_ok=True)
    try:
        done = subprocess.run(['unshare', '-m', '-u', '-i', '-p', '-f', 'sh', '-e', INIT, FOLDER, folder.name,
                               *packages.split()], input=answers, env=debian.QUIET, text=True, timeout=3600,
                              capture_output=True, check=False)
    finally:
        shutil.rmtree(FOLDER / 'work')
    if done.returncode:
        raise RuntimeError(f'{packages}: {done.stdout}{done.stderr}')
