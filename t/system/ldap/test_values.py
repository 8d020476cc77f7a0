"""test_values.py - addresses, owners and routing addresses as directories have them

Live searches, the replica and LDIF files give a value the same meaning. If a value contains an address and
something else, the answer for that address is never "no such recipient". PYTEST_SEED=N repeats a random run.

SPDX-License-Identifier: BSD-2-Clause
"""
import base64
import json
import os
import random
import re
from dataclasses import dataclass

import pytest

import paths
import sdrctl
import world
from adldif import write
from peoplefile import PeopleFile
from slapd import SUFFIX

FOUND, NOT_NOW, NONE = 'redirect', 'defer', 'reject'
SCHEMA = paths.ROOT / 't/corpus/exchange/schema'
CLASSES = ['inetOrgPerson', 'inetLocalMailRecipient', 'sdrRecipient', 'exchangeRecipient']
PLAIN, PROXY = ('mail', 'mailLocalAddress', 'sdrAddress'), ('proxyAddresses',)
OPTIONS = {'address-attribute': [*PROXY, 'sdrAddress', 'mail', 'mailLocalAddress'],
           'timeout': '20'}
NBSP, ZWSP, WIDE_AT = '\u00a0', '\u200b', '\uff20'


@dataclass
class Row:
    """# is the local part; SEEN: a search finds the entry."""
    attributes: tuple
    value: str
    answer: str
    seen: bool = True


ROWS = [
    *(Row(PLAIN, value, FOUND) for value in (
        '#@example.com', ' #@example.com', '#@example.com ', '  #@Example.COM  ', '#@example.com.',
        '#@example.com. ', '"#"@example.com')),
    *(Row(PROXY, value, FOUND) for value in (
        'smtp:#@example.com', 'SMTP:#@example.com ', 'SMTP:#@example.com.', 'smtp:"#"@example.com')),
    *(Row(PLAIN, value, NOT_NOW) for value in (
        '<#@example.com>', '<#@example.com> ', 'smtp:#@example.com')),
    *(Row(PROXY, value, NOT_NOW) for value in (
        '#@example.com', 'smtp: #@example.com', 'smtp:<#@example.com>', '<#@example.com>')),
    *(Row(('sdrAddress',), value, NOT_NOW) for value in (
        f'{NBSP}#@example.com', f'#@example.com{NBSP}', f'#{WIDE_AT}example.com')),
    *(Row(PLAIN, value, NOT_NOW, seen=False) for value in (
        'Name <#@example.com>', '"Name, N" <#@example.com>', '#@example.com, x@example.com',
        'x@example.com;#@example.com', '#@example.com (Name)', 'Name #@example.com',
        '# @example.com', '#@ example.com', "'#@example.com'", '"#@example.com"',
        'mailto:#@example.com', 'email:#@example.com',
        '#@example.com..', '#@example.com,', '\t#@example.com')),
    *(Row(PROXY, value, NOT_NOW, seen=False) for value in (
        'smtp:Name <#@example.com>', 'smtp:#@example.com;x@example.com', 'Name <#@example.com>')),
    Row(('sdrAddress',), f'#{ZWSP}@example.com', NOT_NOW, seen=False),
    *(Row(PLAIN + PROXY, value, NONE) for value in (
        'sip:#@example.com', 'X500:/o=O/cn=#@example.com', '#', '#@', '@', '#@elsewhere.example')),
    *(Row(PROXY, value, NONE) for value in ('EUM:#@example.com', 'smtp:#', 'smtp:')),
]


def line(attribute, value):
    """One line of LDIF, whatever characters the value begins or ends with."""
    return f'{attribute}:: {base64.b64encode(value.encode()).decode()}'


def person(uid, *values, owner='hosted'):
    """LDIF of an entry with these values of (attribute, value)."""
    text = world.person(uid, mail=None, objectClass=CLASSES, sdrOwner=owner)
    return text.rstrip('\n') + '\n' + '\n'.join(line(*value) for value in values) + '\n\n'


