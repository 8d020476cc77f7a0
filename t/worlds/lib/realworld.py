"""realworld.py - a folder of t/worlds: a mail server as an administrator has set it up

SPDX-License-Identifier: BSD-2-Clause
"""
import configparser
import contextlib
import mailbox
import re
from collections import Counter
from pathlib import Path

import beside
import paths
import units
from machine import ADDRESS, RESOLVER, Machine, Outside, network_of
from nameserver import NameServer
from proc import within
from sinks import Sink

WORLDS = Path(__file__).resolve().parents[1]
HERE = Path(__file__).parent
# The hosts outside: the other site, the mail store, everybody else.
HOSTED, MAILSTORE, STRANGER = '198.51.100.1', '192.0.2.9', '203.0.113.1'
NAMES = {
    'mx.example.com': [('A', ADDRESS)],
    'example.com': [('MX', (10, 'mx.example.com'))],
    'onprem.example.com': [('MX', (10, 'mx.example.com'))],
    'hosted.example.com': [('MX', (10, 'mx.hosted.example.com'))],
    'mx.hosted.example.com': [('A', HOSTED)],
    'mailstore.example.com': [('A', MAILSTORE)],
    'smarthost.example.com': [('A', STRANGER)],
    'example.net': [('MX', (10, 'mx.example.net'))],
    'mx.example.net': [('A', STRANGER)],
}
ACCOUNTS = ['alice', 'bob', 'dave', 'carol', 'both', 'held']
# The users who may have mail on the machine; Debian's own aliases lead to root or mail.
ALWAYS_LOCAL = {'postmaster', 'abuse', 'mailer-daemon'}
HERE_ACCOUNTS = {*ACCOUNTS, *ALWAYS_LOCAL, 'root', 'mail', 'nobody'}
UNITS = {'postfix': 'postfix', 'exim': 'exim4', 'sendmail': 'sendmail'}


def names():
    """The names of all worlds."""
    return sorted(path.parent.name for path in WORLDS.glob('*/expected'))


def read(name):
    """The expected result: {key: value}."""
    parser = configparser.ConfigParser(delimiters=('=',), interpolation=None)
    parser.read_string('[world]\n' + (WORLDS / name / 'expected').read_text(encoding='utf-8'))
    return {'mailboxes': 'mbox', 'check': 'ok', **parser['world']}


