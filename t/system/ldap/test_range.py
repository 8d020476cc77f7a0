"""test_range.py - attributes whose values a server returns in pieces, as Active Directory does

Samba never does; here t/lib/fakeldap.py plays Active Directory.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import time

import pytest

import ldapwire
import sdrctl
import world
from fakeldap import FakeLdap
from proc import PATIENCE

pytestmark = pytest.mark.input

PIECE, MANY = 1500, 4000
ALICE = 'alice@example.com'
DN = 'CN=Alice,dc=example,dc=com'
HOSTED = 'CN=hosted,dc=example,dc=com'
TIMEOUT = 20
SHORT = 5  # if the server delays until then
FOUND, AWAY = 'redirect', 'defer'


def addresses(alice_at, count=MANY):
    values = [f'smtp:a{i}@example.com' for i in range(count)]
    values[alice_at] = f'SMTP:{ALICE}'
    return values


def piece(name, values, first):
    """A correct piece."""
    some = values[first:first + PIECE]
    end = first + len(some)
    return {f'{name};range={first}-{"*" if end == len(values) else end - 1}': some}


class Directory:
    """Entries in which one attribute has so many values that they come in pieces. Every search returns all
    entries; other tests check the filters."""

    def __init__(self, people, following=piece):
        """
        people     {dn: (name, values, others)}: the attribute with many, and the other ones
        following  what makes the pieces after the first
        """
        self._people = people
        self._following = following

    def __call__(self, search):
        for dn, (name, values, others) in self._people.items():
            asked = re.match(rf'{name};range=(\d+)-\*', search.attributes[0])
            if search.base == dn:
                yield dn, self._following(name, values, int(asked[1])) if asked else others
            elif search.whole:
                yield dn, {**others, name: [], **piece(name, values, 0)}


@pytest.fixture
def ask(scratch, stop_later, talk):
    """ask(answer, directory options): (Answer of one who asks for Alice, in time; the server)."""
    def make(answers, **options):
        server = FakeLdap(answers).start()
        stop_later(server.stop)
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.uri, 'bind': None, 'bind-dn': None, 'timeout': str(TIMEOUT),
            'profile': 'exchange', **options},
            site_hosted={'routing-domain': 'hosted.%d', 'owner-value': HOSTED}))
        begin = time.monotonic()
        answer = talk(conf).ask(ALICE)
        assert time.monotonic() - begin < TIMEOUT + PATIENCE
        return answer, server
    return make


# --- as it should be ---

TARGET = {'targetAddress': ['SMTP:alice@hosted.example.com']}


@pytest.mark.parametrize('place', [0, PIECE - 1, PIECE, 2 * PIECE, MANY - 1])
def test_address_in_any_piece(ask, place):
    answer, server = ask(Directory({DN: ('proxyAddresses', addresses(place), TARGET)}))
    assert answer['targets'] == ['alice@hosted.example.com']
    asked = [search.attributes for search in server.searches if search.base == DN]
    assert asked == [['proxyAddresses;range=1500-*'], ['proxyAddresses;range=3000-*']]


def test_nobody_has_it(ask):
    """This is certain only after all pieces were read."""
    values = [f'smtp:a{i}@example.com' for i in range(MANY)]
    answer, server = ask(Directory({DN: ('proxyAddresses', values, TARGET)}))
    assert answer['reply'].startswith('550 5.1.1')
    asked = [search for search in server.searches if search.base != '']  # after the root DSE
    assert asked[0].whole and asked[2].attributes == ['proxyAddresses;range=3000-*']


def test_several_entries(ask):
    bob = {f'CN=b{i},dc=example,dc=com': ('proxyAddresses', addresses(0)[1:], {}) for i in range(3)}
    answer, _ = ask(Directory({**bob, DN: ('proxyAddresses', addresses(MANY - 1), TARGET)}))
    assert answer['targets'] == ['alice@hosted.example.com']


@pytest.mark.parametrize('place', [0, MANY - 1])
def test_group_in_any_piece(ask, place):
    groups = [f'CN=g{i},dc=example,dc=com' for i in range(MANY)]
    groups[place] = HOSTED
    answer, _ = ask(Directory({DN: ('memberOf', groups, {'mail': [ALICE]})}),
                    **{'profile': 'sdr', 'owner-attribute': 'memberOf'})
    assert answer['targets'] == ['alice@hosted.example.com']


# --- as it should not be: the right answer, or none ---

def at(name, first, last, values):
    return {f'{name};range={first}-{last}': values}


FOLLOWING = {
    'overlapping': (lambda name, values, first: piece(name, values, first - 100), FOUND),
    'all again': (lambda name, values, first: at(name, 0, '*', values), FOUND),
    'without options': (lambda name, values, first: {name: values}, AWAY),
    'without end': (lambda name, values, first: at(name, first, first, ['smtp:x@example.com']), AWAY),
    'without values': (lambda name, values, first: at(name, first, first + 9, []), AWAY),
    'the first again': (lambda name, values, first: piece(name, values, 0), AWAY),
    'backwards': (lambda name, values, first: at(name, 0, 9, values[:10]), AWAY),
    'gap': (lambda name, values, first: at(name, first + 1, '*', values[first + 1:]), AWAY),
    'too large': (lambda name, values, first: at(name, first, 1 << 32, values[first:]), AWAY),
    'much too large': (lambda name, values, first: at(name, first, 1 << 70, values[first:]), AWAY),
    'no number': (lambda name, values, first: at(name, first, 'x', values[first:]), AWAY),
    'upside down': (lambda name, values, first: at(name, first, first - 1, values[first:]), AWAY),
    'another attribute': (lambda name, values, first: at('mail', first, '*', values[first:]), AWAY),
    'a longer name': (lambda name, values, first: at(name + 's', first, '*', values[first:]), AWAY),
    'nothing': (lambda name, values, first: {}, AWAY),
}


@pytest.mark.parametrize('place', [0, PIECE])
@pytest.mark.parametrize('case', FOLLOWING)
def test_pieces_that_follow_wrongly(ask, case, place):
    """The pieces are groups. Without the missing ones Alice would belong to the default-owner."""
    following, expected = FOLLOWING[case]
    groups = [f'CN=g{i},dc=example,dc=com' for i in range(MANY)]
    groups[place] = HOSTED
    answer, _ = ask(Directory({DN: ('memberOf', groups, {'mail': [ALICE]})}, following),
                    **{'profile': 'sdr', 'owner-attribute': 'memberOf',
                       'timeout': str(SHORT if case == 'without end' else TIMEOUT)})
    assert answer['verdict'] == expected, answer
    assert expected == FOUND or 'search for more values of memberOf' in answer['reason']


@pytest.mark.parametrize('name', [
    'range=', 'range=0', 'range=0-', 'range=-9', 'range=5-0', 'range=0-x', 'range=0-4294967295',
    'range=0-99999999999999999999', 'range=1500-2999', 'range=1500-*'])
def test_first_piece_that_makes_no_sense(ask, name):
    """The missing values might include the recipient's address."""
    def answer(search):
        if search.whole:
            yield DN, {f'proxyAddresses;{name}': ['smtp:x@example.com'], 'mail': ['x@example.com']}
    assert ask(answer)[0]['verdict'] == AWAY