def ask(conf, recipients):
    done = sdrctl.run(conf, 'route', '--json', '-', input='\n'.join(recipients))
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    assert len(answers) == len(recipients), done.stderr
    return answers


def verdicts(conf, recipients):
    return [' '.join([answer['verdict'], *answer['targets']]) for answer in ask(conf, recipients)]


# Without a known address for each attribute no answer is sure.
KEEPER = person('keeper', *((attribute, f'{scheme}keeper@example.com') for attribute, scheme in (
    ('proxyAddresses', 'smtp:'), ('sdrAddress', ''), ('mail', ''), ('mailLocalAddress', ''))))


class Three:
    """One directory as a server, as a replica of it, and as a file."""

    def __init__(self, server, new_sync, scratch, text):
        options = {**OPTIONS, 'uri': server.uri,
                   'password-file': str(world.password_file(scratch))}
        self.live = sdrctl.write_conf(scratch, world.conf(directory_corp=options))
        self.sync = new_sync(server, directory_corp=OPTIONS)
        file = PeopleFile(scratch / 'file', text, directory_corp={
            'address-attribute': OPTIONS['address-attribute']})
        self.log = self.sync.once().stderr
        file.sync.once()
        self.replica, self.file = self.sync.conf, file.conf

    def ask(self, recipients):
        """[(live, replica, file)], one for each of them."""
        return list(zip(*(verdicts(conf, recipients)
                          for conf in (self.live, self.replica, self.file))))


@pytest.fixture
def three(new_slapd, new_sync, scratch):
    """three(entries): a Three of these."""
    def make(text):
        text = KEEPER + text
        return Three(new_slapd(text, schema=[SCHEMA]), new_sync, scratch, text)
    return make


# --- addresses ---

def everybody():
    """[(uid, attribute, Row)]"""
    pairs = [(attribute, row) for row in ROWS for attribute in row.attributes]
    return [(f'v{number}', *pair) for number, pair in enumerate(pairs)]


def test_each_value_means_the_same_everywhere(three):
    wrong = []
    people = everybody()
    answers = three(''.join(
        person(uid, (attribute, row.value.replace('#', uid))) for uid, attribute, row in people)).ask(
            [f'{uid}@example.com' for uid, _, _ in people])
    for (uid, attribute, row), answer in zip(people, answers):
        target = f' {uid}@hosted.example.com' if row.answer == FOUND else ''
        wanted = [row.answer + target] * 3
        if not row.seen:
            wanted[0] = NONE
        if list(answer) != wanted:
            wrong.append((attribute, row.value, answer))
    assert not wrong


PIECES = ['#@example.com'] * 6 + [
    ' ', ' ', '.', '<', '>', ',', ';', '\t', '"', "'", NBSP, ZWSP, WIDE_AT, '@', 'smtp:', 'SMTP:', 'smtp:',
    'sip:', 'mailto:', 'Name', '(x)', '\\', 'x@elsewhere.example', '"#"@example.com', '+x', 'ö']


def test_random_values(three):
    """If one of them is sure about an address, the others agree; unknown in the replica means unknown in all.
    """
    seed = int(os.environ.get('PYTEST_SEED', random.randrange(1 << 32)))
    print(f'PYTEST_SEED={seed}')
    choice = random.Random(seed)
    people, names = [], [f'v{number}' for number in range(40)]
    for number in range(250):
        values = []
        for _ in range(choice.choice([1, 1, 2, 3])):
            text = ''.join(choice.choices(PIECES, k=choice.choice([1, 2, 2, 3, 3, 4])))
            text = re.sub('#', lambda _: choice.choice(names), text)
            attribute = choice.choice(['sdrAddress', 'sdrAddress', 'proxyAddresses'])
            values.append((attribute, text))
        people.append((f'p{number}', values))
    recipients = [f'{name}@example.com' for name in names] + [
        f'{name}+x@example.com' for name in names] + ['x"@example.com', '"Name v1"@example.com']
    entries = ''.join(person(uid, *unique(values), owner=choice.choice(['hosted', 'onprem']))
                      for uid, values in people if unique(values))
    wrong = [(recipient, answer, [value for _, values in people for value in values
                                  if recipient.partition('@')[0] in value[1]])
             for recipient, answer in zip(recipients, three(entries).ask(recipients))
             if not agree(*answer, extended='+' in recipient)]
    assert not wrong