class World:
    """with World(name, folder) as world: it runs."""

    def __init__(self, name, folder, people=''):
        """people: more of them, as LDIF"""
        self.name = name
        self._people = people
        self.expected = read(name)
        self.base = self.expected['base']
        self.aliases = {key.split()[1]: value.split() for key, value in self.expected.items()
                        if key.startswith('alias ')}
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self.machine = self.outside = None
        self.sinks = {}

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def _begin(self):
        self.outside = Outside([RESOLVER, HOSTED, MAILSTORE, STRANGER])
        self._stack.callback(self.outside.end)
        self.machine = Machine(self._folder, self.base)
        self._stack.callback(self.machine.end)
        self.machine.start()
        self.machine.connect(self.outside)
        with network_of(self.outside.pid):
            self._later(NameServer(NAMES, address=RESOLVER).start())
            for place, address in [('hosted', HOSTED), ('mailstore', MAILSTORE), ('outside', STRANGER)]:
                self.sinks[place] = self._later(Sink(address).start())
        self._set_up()
        self._start()

    def _later(self, server):
        self._stack.callback(server.stop)
        return server

    def _set_up(self):
        self.machine.install_sdr()
        self.machine.command(f'for user in {" ".join(ACCOUNTS)}; do useradd --create-home $user; done')
        for page in ('README.md', 'doc/install.md'):
            self.machine.write(f'/root/{Path(page).name}', (paths.ROOT / page).read_text())
        self.machine.write('/root/recipes.sh', (HERE / 'recipes.sh').read_text())
        self.machine.write('/root/setup', (WORLDS / self.name / 'setup').read_text())
        self.machine.run(['install', '-d', '/etc/sdr'])
        self.machine.write('/etc/sdr/people.ldif', (HERE / 'people.ldif').read_text() + '\n' + self._people)
        self.machine.command('set -eo pipefail; . /root/recipes.sh; sdr_conf; . /root/setup', timeout=600)

    def _start(self):
        for text in ['milter 8891', *filter(None, self.expected.get('beside', '').splitlines())]:
            self._later(beside.start(self.machine, text))
        self.machine.command('setpriv --reuid=sdr --regid=sdr --init-groups '
                             'sdr-sync -c /etc/sdr/sdr.conf --once')
        if self.base != 'exim':
            units.Sdr(self.machine, 'sdr-milter').start()
        # Since Debian 13, Postfix creates the folder of Dovecot's socket when it first starts.
        for service in [UNITS[self.base], *(['dovecot'] if self.expected['mailboxes'] == 'maildir' else [])]:
            # A daemon may keep its standard output open.
            log = f'/var/log/{service}.start'
            started = f'service {service} start >{log} 2>&1'
            self.machine.command(f'{started} || {{ cat {log} /var/log/mail.log; exit 1; }}', timeout=600)
        self.machine.wait_port(25, 60)

    @property
    def tables(self):
        """True if the mail server rewrites recipients, by our lookup tables."""
        return 'rewrite = tables' in self.machine.read('/etc/sdr/sdr.conf')

    # --- what an administrator asks ---

    def check_mta(self):
        """(exit code, output) of sdrctl check mta."""
        done = self.machine.run(['sdrctl', 'check', 'mta'], ok=range(256), timeout=600,
                                env=self.machine.environment())
        return done.returncode, done.stdout + done.stderr

    # --- where the mail is ---

    def found(self):
        """Counter of (Message-ID, place, recipient); of a delivery report the place has 'bounce ' before."""
        counter = Counter()
        for place, sink in self.sinks.items():
            for taken in list(sink.taken):
                counter.update((*about(taken.message, place), plain(r)) for r in taken.recipients)
        for user, message in self._mailboxes():
            counter[(*about(message, 'here'), user)] += 1
        return counter

    def _mailboxes(self):
        for path in self.machine.path('/var/mail').iterdir():
            if path.is_file() and not path.name.endswith('.lock'):
                for message in mailbox.mbox(path, create=False):
                    yield path.name, message
        for path in self.machine.path('/home').iterdir():
            for file in [*path.glob('Maildir/new/*'), *path.glob('Maildir/cur/*')]:
                with open(file, 'rb') as f:
                    yield path.name, mailbox.mboxMessage(f)

    def waiting(self):
        """The listing of its queues, or nothing if they are empty."""
        return WAITING[self.base](self.machine)

    def quiet(self, seconds=30):
        """True if its queue becomes empty."""
        return within(seconds, lambda: not self.waiting())


def postfix_waiting(machine):
    text = machine.run(['postqueue', '-p'], env=machine.environment()).stdout
    return '' if text.startswith('Mail queue is empty') else text


def exim_waiting(machine):
    return machine.run(['exim4', '-bp'], env=machine.environment()).stdout.strip()


def sendmail_waiting(machine):
    text = ''.join(machine.run(['mailq', *option], env=machine.environment()).stdout
                   for option in ([], ['-Ac']))
    return '' if set(re.findall(r'Total requests: (\d+)', text)) == {'0'} else text


WAITING = {'postfix': postfix_waiting, 'exim': exim_waiting, 'sendmail': sendmail_waiting}


def about(message, place):
    """(the Message-ID of this message, or of the message that it reports on, place)"""
    if message.get_content_type() == 'multipart/report':
        original = re.search(r'^Message-ID:\s*<([^>]*)>', message.get_payload()[-1].as_string(), re.M | re.I)
        return (original.group(1) if original else '?'), f'bounce {place}'
    return str(message['Message-ID'] or '').strip('<> '), place


def plain(recipient):
    """In lower case, without needless quotes."""
    local, _, domain = recipient.rpartition('@')
    bare = unquoted(local)
    if re.fullmatch(r'[\w.=+-]+', bare):
        local = bare
    return f'{local}@{domain}'.lower()


def unquoted(local):
    """Its meaning for a mail server that also reads RFC 822: "bot\\h" and bot\\h are both."""
    return re.sub(r'\\(.)|"', r'\1', local, flags=re.S)
