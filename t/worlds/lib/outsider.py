"""outsider.py - an outside client that tries odd recipients

Only mailboxes in the split domain may be reached: nothing is relayed, no program runs, no file is
written, no unknown recipient is accepted, and no bounce is sent to a forged sender.

SPDX-License-Identifier: BSD-2-Clause
"""
import random

import smtpclient
from machine import ADDRESS, NAME, network_of
from post import FORGED, OURS, OWNERS
from realworld import ALWAYS_LOCAL, HERE_ACCOUNTS, STRANGER, unquoted

TRACE = '/tmp/fuzz'  # every file and program that is tried would create a file of this name
TAG = 'prvs=1234abcdef='
PEOPLE = [*OWNERS, 'held', 'nosuch', 'root', 'postmaster']
PROGRAMS = ['|touch {trace}', '|/bin/sh -c "touch {trace}"', '{trace}', ':include:{trace}',
            '/var/mail/../../{trace}', '|"touch {trace}"', '!touch {trace}', '\\\\|touch {trace}',
            ' |touch {trace}', '$(touch {trace})', '`touch {trace}`',
            '${{run{{/bin/touch {trace}}}}}', ':blackhole:', ':fail: x', '-d', '-oQ{trace}']
PRIVATE = ['sdr-copy.{local}.=.example.com', 'sdr-copy.{local}', 'sdr_copy.{local}=example.com',
           '{local}.=.example.com', 'sdr-check', 'hosted:{local}', 'redirect:{local}']
DOMAINS = [*OURS, 'Example.COM', 'example.com.', 'hosted.example.com', 'localhost', NAME, 'mx',
           f'[{ADDRESS}]', '[127.0.0.1]', 'example.com@example.net', 'example.net', 'sub.example.com',
           'mailstore.example.com', '', 'localhost.localdomain',
           'example.com.hosted.example.com', '\u00e9xample.com', 'xn--xample-9ua.com', 'example..com',
           '.example.com']
WRAPS = ['{}'] * 8 + ['<{}>', '@example.net:{}', '@example.com,@hosted.example.com:{}', 'x:{};', 'Alice <{}>',
                      '{} (comment)', '(comment){}', ' {}', '{} ', '\t{}', '"{}"', '{},{}', '<{}', '{}\\',
                      '{}>,<alice@example.com', 'mailto:{}']


def spelling(dice, number):
    """The octets between < and >."""
    local = dice.choice(PEOPLE)
    if dice.random() < 0.25:
        local = dice.choice(PROGRAMS).format(trace=f'{TRACE}{number}')
    if dice.random() < 0.2:
        local = dice.choice(PRIVATE).format(local=local)
    for _ in range(dice.choice([0, 0, 1, 1, 2])):
        local = dice.choice(MUTATIONS)(dice, local)
    domain = dice.choices(DOMAINS, [12] + [1] * (len(DOMAINS) - 1))[0]
    if dice.random() < 0.1:
        domain = ''.join(dice.choice([c, c.upper()]) for c in domain)
    address = f'{local}@{domain}' if domain else local
    text = dice.choice(WRAPS).replace('{}', address)
    return text.encode('utf-8', 'surrogateescape').replace(b'\r', b'').replace(b'\n', b'')


def quoted(_, local):
    escaped = local.replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def backslashed(dice, local):
    at = dice.randrange(len(local) + 1)
    return local[:at] + '\\' + local[at:]


def half_quoted(dice, local):
    at = dice.randrange(len(local) + 1)
    return f'"{local[:at]}"{local[at:]}' if dice.random() < 0.5 else f'{local[:at]}"{local[at:]}"'


def inserted(dice, local):
    at = dice.randrange(len(local) + 1)
    return local[:at] + dice.choice(INSERTED) + local[at:]


def routed(dice, local):
    domain = dice.choice(['example.net', 'hosted.example.com', 'example.com', 'localhost'])
    return dice.choice([f'{local}%{domain}', f'{domain}!{local}', f'{local}@{domain}', f'"{local}@{domain}"'])


def extended(dice, local):
    return local + '+' + dice.choice(['x', '', '+', TRACE, f'|touch {TRACE}', '../x', 'x' * 100, '"',
                                      'x@example.net'])


def tagged(_, local):
    return TAG + local


def long(dice, local):
    return local + 'a' * dice.choice([60, 250, 900])


INSERTED = ['""', '.', '..', '+', '++', '%', '!', ':', ';', ' ', '\t', '\x01', '\x7f', '\u00b5', '\u0130',
            '\udce9', '*', '=', '/', ',', '(c)', '[', '<', '>', '"', "'", '\u202e']
MUTATIONS = [quoted, quoted, backslashed, half_quoted, inserted, inserted, routed, extended, tagged, long,
             lambda _, local: local.upper(), lambda _, local: local.title()]


class Outsider:
    """Send the messages; {Message-ID: recipient} of the accepted ones."""

    def __init__(self, world, seed):
        self.world = world
        self.accepted = {}
        self.sent = 0
        self._dice = random.Random(seed)

    def send(self, number):
        for _ in range(number):
            self.sent += 1
            self._session(spelling(self._dice, self.sent))

    def _session(self, recipient):
        with network_of(self.world.outside.pid):
            client = smtpclient.Client(25, host=ADDRESS, source=STRANGER)
        with client:
            client.mail(FORGED)
            if client.rcpt(b'<' + recipient + b'>').code != 250:
                return
            name = smtpclient.new_message_id()
            if client.data(smtpclient.message(name, [], 'Hello\n')).code == 250:
                self.accepted[name] = recipient

    def faults(self):
        """One line each."""
        found = self.world.found()
        for (name, place, who), _ in found.items():
            wrong = self._wrong(place, who)
            if wrong and not self._may_bounce(name, place):
                yield f'{self.accepted.get(name, name)}: {wrong}: at {place}, for {who}'
        delivered = {name for name, _, _ in found}
        yield from (f'{recipient}: accepted, and lost' for name, recipient in self.accepted.items()
                    if name not in delivered)
        files = self.world.machine.command(f'ls -d {TRACE}* 2>/dev/null || true').split()
        yield from (f'{path} exists' for path in files)

    def _may_bounce(self, name, place):
        """According to doc/install.md, the mailboxes of this world do not understand the tag of a bounce
        address."""
        recipient = unquoted(self.accepted.get(name, b'').decode('utf-8', 'replace').lower())
        return place.startswith('bounce') and TAG in recipient and self.world.expected.get('tags') == 'bounced'

    def _wrong(self, place, who):
        """The faults of mail for this recipient there."""
        if place.startswith('bounce'):
            return 'a bounce'
        local, _, domain = who.rpartition('@')
        # An extension may contain anything and stays unchanged. So does the tag of a bounce address.
        person = unquoted(local).removeprefix(TAG).partition('+')[0]
        if person.lower() in ALWAYS_LOCAL and place == 'mailstore':
            return ''
        if place == self.world.expected.get('hosted', 'hosted'):
            return '' if domain == 'hosted.example.com' and 'hosted' in OWNERS.get(person, ()) else 'not his'
        if place == 'mailstore':
            return '' if domain == 'example.com' and 'here' in OWNERS.get(person, ()) else 'unknown there'
        if place == 'here':
            # alice@localhost is an account of this machine, which concerns that machine alone.
            return '' if who in HERE_ACCOUNTS else 'no mailbox of anybody'
        return 'relayed'
