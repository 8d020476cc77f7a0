"""postfix.py - a private Postfix for one test

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import re
import shutil
from pathlib import Path

import paths
import smtpclient
from mta import INSIDER, POSTFIX, Mta, make_folder
from proc import Process, end_group, run

SERVER = paths.prefix('postfix')
DAEMONS = SERVER / 'usr/lib/postfix/sbin'
LIBRARIES = paths.library_path('postfix')

# folder: owner, group, mode
QUEUE_FOLDERS = {
    **{name: ('postfix', 'root', 0o700)
       for name in ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold',
                    'incoming', 'private', 'saved', 'trace')},
    'maildrop': ('postfix', 'postdrop', 0o730),
    'public': ('postfix', 'postdrop', 0o710),
    'pid': ('root', 'root', 0o755),
    'sdr': ('sdr', 'postfix', 0o750),
}

# The files that Debian's start script copies into the chroot and that smtpd reads.
JAIL_FILES = ['hosts', 'localtime', 'nsswitch.conf', 'resolv.conf', 'services']

MAIN = {
    'compatibility_level': '3.6',
    'command_directory': SERVER / 'usr/sbin',
    'daemon_directory': DAEMONS,
    'sendmail_path': SERVER / 'usr/sbin/sendmail',
    'mail_owner': 'postfix',
    'setgid_group': 'postdrop',
    'import_environment': f'MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE'
                          f' POSTLOG_HOSTNAME LD_LIBRARY_PATH={LIBRARIES}',
    'export_environment': 'TZ MAIL_CONFIG LANG LD_LIBRARY_PATH',
    'maillog_file_prefixes': '/tmp',
    'inet_interfaces': '127.0.0.1',
    'inet_protocols': 'ipv4',
    'myhostname': 'onprem.test',
    'mydestination': '',
    'alias_maps': '',
    'alias_database': '',
    'mynetworks': f'{INSIDER}/32',
    'relay_domains': 'example.com, onprem.example.com',
    'relay_recipient_maps': '',
    # The default of newer releases is "shutdown".
    'milter_default_action': 'tempfail',
    # Otherwise example.com would let outsiders relay to hosted.example.com.
    'parent_domain_matches_subdomains': '',
    'smtpd_relay_restrictions': 'permit_mynetworks, reject_unauth_destination',
    'smtp_dns_support_level': 'disabled',
    'smtp_host_lookup': 'native',
    'smtpd_peername_lookup': 'no',
    'smtp_tls_security_level': 'none',
    'smtpd_tls_security_level': 'none',
    'biff': 'no',
    'minimal_backoff_time': '2s',
    'maximal_backoff_time': '2s',
    'queue_run_delay': '2s',
    # A test sends faster and makes more errors than a client should.
    'in_flow_delay': '0s',
    'smtpd_error_sleep_time': '0s',
    'smtpd_hard_error_limit': '1000',
    'smtpd_client_connection_count_limit': '0',
}


class Postfix(Mta):
    """In its chroot, smtpd finds the milter's socket at the same path."""
    manners = POSTFIX

    def __init__(self, folder, sink_port, *, milters=(), main=None, listeners=None, chroot=False):
        """
        milters    for smtpd and for non-SMTP submission, e.g. ['unix:sdr/milter.sock']
        main       more main.cf parameters
        listeners  more smtpd listeners: {port: {parameter: value}}
        chroot     use chroot as in Debian's master.cf; default: no chroot
        """
        super().__init__(folder)
        self.main = {**MAIN, **self._own_main(sink_port, ' '.join(milters)), **(main or {})}
        self._listeners = {self.port: {}, **(listeners or {})}
        self._chroot = chroot
        self._env = {**os.environ, 'LD_LIBRARY_PATH': LIBRARIES,
                     'MAIL_CONFIG': str(self.folder / 'etc')}
        self._master = None
        self._prepare()

    # --- life ---

    def start(self):
        self.configure()
        started = self.log().count('daemon started')
        self._master = Process([DAEMONS / 'master', '-c', self.folder / 'etc'],
                               self.folder / 'master.out', env=self._env, start_new_session=True)
        self._master.wait_ready(lambda: self.log().count('daemon started') > started)
        return self

    def stop(self):
        """Does nothing if it does not run. Returns when all its processes have ended."""
        if not self._master or not self._master.alive():
            return
        self._master.stop()
        end_group(self._master.pid)

    def set(self, **main):
        """Change main.cf and restart: after a reload an idle smtpd serves one more client with the old
        settings."""
        self.main.update(main)
        self.stop()
        self.start()

    def use_milters(self, *sockets):
        self.set(smtpd_milters=' '.join(sockets))

    # --- mail ---

    def submit(self, rcpts, *, sender='sender@onprem.test', headers=(), body='Hello\n',
               message_id=None, options=()):
        """Send through sendmail(1), as a local user; the Message-ID."""
        rcpts = [rcpts] if isinstance(rcpts, str) else list(rcpts)
        message_id = message_id or smtpclient.new_message_id()
        text = smtpclient.message(message_id, headers, body).decode().replace('\r\n', '\n')
        # Set the group instead of using postdrop's setgid bit, which would discard LD_LIBRARY_PATH.
        run([SERVER / 'usr/sbin/sendmail', '-i', '-f', sender, *options, '--', *rcpts],
            input=text, env=self._env, user='nobody', group='postdrop', extra_groups=[])
        return message_id

    def queue(self):
        """The messages in the queue, as postqueue -j describes them."""
        return [json.loads(line) for line in self.command('postqueue', '-j').splitlines()]

    def deferred(self):
        """Whether there are messages and all of them are deferred."""
        return {m['queue_name'] for m in self.queue()} == {'deferred'}

    def flush(self):
        self.command('postqueue', '-f')

    def command(self, name, *arguments):
        """Output of one of Postfix's own commands."""
        return run([SERVER / 'usr/sbin' / name, *arguments], env=self._env).stdout

    def log(self):
        return (self.folder / 'log/maillog').read_text(encoding='utf-8', errors='replace')

    def complaints(self):
        """The log's warnings and worse."""
        return re.findall(r'^.*(?:warning|error|fatal|panic): .*$', self.log(), re.M)

    # --- setup ---

    def _own_main(self, sink_port, milters):
        etc = self.folder / 'etc'
        return {
            'config_directory': etc,
            'meta_directory': etc,
            'queue_directory': self.queue_folder,
            'data_directory': self.folder / 'lib',
            'maillog_file': self.folder / 'log/maillog',
            'relayhost': f'[127.0.0.1]:{sink_port}',
            'smtpd_milters': milters,
            'non_smtpd_milters': milters,
        }

    def _prepare(self):
        for name in ('etc', 'log', 'queue'):
            (self.folder / name).mkdir(parents=True)
        make_folder(self.folder / 'lib', 'postfix', 'root', 0o700)
        for name, access in QUEUE_FOLDERS.items():
            make_folder(self.queue_folder / name, *access)
        if self._chroot:
            self._prepare_jail()
        shutil.copy(SERVER / 'etc/postfix/postfix-files', self.folder / 'etc')
        (self.folder / 'etc/dynamicmaps.cf').touch()
        (self.folder / 'etc/master.cf').write_text(self._master_cf())
        (self.folder / 'log/maillog').touch()

    def _prepare_jail(self):
        (self.queue_folder / 'etc').mkdir()
        for name in JAIL_FILES:
            if Path('/etc', name).exists():
                shutil.copy(Path('/etc', name), self.queue_folder / 'etc')

    def configure(self):
        """Write main.cf, which Postfix's commands read, too."""
        lines = [f'{name} = {value}\n' for name, value in self.main.items()]
        path = self.folder / 'etc/main.cf'
        path.write_text(''.join(lines))
        # Postfix waits until main.cf is two seconds old.
        os.utime(path, (0, 0))

    def _master_cf(self):
        """Debian's master.cf with our listeners; maildrop is scanned every 2 s, not every 60 s."""
        text = (SERVER / 'usr/share/postfix/master.cf.dist').read_text()
        text = re.sub(r'^(pickup(?:\s+\S+){4}\s+)60', r'\g<1>2', text, flags=re.M)
        services = re.findall(r'^(?!#|smtp +inet)\S.*(?:\n[ \t].*)*', text, re.M)
        services += [self._listener(*item) for item in self._listeners.items()]
        if not self._chroot:
            services = [re.sub(r'^((?:\S+\s+){4})\S+', r'\1n', s) for s in services]
        return '\n'.join([*services, ''])

    @staticmethod
    def _listener(port, parameters):
        options = ''.join(f'\n  -o {{ {name} = {value} }}' for name, value in parameters.items())
        return f'127.0.0.1:{port} inet n - y - - smtpd{options}'
