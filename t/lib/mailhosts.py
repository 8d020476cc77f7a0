"""mailhosts.py - hosts with Debian's mail servers, a directory, or both

In addition to the files of a chapter they have the files that the packages' scripts create when they
are installed.

SPDX-License-Identifier: BSD-2-Clause
"""
import mailbox
import re
import shutil

from exim import sanitizers
from internet import Host

READER_PASSWORD, ADMIN_PASSWORD = 'router secret', 'mover secret'
CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
EXIM_ENVIRONMENT = 'MAIN_KEEP_ENVIRONMENT = ASAN_OPTIONS : UBSAN_OPTIONS : LD_PRELOAD\n'


class MailHost(Host):
    """A host with local accounts and mailboxes in /var/mail."""

    mail_group = None  # that the mail server runs as

    def __init__(self, internet, name, *, users=(), **options):
        """users: accounts, each with a mailbox"""
        super().__init__(internet, name, **options)
        self.users = list(users)

    def start(self):
        super().start()
        for user in self.users:
            self.run(['useradd', '--create-home', '--base-dir', '/var/home', user])
        self.write(CERTIFICATES, self.internet.ca.cert.read_text())
        self.installed()
        return self

    def installed(self):
        """Do what installing the package does."""

    def mailbox(self, user):
        """The messages in this mailbox."""
        path = self.path(f'/var/mail/{user}')
        if not path.exists():
            return []
        copy = self._folder / 'mailbox'
        shutil.copyfile(path, copy)
        return list(mailbox.mbox(copy, create=False))

    def mailboxes(self):
        """The names of the mailboxes."""
        return sorted(p.name for p in self.path('/var/mail').iterdir() if not p.name.endswith('.lock'))

    def waiting(self):
        """The recipients in the queue."""
        raise NotImplementedError


class PostfixHost(MailHost):
    servers = ('postfix',)
    mail_group = 'postfix'

    def programs(self):
        return {**super().programs(), '/etc/postfix/makedefs.out': '/usr/share/postfix/makedefs.out'}

    def installed(self):
        self.run(['sh', '-c', 'test -e /etc/postfix/master.cf || '
                              'cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf; '
                              'cp /usr/share/postfix/dynamicmaps.cf /etc/postfix/; newaliases'])

    def waiting(self):
        # 69: Postfix has never run
        shown = self.run(['postqueue', '-p'], ok=(0, 69)).stdout
        return re.findall(r'^\s+(\S+@\S+)$', shown, re.M)


class EximHost(MailHost):
    servers = ('exim',)
    mail_group = 'Debian-exim'

    def environment(self, program=''):
        """Exim with exim-sdr.so, also when sdrctl runs it."""
        loads = program in ('exim4', 'sendmail', 'sdrctl')
        return {**super().environment(), **(sanitizers(self.reports) if loads else {})}

    def installed(self):
        self.write('/etc/exim4/conf.d/main/000_tests', EXIM_ENVIRONMENT)

    def waiting(self):
        # A delivered recipient has a D before it.
        return re.findall(r'^ {10}(\S+@\S+)$', self.run(['exim4', '-bp']).stdout, re.M)

    def end(self):
        panic = self.read('/var/log/exim4/paniclog')
        super().end()
        assert not panic, panic


class SendmailHost(MailHost):
    servers = ('sendmail', 'mda')
    mail_group = 'root'

    def programs(self):
        programs = '/usr/libexec/sendmail/'
        return {**super().programs(), '/usr/sbin/sendmail': f'{programs}sendmail',
                '/usr/sbin/sendmail-mta': f'{programs}sendmail',
                '/usr/bin/newaliases': f'{programs}newaliases', '/usr/bin/mailq': f'{programs}mailq'}

    def installed(self):
        self.run(['install', '-d', '/run/sendmail/mta', '/var/lib/sendmail/host_status',
                  '/etc/mail/smrsh'])
        self.run(['ln', '-sf', '/etc/aliases', '/etc/mail/aliases'])
        self.run(['ln', '-sf', '/usr/bin/procmail', '/etc/mail/smrsh/'])
        # If it reads a high load average, Sendmail only queues mail and does not run the queue.
        self.run(['sh', '-c', 'echo 0.00 0.00 0.00 1/1 1 >/run/loadavg && '
                              'mount --bind /run/loadavg /proc/loadavg'])

    def waiting(self):
        return re.findall(r'^\s+<?([^\s<>]+@[^\s<>]+?)>?$', self.run(['mailq']).stdout, re.M)


class DirectoryHost(Host):
    """slapd, without data."""

    servers = ('slapd',)

    def start(self):
        super().start()
        certificate = self.internet.ca.issue(self.name, f'DNS:{self.name}')
        self.write('/etc/ldap/ca.pem', certificate.ca.read_text())
        self.write('/etc/ldap/server.pem', certificate.cert.read_text())
        self.write('/etc/ldap/server.key', certificate.key.read_text(), group='root')
        for name in ('sdr.schema', 'sdr.ldif'):
            self.run(['cp', f'/usr/share/sdr/ldap-schema/{name}', '/etc/ldap/schema/'])
        return self
