"""bases.py - machines with Debian's own mail servers, installed by apt

debootstrap makes build/worlds/debian; build/worlds/NAME is a layer over it with everything that apt has added
or changed when it installed one of the mail servers. Both are made when they are first needed. Only the
packages' own questions (debconf) are answered.

SPDX-License-Identifier: BSD-2-Clause
"""
import fcntl
import shutil
import subprocess
from pathlib import Path

import debian
import paths

FOLDER = paths.ROOT / 'build/worlds'
INIT = Path(__file__).with_name('install')
# name: (packages, answers to their questions)
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
    # For t/package/test_boot.py: also what a host needs to boot.
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
    """The folders of this base, the uppermost first. Makes them if they do not exist."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / 'lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        below = ['ca-certificates', 'systemd', *debian.libraries()]
        debian.debootstrapped(FOLDER / 'debian', below)
        packages, answers = BASES[name]
        debian.made(FOLDER / name, f'{below}{packages}{answers}',
                    lambda folder: install(folder, packages, answers))
    return [FOLDER / name, FOLDER / 'debian']


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
