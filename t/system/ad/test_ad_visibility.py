"""test_ad_visibility.py - hidden values in Active Directory cause no wrong delivery

It answers "none" both for hidden and for missing entries.

SPDX-License-Identifier: BSD-2-Clause
"""
import uuid

import pytest

import ldapwire
import sdrctl
import world
from adldif import person
from badserver import BadServer
from fakeldap import FakeLdap
from slapd import READER_DN, READER_PASSWORD, SUFFIX
from test_ad_schema import ad_definitions
from test_schema import readme

ALICE, HELD = 'alice@example.com', 'held@example.com'
PEOPLE = person('alice', sdrOwner='hosted') + person('held', sdrOwner='hosted', sdrHold='TRUE')
UNSURE, MOVING = '451 4.4.3', '451 4.2.1'
NOT_KNOWN = 'the schema has no attribute sdrOwnr'
CONFIDENTIAL = '{} cannot be read: the schema marks it as confidential'
NO_MORE = 'no user shows a value of {} any more'
ATTRIBUTES = ['sdrOwner', 'sdrRoutingAddress', 'sdrHold']
SCHEMA = f'CN=Schema,CN=Configuration,{SUFFIX}'


def guid(attribute):
    """A GUID in the form of access rules."""
    return uuid.UUID(bytes_le=ad_definitions()[attribute]['schemaIDGUID'][0])


def access(server, *rules):
    """The access of the reader below ou=people, in addition to what it inherits."""
    sid = "sid=$(samba-tool user show router --attributes=objectSid | sed -n 's/^objectSid: //p')\n"
    server.shell(sid + ''.join(f'samba-tool dsacl set --objectdn=OU=people,{SUFFIX} --sddl="{rule}"\n'
                               for rule in rules))


def hide(server, attribute):
    access(server, f'(OD;CI;RP;{guid(attribute)};;$sid)')


def make_confidential(server, attribute):
    server.modify(f'dn: CN={attribute},{SCHEMA}\nchangetype: modify\n'
                  'replace: searchFlags\nsearchFlags: 128\n\n'
                  'dn:\nchangetype: modify\nadd: schemaUpdateNow\nschemaUpdateNow: 1\n')


def change(server, name, text):
    server.modify(f'dn: CN={name},OU=people,{SUFFIX}\nchangetype: modify\n{text}')


def seen(server, attribute):
    return server.search(f'({attribute}=*)', attribute, dn=READER_DN, password=READER_PASSWORD)


@pytest.fixture
def write(scratch, ca):
    """write(server, ...): an sdr.conf."""
    def make(server, **options):
        return sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server and server.ldaps_uri, 'tls-ca-file': str(ca.cert),
            'password-file': str(world.password_file(scratch)), **options}))
    return make


@pytest.fixture
def route(write):
    """route(server, ...): the lines of sdrctl."""
    return lambda server, **options: sdrctl.run(
        write(server, **options), 'route', ALICE, HELD).stdout.splitlines()


@pytest.fixture
def findings(write):
    """findings(server, 'access'): what sdrctl check directory says of them."""
    return lambda server, subject: [line for line in sdrctl.run(
        write(server), 'check', 'directory').stdout.splitlines() if f'{subject}:' in line]


# --- what the schema says ---

@pytest.mark.parametrize('option', ['owner-attribute', 'hold-attribute',
                                    'routing-address-attribute'])
def test_misspelt_attribute(ad, route, option):
    ad.add(PEOPLE)
    lines = route(ad, **{option: 'sdrOwnr'})
    assert all(UNSURE in line and NOT_KNOWN in line for line in lines), lines


def test_global_catalog_shows_it_too(ad, route):
    ad.add(PEOPLE)
    assert UNSURE not in route(ad, uri=ad.gc_ldaps_uri)[0]
    assert NOT_KNOWN in route(ad, uri=ad.gc_ldaps_uri, **{'owner-attribute': 'sdrOwnr'})[0]


@pytest.mark.parametrize('attribute', ['sdrOwner', 'sdrHold'])
def test_confidential_attribute(new_ad, route, findings, attribute):
    """The right to read all properties does not include it."""
    server = new_ad(PEOPLE)
    make_confidential(server, attribute)
    assert f'{attribute}: ' not in seen(server, attribute)
    assert all(UNSURE in line and CONFIDENTIAL.format(attribute) in line for line in route(server))
    assert any(f'WRONG      access: {attribute} is marked' in line
               for line in findings(server, 'access'))

    access(server, f'(OA;CI;RPCR;{guid(attribute)};;$sid)')
    assert 'redirect to alice@hosted' in route(server)[0]
    assert MOVING in route(server)[1]


# --- what was shown, and is no longer ---

@pytest.mark.parametrize('attribute', ['sdrOwner', 'sdrRoutingAddress'])
def test_hidden_while_in_use(new_ad, write, talk, attribute):
    server = new_ad(PEOPLE + person('other', sdrRoutingAddress='other@hosted.example.com'))
    asked = talk(write(server))
    assert asked.ask(ALICE)['verdict'] == 'redirect'
    hide(server, attribute)
    server.stop()
    server.start()
    answers = [asked.ask(recipient) for recipient in [ALICE, 'other@example.com', HELD]]
    assert [answer['verdict'] for answer in answers] == ['defer'] * 3
    assert all(NO_MORE.format(attribute) in answer['reason'] for answer in answers)


