"""debianexim.py - Exim as Debian configures it, with only what doc/install.md adds for sdr

SPDX-License-Identifier: BSD-2-Clause
"""
import email
import re
import shutil
from collections import Counter
from dataclasses import dataclass

from exim import SERVER, SNIPPETS, SO, Exim
from mta import INSIDER
from proc import run

# update-exim4.conf.conf: the answers of an administrator to debconf.
ANSWERS = """\
dc_eximconfig_configtype='{world.type}'
dc_other_hostnames='{world.local}'
dc_local_interfaces='127.0.0.1.{port}'
dc_relay_domains='{world.relay}'
dc_relay_nets='{insider}'
dc_smarthost='{smarthost}'
dc_use_split_config='{split}'
dc_localdelivery='maildir_home'
CFILEMODE='644'
"""

# Debian's macros for paths, and for settings that this machine must not decide.
MACROS = """\
CONFDIR = {etc}
SPOOLDIR = {folder}/spool
MAIN_QUALIFY_DOMAIN = onprem.test
MAIN_HARDCODE_PRIMARY_HOSTNAME = onprem.test
MAIN_HOST_LOOKUP =
MAIN_KEEP_ENVIRONMENT = ASAN_OPTIONS : UBSAN_OPTIONS
MAILDIR_HOME_MAILDIR_LOCATION = {folder}/mail/$local_part_data
MAILDIR_HOME_CREATE_DIRECTORY = true
MAILDIR_HOME_CREATE_FILE = anywhere
CHECK_RCPT_VERIFY_SENDER = true
log_file_path = {folder}/log/%s
"""


@dataclass(frozen=True)
class World:
    """Possible answers of an administrator. {sink}: the next machine."""
    type: str
    local: str = ''
    relay: str = ''
    hubbed: str = ''     # more lines in hubbed_hosts
    smarthost: str = ''


OURS = 'example.com : onprem.example.com'
# The test machine asks no name server: other domains are in hubbed_hosts, too, unless a smarthost takes them.
ELSEWHERE = 'hosted.example.com: {sink}\noutside.test: {sink}\nelsewhere.test: {sink}\n'
WORLDS = {
    # the mailboxes are here
    'internet': World('internet', local=OURS, hubbed=ELSEWHERE),
    'smarthost': World('smarthost', local=OURS, smarthost='{sink}'),
    # they are on another machine behind this one
    'hubbed': World('internet', relay=OURS, hubbed='example.com: {sink}\n' + ELSEWHERE),
    'hubbed smarthost': World('smarthost', relay=OURS, hubbed='example.com: {sink}\n',
                              smarthost='{sink}'),
    'satellite': World('satellite', relay=OURS, smarthost='{sink}'),
}


class DebianExim(Exim):
    """
    Uses the files of Debian's packages, in a folder instead of /etc/exim4, with Maildirs below mail/ and
    .forward files below home/. The sink plays the other machines.
    """

    def __init__(self, folder, sink, conf, *, split, world='internet', rewrite='', lists='',
                 acl='', macros=''):
        """
        sink     a Sink whose address is not 127.0.0.1; or its port, if nothing is sent
        split    one file for each router, or one for all
        world    one of WORLDS
        rewrite  rules
        lists    a router that comes before those of sdr
        acl      more ACLs; macros: more macros, which may redefine others
        """
        self.split = split
        self.world = WORLDS[world]
        self._sink = sink if isinstance(sink, int) else f'{sink.address}::{sink.port}'
        self._rewrite, self._lists = rewrite, lists
        self._acl, self._more_macros = acl, macros
        self.aliases = {'postmaster': 'root', 'root': 'daemon@example.com'}
        super().__init__(folder, sink, conf)
        mail = self.folder / 'mail'
        mail.mkdir()
        mail.chmod(0o1777)

    @property
    def mailboxes_here(self):
        return bool(self.world.local)

    # --- mail ---

    def forward(self, user, text):
        """Write the .forward file of a user."""
        path = self.folder / 'home' / user
        path.mkdir(parents=True)
        (path / '.forward').write_text(text)
        shutil.chown(path, user)
        shutil.chown(path / '.forward', user)

    def mailboxes(self, message_id):
        """Counter of the copies of this message in each user's mailbox."""
        found = Counter()
        for path in self.folder.glob('mail/*/new/*'):
            if email.message_from_bytes(path.read_bytes())['Message-ID'] == f'<{message_id}>':
                found[path.parts[-3]] += 1
        return found

    # --- setup ---

    def configure(self):
        self._etc = self.folder / 'etc'
        shutil.copytree(SERVER / 'etc/exim4', self._etc)
        for path in self._etc.rglob('*'):
            if path.is_file():
                self._edit(path, '/usr/sbin/exim4', str(self.program))
                self._edit(path, '$home/.forward', f'{self.folder}/home/$local_part_data/.forward')
                for name in ('aliases', 'email-addresses'):
                    self._edit(path, f'/etc/{name}', str(self._etc / name))
        (self._etc / 'aliases').write_text(
            ''.join(f'{name}: {data}\n' for name, data in self.aliases.items()))
        (self._etc / 'email-addresses').touch()
        if self.world.hubbed:
            (self._etc / 'hubbed_hosts').write_text(self.world.hubbed.format(sink=self._sink))
        (self._etc / 'update-exim4.conf.conf').write_text(ANSWERS.format(
            world=self.world, port=self.port, insider=INSIDER, split=str(self.split).lower(),
            smarthost=self.world.smarthost.format(sink=self._sink)))
        self._install()
        self._update()

    def _install(self):
        """Execute step 8 of doc/install.md."""
        macros = self._snippet('sdr-macros')
        for name, value in [('SDR_SO', SO), ('SDR_CONF', self._conf)]:
            macros = re.sub(f'^{name} = .*', f'{name} = {value}', macros, flags=re.M)
        macros += MACROS.format(etc=self._etc, folder=self.folder) + self._more_macros
        sections = {'routers': self._snippet('sdr-router'),
                    'acl': self._snippet('sdr-rcpt-acl') + self._snippet('sdr-data-acl')
                    + self._acl,
                    'rewrite': self._rewrite}
        if self.split:
            (self._etc / 'conf.d/router/110_lists').write_text(self._lists)
            (self._etc / 'conf.d/main/000_sdr').write_text(macros)
            for name, text in sections.items():
                folder = {'routers': 'router/120_sdr', 'acl': 'acl/25_sdr', 'rewrite': 'rewrite/20_ours'}
                (self._etc / 'conf.d' / folder[name]).write_text(text)
            return
        (self._etc / 'exim4.conf.localmacros').write_text(macros)
        sections['routers'] = self._lists + sections['routers']
        for name, text in sections.items():
            begin = f'\nbegin {name}\n'
            self._edit(self._etc / 'exim4.conf.template', begin, begin + text)

    def _update(self):
        """Make the configuration with Debian's own script."""
        script = self.folder / 'update-exim4.conf'
        shutil.copy(SERVER / 'usr/sbin/update-exim4.conf', script)
        for ours, theirs in [(self._etc, '/etc/exim4'), (self.program, '/usr/sbin/exim4'),
                             (self.folder / 'mailname', '/etc/mailname')]:
            self._edit(script, theirs, str(ours))
        (self.folder / 'mailname').write_text('onprem.test\n')
        run(['/bin/sh', script, '-o', self._file])

    @staticmethod
    def _snippet(name):
        return (SNIPPETS / name).read_text()

    @staticmethod
    def _edit(path, old, new):
        path.write_text(path.read_text().replace(old, new))
