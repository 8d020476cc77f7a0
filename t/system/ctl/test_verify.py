"""test_verify.py - sdrctl verify: all sites are asked which mailboxes they have

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import json
import os
import pty
import subprocess

import pytest

import paths
import sdrctl
import world
from daemon import environment
from mailhost import drip, endless
from nameserver import NameServer
from office import Office
from peoplefile import PeopleFile
from proc import free_port
from tap import Tap

HERE, HOSTED, CLOUD, STORE = '127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'
OK, BAD_USE, WRONG, NO_ENTRY, NOT_NOW = 0, 64, 65, 67, 75
SHORT, LONG = 3, 60  # seconds, for hosts that are silent and for those that answer
NAMES = {'hosted.example.com': [('A', HOSTED)], 'cloud.example.com': [('A', CLOUD)]}
SITES = {'site_cloud': {'routing-domain': 'cloud.%d'}}
PIPELINING = {'EHLO': '250-mx.test\r\n250 PIPELINING'}
ALICE, DAVE = 'alice@example.com', 'dave@example.com'
THEIRS = 'alice@hosted.example.com'


@pytest.fixture
def port():
    return free_port(HOSTED)


@pytest.fixture
def verify(stop_later, port):
    """verify(conf, arguments..., code=): what it prints on both streams, after hosts have been asked."""
    server = NameServer(NAMES, port=0)
    stop_later(server.stop)
    server.start()

    def run(conf, *arguments, code=OK, timeout=LONG, streams=False):
        done = sdrctl.run(conf, 'verify', '--resolver', server.at, '--port', str(port), '--timeout',
                          str(timeout), '--rate', '10000', '--retry-after', '1', *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stdout, done.stderr) if streams else done.stdout + done.stderr
    return run


@pytest.fixture
def new_file(scratch):
    """new_file(ldif, ...): the sdr.conf of a directory that is a file, and no server."""
    def make(ldif=world.PEOPLE, **sections):
        people = PeopleFile(scratch, ldif, **sections)
        people.sync.once()
        return people.conf
    return make


def findings(text):
    """{local part: finding} from CSV."""
    lines = [line for line in text.splitlines() if not line.startswith('sdrctl: ')]
    return {row['recipient'].partition('@')[0]: row['finding'] for row in csv.DictReader(lines)}


def verbs(host):
    return [line.split()[0] for line in host.said]


# --- a company ---

OWNERS = ['onprem', 'hosted', 'cloud']
DOMAINS = {'onprem': 'example.com', 'hosted': 'hosted.example.com', 'cloud': 'cloud.example.com'}


class Company:
    """1000 people, a third of them at each site, and the recipients that each site accepts."""

    def __init__(self):
        self.names = [f'p{n}' for n in range(1000)]
        self.ldif = ''.join(world.person(name, sdrOwner=self.owner(name)) for name in self.names)
        self.mailboxes = {site: {self.at(name, site) for name in self.names
                                 if self.owner(name) == site} for site in OWNERS}
        self.replies = {site: dict(PIPELINING) for site in OWNERS}
        self.wanted = {}

    def owner(self, name):
        return OWNERS[int(name[1:]) % 3]

    def at(self, name, site):
        return f'{name}@{DOMAINS[site]}'

    def other(self, name):
        return OWNERS[(int(name[1:]) + 1) % 3]

    def double(self, name):
        self.mailboxes[self.other(name)].add(self.at(name, self.other(name)))
        self.wanted[name] = 'double'

    def move_unnoticed(self, name):
        """Move mailboxes without a change of the directory."""
        self.double(name)
        self.mailboxes[self.owner(name)].remove(self.at(name, self.owner(name)))
        self.wanted[name] = 'lost'

    def lose(self, name):
        self.mailboxes[self.owner(name)].remove(self.at(name, self.owner(name)))
        self.wanted[name] = 'nowhere'

    def send_back(self, name, reply):
        owner = self.owner(name)
        self.mailboxes[owner].remove(self.at(name, owner))
        self.replies[owner][f'RCPT {self.at(name, owner)}'] = reply.format(
            self.at(name, self.other(name)))
        self.wanted[name] = 'loop'


def test_a_thousand_people(new_file, new_host, verify, port):
    """Finds all errors and nothing else, with one session for each site."""
    company = Company()
    for name in company.names[7:800:40]:
        company.double(name)
    for name in company.names[11:400:160]:
        company.move_unnoticed(name)
    for name in company.names[900:902]:
        company.lose(name)
    company.send_back('p950', '551 5.1.6 User not local; please try <p950@onprem.example.com>')
    company.send_back('p951', '251 2.1.5 User not local; will forward to <{}>')
    company.send_back('p952', '550 5.4.6 Mail for p952 loops back to myself')
    conf = new_file(company.ldif, **SITES)
    hosts = {site: new_host(address, port, company.mailboxes[site], replies=company.replies[site])
             for site, address in (('onprem', STORE), ('hosted', HOSTED), ('cloud', CLOUD))}
    done, errors = verify(conf, '--all', '--csv', '--at', f'onprem={STORE}:{port}', code=WRONG,
                          streams=True)
    found = findings(done)
    assert set(found) == set(company.names)
    assert {name: finding for name, finding in found.items() if finding != 'ok'} == company.wanted
    assert list(company.wanted.values()).count('double') == 20
    assert errors == ''
    for host in hosts.values():
        assert [verbs(host).count(verb) for verb in ('EHLO', 'RCPT', 'DATA')] == [1, 1001, 0]


# --- what sites answer ---

@pytest.fixture
def conf(new_file):
    """The default world in a file, with two sites, one of which is this one."""
    return new_file()


def test_text(conf, new_host, verify, port):
    new_host(HOSTED, port, [THEIRS, 'dave@hosted.example.com'])
    new_host(STORE, port, [DAVE])
    done, errors = verify(conf, ALICE, DAVE, 'held@example.com', 'nobody@example.com', '--at',
                          f'onprem={STORE}', code=WRONG, streams=True)
    assert done.splitlines() == [
        f'double   {DAVE}: hosted accepts dave@hosted.example.com: 250 2.1.5 Ok',
        'nowhere  held@example.com: onprem rejects held@example.com: 550 5.1.1 Unknown; '
        'hosted, the owner, rejects held@hosted.example.com: 550 5.1.1 Unknown',
        'no-entry nobody@example.com: no entry with this address',
        '1 nowhere: rejected by all sites',
        '1 double: accepted by another site too',
        '1 no-entry: in no directory',
        '1 ok: accepted by their owner alone']
    assert errors == ''


def test_json(conf, new_host, verify, port):
    new_host(HOSTED, port, replies={'RCPT': '550 5.1.1 \x1b[2J\xff'})
    done = verify(conf, '--json', ALICE, code=WRONG)
    assert json.loads(done) == {
        'recipient': ALICE, 'finding': 'lost', 'owners': ['hosted'],
        'reason': f'hosted, the owner, rejects {THEIRS}: 550 5.1.1 \\x1B[2J\\xFF',
        'answers': [
            {'site': 'onprem', 'answer': 'not-asked', 'recipient': None, 'reply': None, 'sends-to': []},
            {'site': 'hosted', 'answer': 'rejected', 'recipient': THEIRS,
             'reply': '550 5.1.1 \\x1B[2J\\xFF', 'sends-to': []}]}


def test_this_site_is_not_asked(conf, new_host, verify, port):
    """Its own mail server would accept recipients that it routes elsewhere. sdrctl says so once."""
    new_host(HOSTED, port, [THEIRS])
    reported = verify(conf, ALICE, DAVE, 'plain@example.com')
    assert '1 ok:' in reported and '2 unasked:' in reported
    assert reported.count('site onprem is this site and was not asked') == 1


def test_only_these_sites(new_file, new_host, verify, port):
    host = new_host(HOSTED, port, [THEIRS])
    assert '1 ok:' in verify(new_file(**SITES), '--site', 'HOSTED', ALICE)
    assert verbs(host).count('EHLO') == 1


def test_catch_all(conf, new_host, verify, port):
    """The first recipient, an invented one, finds it; no others are tried."""
    host = new_host(HOSTED, port, replies={'RCPT': '250 2.1.5 Ok'})
    reported = verify(conf, ALICE, DAVE, code=NOT_NOW)
    assert reported.count('accepts any recipient, so its answers prove nothing') == 1
    assert '2 unproven:' in reported
    assert verbs(host) == ['EHLO', 'MAIL', 'RCPT', 'RSET', 'QUIT']


def test_unproven_in_one_line(new_file, new_host, verify, port):
    """With the first addresses and how many there are; CSV has them all."""
    names = [f'p{n}' for n in range(7)]
    conf = new_file(''.join(world.person(name, sdrOwner='hosted') for name in names))
    new_host(HOSTED, port, replies={'RCPT': '250 2.1.5 Ok'})
    everybody = [f'{name}@example.com' for name in names]
    for count, words in (1, ''), (2, ', p1@example.com'), (3, ', p1@example.com, p2@example.com'), (
            7, ', p1@example.com, p2@example.com and 4 more'):
        reported = verify(conf, *everybody[:count], code=NOT_NOW)
        assert f'unproven p0@example.com{words}: hosted, the owner, accepts any recipient\n' in reported
        assert reported.count('unproven ') == 1 and f'\n{count} unproven: ' in reported
    assert verify(conf, '--csv', *everybody, code=NOT_NOW).count(',unproven,') == 7


PEOPLE = ['dave', 'plain', 'carol']


@pytest.mark.parametrize('control, names, finding', [
    ('', PEOPLE, 'unproven'),  # all that it was asked for
    ('', PEOPLE[:2], 'double'),
    ('carol', PEOPLE[:1], 'unproven'),
    ('zoe', PEOPLE, 'double'),
])
def test_a_site_that_routes_mail(new_file, new_host, verify, port, control, names, finding):
    """It accepts mail for mailboxes elsewhere; a mailbox known to be elsewhere shows this."""
    conf = new_file(world.PEOPLE + world.person('carol'), site_onprem={
        'routing-domain': 'onprem.%d', **({'verify-address': f'{control}@example.com'} if control else {})})
    new_host(HOSTED, port, [f'{name}@hosted.example.com' for name in PEOPLE])
    done, errors = verify(conf, '--csv', *[f'{name}@example.com' for name in names],
                          code=NOT_NOW if finding == 'unproven' else WRONG, streams=True)
    assert findings(done) == dict.fromkeys(names, finding)
    assert ('accepts all recipients of other sites' in errors) == (finding == 'unproven')


def replies(*texts):
    """One after the other; the last one is repeated for ever."""
    left = list(texts)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_temporary_answers_are_asked_for_again(conf, new_host, verify, port):
    host = new_host(HOSTED, port, replies={
        f'RCPT {THEIRS}': replies('450 4.7.1 Greylisted', '250 2.1.5 Ok')})
    assert '1 ok:' in verify(conf, ALICE)
    assert verbs(host).count('RCPT') == 3 and verbs(host).count('EHLO') == 2


def test_but_not_for_ever(conf, new_host, verify, port):
    host = new_host(HOSTED, port, replies={f'RCPT {THEIRS}': '450 4.2.0 \x9b2J'})
    reported = verify(conf, ALICE, '--retries', '1', code=NOT_NOW)
    assert f'unknown  {ALICE}: hosted, the owner, temporarily refuses {THEIRS}: 450 4.2.0' in reported
    assert '\x9b' not in reported
    assert verbs(host).count('RCPT') == 3


def test_unknown_whether_any_is_accepted(conf, new_host, verify, port):
    """Then an acceptance proves nothing."""
    new_host(HOSTED, port, [THEIRS], replies={'RCPT': '451 4.7.1 Later'})
    reported = verify(conf, ALICE, '--retries', '0', code=NOT_NOW)
    assert 'not known whether it rejects unknown recipients: 451 4.7.1 Later' in reported


@pytest.mark.parametrize('manner', [{}, PIPELINING], ids=['alone', 'pipelining'])
def test_hangs_up_again_and_again(new_file, new_host, verify, port, manner):
    """With 421 or without a reply. The next session continues, and no reply is taken for that to another
    recipient."""
    names = [f'u{n}' for n in range(40)]
    taken = [f'{name}@hosted.example.com' for name in names[::2]]
    calls = []

    def reply():
        calls.append(None)
        return ['550 5.1.1 Unknown', '421 4.7.0 Too many errors', '421'][
            0 if len(calls) % 9 else len(calls) % 2 + 1]
    new_host(HOSTED, port, taken, replies={'RCPT': reply, **manner})
    conf = new_file(''.join(world.person(name, sdrOwner='hosted') for name in names))
    found = findings(verify(conf, '--csv', '--all', code=WRONG))
    assert found == {name: 'lost' if n % 2 else 'ok' for n, name in enumerate(names)}


JUNK = '\r\n'.join(['220 mx.test', *['250 2.1.5 Ok'] * 50])


@pytest.mark.parametrize('manner, words', [
    ({'greeting': None}, 'no answer in time'),
    ({'greeting': drip('220 mx.test ' + 100 * 'x')}, 'no answer in time'),
    ({'greeting': '554 5.7.1 Blocked'}, 'the site refuses this host: 554 5.7.1 Blocked'),
    ({'greeting': JUNK}, 'replies to no command'),
    ({'RCPT': endless(b'250-x\r\n' * 100)}, 'an endless reply'),
    ({'RCPT': endless(b'x' * 1000)}, 'an endless line'),
    ({'RCPT': None}, 'no answer in time'),
    ({'RCPT': '999 \x1b[2J'}, 'not an SMTP reply'),
    ({'MAIL': '550 5.7.1 No \x1b[2Jbounces'}, 'MAIL FROM:<>: 550 5.7.1 No \\x1B[2Jbounces'),
])
def test_bad_hosts(conf, new_host, verify, port, manner, words):
    """It ends, reports the host once, and knows nothing."""
    new_host(HOSTED, port, replies={**PIPELINING, **manner})
    reported = verify(conf, ALICE, '--retries', '0', code=NOT_NOW,
                      timeout=SHORT if words == 'no answer in time' else LONG)
    assert reported.count('was not asked to the end') == 1 and words in reported, reported
    assert '1 unknown:' in reported and '\x1b' not in reported


def test_addresses_are_quoted(new_file, new_host, verify, port):
    """Unquoted blanks never reach a host."""
    conf = new_file(world.person('dave', sdrAddress='"d smith> notify"@example.com', mail=None,
                                 sdrOwner='hosted'))
    host = new_host(HOSTED, port, ['"d smith> notify"@hosted.example.com'],
                    replies=PIPELINING)
    assert '1 ok:' in verify(conf, '--all')
    assert 'RCPT TO:<"d smith> notify"@hosted.example.com>' in host.said


# --- whom ---

def test_a_directory_server(slapd, scratch, new_host, verify, port):
    """All addresses, a filter, and a batch, with the same account that routing uses."""
    there = Office(scratch, slapd)
    host = new_host(HOSTED, port, [f'{name}@hosted.example.com' for name in (
        'alice', 'bob', 'robert', 'both', 'held')])
    all_ = findings(verify(there.conf, '--all', '--csv'))
    assert all_ == {**dict.fromkeys(['alice', 'bob', 'robert', 'held'], 'ok'),
                    **dict.fromkeys(['both', 'dave', 'plain'], 'unasked')}
    assert findings(verify(there.conf, '--filter', '(uid=bob)', '--csv')) == {'bob': 'ok', 'robert': 'ok'}
    assert 'expected' not in verify(there.conf, '--filter', '(uid=nobody)', code=WRONG)
    assert 'filter' in verify(there.conf, '--filter', '(uid=', code=BAD_USE)
    batch = scratch / 'batch'
    batch.write_text('address\nheld@example.com\n')
    assert '1 ok:' in verify(there.conf, '--file', str(batch))
    slapd.stop()
    assert 'directory corp' in verify(there.conf, '--all', code=NOT_NOW)
    assert '1 unknown:' in verify(there.conf, ALICE, code=NOT_NOW)
    assert host.said.count('QUIT') == 3


@pytest.mark.parametrize('arguments, words, code', [
    ([], 'expected either addresses', BAD_USE),
    (['--all', ALICE], 'expected either addresses', BAD_USE),
    (['--filter', 'uid=alice'], 'not in parentheses', BAD_USE),
    (['--site', 'nowhere', ALICE], '--site: no such site: nowhere; known: onprem, hosted', BAD_USE),
    (['--site', 'onprem', ALICE], '--site: onprem is this site', BAD_USE),
    (['--at', 'onprem', ALICE], '--at: "onprem" is not SITE=HOST[:PORT]', BAD_USE),
    (['--at', 'nowhere=x', ALICE], '--at: no such site', BAD_USE),
    (['--site', 'hosted', '--at', 'onprem=x', ALICE], 'not among the sites of --site', BAD_USE),
    (['--rate', '0', ALICE], '--rate: "0" is not a number', BAD_USE),
    (['--retries', '21', ALICE], '--retries: "21" is not a number', BAD_USE),
    (['--csv', '--json', ALICE], 'use only one of --csv and --json', BAD_USE),
    (['--file', '/nonexistent'], '/nonexistent: No such file', WRONG),
    (['--filter', '(uid=alice)'], 'it is a file, which cannot be searched', WRONG),
    (['nobody@example.com', 'x@elsewhere.example', 'x'], '3 no-entry:', NO_ENTRY),
])
def test_misuse(conf, verify, arguments, words, code):
    assert words in verify(conf, *arguments, code=code)


# --- where it is seen ---

def test_progress_on_a_terminal_alone(conf, new_host, verify, port, stop_later):
    new_host(HOSTED, port, [THEIRS])
    assert '\r' not in verify(conf, ALICE)
    server = NameServer(NAMES, port=0)
    stop_later(server.stop)
    terminal, slave = pty.openpty()
    subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'verify', '--resolver', server.start().at,
                    '--port', str(port), ALICE], stderr=slave, stdout=subprocess.DEVNULL,
                   env=environment(), timeout=300, check=True)
    os.close(slave)
    assert b'\rsite hosted: ' in os.read(terminal, 4096)
    os.close(terminal)


# --- a real mail server ---

def test_postfix(conf, new_postfix, verify, stop_later):
    """It uses pipelining, and closes the connection after two errors."""
    site = new_postfix(main={
        'relay_domains': 'hosted.example.com', 'smtpd_hard_error_limit': '2',
        'relay_recipient_maps': f'inline:{{ {{ {THEIRS} = x }} {{ dave@hosted.example.com = x }} }}'})
    relay = Tap(HOSTED, site.port, to=HERE)
    stop_later(relay.stop)
    done = verify(conf, '--csv', '--all', '--at', f'hosted={HOSTED}:{relay.port}', code=WRONG)
    assert findings(done) == {'alice': 'ok', 'dave': 'double', 'plain': 'unasked', **dict.fromkeys(
        ['bob', 'robert', 'both', 'held'], 'lost')}
    assert site.queue() == []