@pytest.mark.parametrize('code', [ldapwire.NO_SUCH_OBJECT, ldapwire.UNAVAILABLE, ldapwire.TIME_LIMIT])
def test_no_more_after_the_first(ask, code):
    values = addresses(MANY - 1)

    def answer(search):
        if search.whole:
            yield DN, {**TARGET, **piece('proxyAddresses', values, 0)}
        elif search.base:
            yield code
    assert ask(answer)[0]['verdict'] == AWAY


def test_entries_without_end(ask):
    """The entries are not kept in memory."""
    values = addresses(MANY - 1)

    def answer(search):
        if search.whole:
            yield DN, {**TARGET, **piece('proxyAddresses', values, 0)}
        while search.base == DN:
            yield DN, piece('proxyAddresses', values, PIECE)
    assert 'several entries' in ask(answer)[0]['reason']


# --- an entry whose attributes are cut ---

NO_VALUES = ldapwire.tlv(0x30, ldapwire.tlv(0x04, b'targetAddress'))
CUT_NAME, CUT_LIST = b'\x30\x20\x04\x20targetAddress', b'\x30\x20\x04\x0dtargetAddress\x31\x02\x04\x20S'


@pytest.mark.parametrize('rest', [NO_VALUES, CUT_NAME, CUT_LIST], ids=['values', 'name', 'list'])
def test_cut_entry(ask, rest):
    """The recipient exists, but the missing part may say where the mail goes."""
    address = ldapwire.tlv(0x30, ldapwire.tlv(0x04, b'proxyAddresses'),
                           ldapwire.tlv(0x31, ldapwire.tlv(0x04, f'SMTP:{ALICE}'.encode())))
    cut = ldapwire.tlv(ldapwire.SEARCH_ENTRY, ldapwire.tlv(0x04, DN.encode()),
                       ldapwire.tlv(0x30, address, rest))

    bob = f'CN=Bob,{world.CONF["directory corp"]["search-base"]}'

    def answer(search):
        if search.whole and b'bob' in search.filter:
            yield bob, {'proxyAddresses': ['SMTP:bob@example.com'],
                        'targetAddress': ['SMTP:bob@hosted.example.com']}
        elif search.whole:
            yield cut
    assert ask(answer, **{'must-see': 'bob@example.com hosted'})[0]['verdict'] == AWAY