def unique(values):
    """In order, without values that a server considers equal or ignores."""
    kept = {}
    for attribute, text in values:
        kept.setdefault((attribute, re.sub(f'[\\s{NBSP}{ZWSP}]+', ' ', text).strip().casefold()
                         .replace(WIDE_AT, '@')), (attribute, text))
    return sorted(value for (_, text), value in kept.items() if text)


def agree(live, replica, file, extended=False):
    """The file gives the same answer as the server. If the replica is not sure, a search may miss the entry;
    then it finds no recipient, or one without the extension."""
    return replica == file and (live == replica
                                or replica == NOT_NOW and (live == NONE or extended))


def test_another_value_that_can_be_read_counts(three):
    """A value of the same entry or of another; for a stronger key, even a doubtful one."""
    answers = three(
        person('one', ('proxyAddresses', 'one@example.com'), ('mail', 'one@example.com'))
        + person('two', ('mail', 'two@example.com'))
        + person('other', ('proxyAddresses', 'two@example.com'), owner='onprem')
        + person('three', ('mail', 'three@example.com'), ('mail', '<three+x@example.com>'))
        + person('rest', ('mail', '<@example.com>'))).ask(
            [f'{name}@example.com' for name in ('one', 'two', 'three', 'three+x', 'three+y', 'nobody')])
    assert answers == [(answer,) * 3 for answer in (
        'redirect one@hosted.example.com', 'redirect two@hosted.example.com',
        'redirect three@hosted.example.com', NOT_NOW, 'redirect three+y@hosted.example.com', NOT_NOW)]


# --- what else an entry says ---

def test_blanks_and_dots_around_owners_and_routing_addresses(new_slapd, new_sync, scratch):
    """For the profile laser, whose owners are host names."""
    def laser(uid, *values):
        text = world.person(uid, mail=None, objectClass=['inetOrgPerson', 'inetLocalMailRecipient'],
                            mailLocalAddress=f'{uid}@example.com')
        return text.rstrip('\n') + '\n' + '\n'.join(line(*value) for value in values) + '\n\n'
    people = {
        'dot': [('mailHost', 'MX.Hosted.Test.')],
        'blank': [('mailHost', 'mx.hosted.test ')],
        'both': [('mailHost', ' mx.hosted.test. ')],
        'dots': [('mailHost', 'mx.hosted.test..')],
        'address': [('mailHost', 'mx.hosted.test'),
                    ('mailRoutingAddress', ' address@hosted.example.com. ')],
    }
    server = new_slapd(''.join(laser(uid, *values) for uid, values in people.items()), schema=[SCHEMA])
    options = {'profile': 'laser'}
    site = {'site hosted': {'owner-value': 'mx.hosted.test'}}
    live = sdrctl.write_conf(scratch, world.conf(directory_corp={
        **options, 'uri': server.uri, 'password-file': str(world.password_file(scratch))}, **site))
    sync = new_sync(server, directory_corp=options, **site)
    sync.once()
    recipients = [f'{uid}@example.com' for uid in people]
    wanted = [f'redirect {uid}@hosted.example.com' if uid != 'dots' else NOT_NOW for uid in people]
    assert [verdicts(conf, recipients) for conf in (live, sync.conf)] == [wanted, wanted]


# --- reports of unreadable values ---