def test_not_even_distinguished_from_moved_back(new_ad, write, talk):
    """The last entry with an owner loses it. Only a reload, or another entry with an owner, makes the answer
    sure again."""
    server = new_ad(PEOPLE)
    conf = write(server)
    asked = talk(conf)
    assert asked.ask(ALICE)['verdict'] == 'redirect'
    for name in ['alice', 'held']:
        change(server, name, 'delete: sdrOwner\n')
    server.stop()
    server.start()
    assert NO_MORE.format('sdrOwner') in asked.ask(ALICE)['reason']
    assert talk(conf).ask(ALICE)['verdict'] == 'pass'

    change(server, 'held', 'add: sdrOwner\nsdrOwner: hosted\n')
    server.stop()
    server.start()
    assert asked.ask(ALICE)['verdict'] == 'pass'


def test_the_hold_comes_and_goes(new_ad, write, talk):
    server = new_ad(PEOPLE)
    asked = talk(write(server))
    assert asked.ask(HELD)['reply'].startswith(MOVING)
    change(server, 'held', 'delete: sdrHold\n')
    server.stop()
    server.start()
    assert [asked.ask(r)['verdict'] for r in [HELD, ALICE]] == ['redirect', 'redirect']


# --- what cannot be known ---

def test_nobody_has_been_moved_yet(ad, route, findings):
    ad.add(person('alice') + person('held'))
    assert [line.split(': ')[1] for line in route(ad)] == ['pass (owner is this site)'] * 2
    lines = findings(ad, 'access')
    for line, attribute in zip(lines, ATTRIBUTES, strict=True):
        assert f'warning    access: no user shows a value of {attribute}: either no user has one, ' \
               'or this account may not read it' in line


def test_somebody_who_shows_all(new_ad, findings):
    """The entry from README.md that makes the check sure; a contact does not do."""
    [entry] = readme('## Access in Active Directory', 'dn: ')
    server = new_ad(person('alice') + entry.replace('objectClass: user', 'objectClass: contact')
                    .replace('sAMAccountName: ', 'displayName: '))
    assert all('no user shows' in line for line in findings(server, 'access'))
    server.add(entry.replace('sdr shows all', 'sdr shows everything'))
    assert [line.partition(': ')[2] for line in findings(server, 'access')] == [
        f'{attribute} can be read' for attribute in ATTRIBUTES]
    hide(server, 'sdrHold')
    assert any('no user shows a value of sdrHold' in line for line in findings(server, 'access'))


# --- when the server does not say ---

CAPABILITIES = ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1851']
DEFINITIONS = ['objectClass', *ATTRIBUTES]


def fake_ad(definitions=(), look=(), capability=CAPABILITIES[0]):
    """Answers of a server that has these definitions in its schema, and this answer to the search for users.
    """
    def answer(search):
        if search.base == '':
            yield '', {'supportedCapabilities': [capability], 'schemaNamingContext': [SCHEMA]}
        elif search.base == SCHEMA:
            yield from ((f'CN={name},{SCHEMA}', {'lDAPDisplayName': [name]}) for name in definitions)
        elif b'objectClass' in search.filter:
            yield from look
        else:
            yield f'CN=alice,{SUFFIX}', {'mail': [ALICE]}
    return answer


@pytest.mark.parametrize('answer, expected', [
    (fake_ad(DEFINITIONS), 'pass'),
    (fake_ad(DEFINITIONS, [ldapwire.TIME_LIMIT]), 'pass'),
    (fake_ad(DEFINITIONS, [ldapwire.UNAVAILABLE]), UNSURE),
    (fake_ad(DEFINITIONS[:1]), 'pass'),
    (fake_ad([]), 'the schema cannot be read'),
    (fake_ad([], capability=CAPABILITIES[1]), 'the schema cannot be read'),
], ids=['nobody', 'no time', 'no answer', 'not in the schema', 'no schema', 'no schema of LDS'])
def test_server_that_does_not_say(write, stop_later, answer, expected):
    server = FakeLdap(answer).start()
    stop_later(server.stop)
    assert expected in sdrctl.run(write(None, uri=server.uri), 'route', ALICE).stdout


class GrowsSlow:
    """Shows Alice's owner. After it has closed a connection once, it answers only searches with a time limit
    above 2 seconds."""

    def __init__(self):
        self.hang_up = False
        self._slow = False

    def __call__(self, search):
        if self.hang_up:
            self.hang_up, self._slow = False, True
            raise ConnectionResetError
        shown = [(f'CN=alice,{SUFFIX}', {'sdrOwner': ['hosted']})]
        late = [ldapwire.TIME_LIMIT] if self._slow and search.seconds <= 2 else shown
        return fake_ad(DEFINITIONS, late)(search)


def test_server_that_grows_slow(write, talk, stop_later):
    """Only a search that has ended proves that no entry shows an owner any more."""
    answer = GrowsSlow()
    server = FakeLdap(answer).start()
    stop_later(server.stop)
    asked = talk(write(None, uri=server.uri))
    assert asked.ask(ALICE)['verdict'] == 'pass'
    answer.hang_up = True
    assert asked.ask(ALICE)['verdict'] == 'pass'
    assert not answer.hang_up


# --- what it costs ---

def test_not_asked_for_every_recipient(new_ad, write, talk, stop_later):
    server = new_ad(PEOPLE, options='ldap server require strong auth = no')
    wire = BadServer((server.address, 389)).start()
    stop_later(wire.stop)
    asked = talk(write(server, uri=wire.uri))
    for _ in range(20):
        assert asked.ask(ALICE)['verdict'] == 'redirect'
    known = [b'supportedCapabilities', b'lDAPDisplayName']
    assert [sum(name in request for request in wire.requests) for name in known] == [1, 1]
    assert len(wire.requests) < 20 + 10


def test_another_server_is_asked_once(new_slapd, write, talk):
    server = new_slapd()
    asked = talk(write(server))
    for _ in range(3):
        assert asked.ask(ALICE)['verdict'] == 'redirect'
    assert server.log().count('SRCH base="" scope=0') == 1
