"""debianexim.py - Exim as Debian configures it, with sdr as exim-sdr(7) says

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil

from exim import SERVER, SNIPPETS, SO, Exim
from mta import INSIDER
from proc import run

# update-exim4.conf.conf: what debconf asks an administrator.
ANSWERS = """\
dc_eximconfig_configtype='internet'
dc_other_hostnames='{local}'
dc_local_interfaces='127.0.0.1.{port}'
dc_relay_domains='{relay}'
dc_relay_nets='{insider}'
dc_use_split_config='{split}'
dc_localdelivery='sink'
CFILEMODE='644'
"""

# The rest of what this machine must not be asked, and where things are.
MACROS = """\
CONFDIR = {etc}
SPOOLDIR = {folder}/spool
MAIN_QUALIFY_DOMAIN = onprem.test
MAIN_HARDCODE_PRIMARY_HOSTNAME = onprem.test
MAIN_HOST_LOOKUP =
MAIN_KEEP_ENVIRONMENT = ASAN_OPTIONS : UBSAN_OPTIONS
CHECK_RCPT_VERIFY_SENDER = true
log_file_path = {folder}/log/%s
rfc1413_hosts =
"""
ROUTER = """\
to_sink:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 127.0.0.1::{sink_port} byname
  self = send
  transport = sink
"""
TRANSPORT = """\
sink:
  driver = smtp
  hosts = 127.0.0.1
  port = {sink_port}
  allow_localhost
  hosts_try_chunking =
"""


class DebianExim(Exim):
    """
    Everything from Debian's packages, in a folder instead of /etc/exim4: the mailboxes (transport
    sink instead of mail_spool) and all other domains are at the sink.
    """

    def __init__(self, folder, sink_port, conf, *, split, mailboxes_here=True):
        """
        split           one file for each router, or one for all
        mailboxes_here  those of example.com are this machine's users, or behind it
        """
        self._split = split
        self._here = mailboxes_here
        super().__init__(folder, sink_port, conf)

    def configure(self):
        self._etc = self.folder / 'etc'
        shutil.copytree(SERVER / 'etc/exim4', self._etc)
        for path in self._etc.rglob('*'):
            if path.is_file():
                self._edit(path, '/usr/sbin/exim4', str(self.program))
                for name in ('aliases', 'email-addresses'):
                    self._edit(path, f'/etc/{name}', str(self._etc / name))
        (self._etc / 'aliases').write_text('postmaster: root\nroot: daemon@example.com\n'
                                           'team: alice@example.com, daemon@example.com\n')
        (self._etc / 'email-addresses').touch()
        domains = {True: ('example.com', 'onprem.example.com'),
                   False: ('', 'example.com : onprem.example.com')}[self._here]
        (self._etc / 'update-exim4.conf.conf').write_text(ANSWERS.format(
            local=domains[0], relay=domains[1], port=self.port, insider=INSIDER,
            split=str(self._split).lower()))
        self._install()
        self._update()

    def _install(self):
        macros = self._snippet('sdr-macros')
        for name, value in [('SDR_SO', SO), ('SDR_CONF', self._conf)]:
            macros = re.sub(f'^{name} = .*', f'{name} = {value}', macros, flags=re.M)
        macros += MACROS.format(etc=self._etc, folder=self.folder)
        router, acl = self._snippet('sdr-router'), self._snippet('sdr-rcpt-acl')
        to_sink, transport = (text.format(sink_port=self._sink_port) for text in (ROUTER, TRANSPORT))
        if self._split:
            for path, text in [('main/000_sdr', macros), ('router/120_sdr', router),
                               ('acl/25_sdr', acl), ('router/130_to_sink', to_sink),
                               ('transport/25_sink', transport)]:
                (self._etc / 'conf.d' / path).write_text(text)
            return
        (self._etc / 'exim4.conf.localmacros').write_text(macros)
        for section, text in [('routers', router + to_sink), ('acl', acl), ('transports', transport)]:
            begin = f'\nbegin {section}\n'
            self._edit(self._etc / 'exim4.conf.template', begin, begin + text)

    def _update(self):
        """With Debian's own script."""
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