ODD = [person('x\x1b[1m', ('sdrAddress', 'N <doubt0@example.com>')),
       *(person(f'odd{number}', ('sdrAddress', f'<doubt{number}@example.com>'))
         for number in range(1, 30)),
       person('fine', ('sdrAddress', '<fine@example.com>'), ('mail', 'fine@example.com'))]


def test_who_looks_after_the_directory_is_warned(three):
    world_of = three(''.join(ODD).replace('dn: uid=x\x1b[1m,', r'dn: uid=x\1B[1m,').replace(
        'x\x1b[1m', 'x[1m').replace('uid: x[1m', line('uid', 'x\x1b[1m')))
    reported = [text for text in world_of.log.splitlines() if 'not just an address' in text]
    assert len(reported) == 20 and world_of.log.count('more such values: see sdrctl report') == 1
    assert all(' in uid=' in text for text in reported) and '\x1b' not in world_of.log
    assert 'fine@' not in world_of.log
    for conf in (world_of.live, world_of.replica):
        domain, = json.loads(sdrctl.run(conf, 'report', '--json').stdout)['domains']
        group = domain['troubles']['unreadable']
        assert group['count'] == 30 and len(group['examples']) == 3
        assert group['examples'][1] == f'doubt10@example.com in uid=odd10,ou=people,{SUFFIX}'
        assert group['examples'][0].startswith('doubt0@example.com in uid=x')
    said = sdrctl.run(world_of.live, 'check', 'directory').stdout
    assert '30 addresses are in values with other text' in said
    assert f'doubt1@example.com in uid=odd1,ou=people,{SUFFIX}; ' in said and 'doubt6@' not in said
    said = sdrctl.run(world_of.replica, 'check', 'replica').stdout
    assert 'are in values with other text' in said
    assert f'doubt10@example.com in uid=odd10,ou=people,{SUFFIX}, ' in said and '\x1b' not in said
    answer, = ask(world_of.live, ['doubt2@example.com'])
    assert answer['reply'].startswith('451 4.3.5')
    assert f'uid=odd2,ou=people,{SUFFIX}: a value that may mean this address' in answer['reason']


# --- Active Directory ---

AD_ROWS = {'SMTP:#@example.com': FOUND, 'smtp:#@example.com ': FOUND, ' smtp:#@example.com': FOUND,
           'SMTP:#@example.com.': FOUND, '#@example.com': NOT_NOW, 'smtp: #@example.com': NOT_NOW,
           '<#@example.com>': NOT_NOW, 'smtp:<#@example.com>': NOT_NOW, 'sip:#@example.com': NONE,
           f'smtp:{NBSP}#@example.com': NOT_NOW, f'smtp:#@example.com{NBSP}': NOT_NOW,
           'smtp:Name <#@example.com>': NOT_NOW}


def test_active_directory(ad, new_sync, scratch, ca):
    people = dict(zip((f'v{number}' for number in range(len(AD_ROWS))), AD_ROWS.items()))
    ad.add(''.join(
        write(f'CN={uid},OU=people,{SUFFIX}',
              [('objectClass', b'user'), ('sAMAccountName', uid.encode()),
               ('proxyAddresses', value.replace('#', uid).encode()),
               ('targetAddress', f' SMTP:{uid}@hosted.example.com '.encode())])
        for uid, (value, _) in people.items()))
    options = {'profile': 'exchange', 'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert)}
    sync = new_sync(ad, directory_corp=options)
    live = sdrctl.write_conf(scratch, world.conf(directory_corp={
        **options, 'password-file': str(world.password_file(scratch))}))
    sync.once()
    recipients = [f'{uid}@example.com' for uid in people]
    wrong = [(uid, value, asked, copied) for (uid, (value, wanted)), asked, copied in zip(
        people.items(), verdicts(live, recipients), verdicts(sync.conf, recipients))
        if copied.split()[0] != wanted or not agree(asked, copied, copied)]
    assert not wrong
