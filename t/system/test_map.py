"""What the lookup tables of sdr-milter answer, whoever asks

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import world
from socketmap import Socketmap


@pytest.fixture
def new_map(new_bare_milter, scratch):
    """new_map(**sections): a connection to the tables of a milter of its own."""
    def make(**sections):
        path = scratch / 'run/map.sock'
        sections['milter'] = {'map-socket': f'unix:{path}', **sections.get('milter', {})}
        new_bare_milter(**sections)
        return Socketmap(path)
    return make


@pytest.fixture
def tables(new_map):
    return new_map()


ROUTES = {
    'alice@example.com': 'OK alice@hosted.example.com',
    'Alice+x@Example.com': 'OK Alice+x@hosted.example.com',
    '"alice"@example.com': 'OK "alice"@hosted.example.com',
    'dave@example.com': 'NOTFOUND',
    'plain@example.com': 'NOTFOUND',
    'both@example.com': 'OK both@example.com, both@hosted.example.com',
    '<both@example.com>, evil@evil.test': 'OK both@example.com, both@hosted.example.com',
    'Both@EXAMPLE.com.': 'OK Both@example.com, Both@hosted.example.com',
    'held@example.com': 'TEMP 4.2.1 Mailbox is being moved, try again later',
    'nobody@example.com': 'NOTFOUND',
    'alice@hosted.example.com': 'NOTFOUND',
    'alice@onprem.example.com': 'OK alice@hosted.example.com',
    'dave@onprem.example.com': 'OK dave@example.com',
    'nobody@onprem.example.com': 'NOTFOUND',
    'postmaster@example.com': 'NOTFOUND',
    'alice@elsewhere.test': 'NOTFOUND',
    '@example.com': 'NOTFOUND',
    'example.com': 'NOTFOUND',
    'alice': 'NOTFOUND',
    '': 'NOTFOUND',
    '*': 'NOTFOUND',
}


@pytest.mark.parametrize('key, answer', ROUTES.items())
def test_route(tables, key, answer):
    assert tables.ask('route', key) == answer


LEGACY = {'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                          'next-hop': 'mx.legacy.test:2525'},
          'milter': {'milter-route': 'pass'}}
PEOPLE = world.PEOPLE + ''.join([
    world.person('leg', sdrOwner='legacy'),
    world.person('legboth', sdrOwner=['legacy', 'hosted'])])


@pytest.fixture
def routed(new_slapd, new_map):
    """Tables with a site that is reached by its next hop."""
    slapd = new_slapd(PEOPLE)
    return new_map(directory_corp={'uri': slapd.uri}, **LEGACY)


@pytest.mark.parametrize('key, route, transport', [
    ('leg@example.com', 'NOTFOUND', 'OK smtp:[mx.legacy.test]:2525'),
    ('LEG+x@example.com', 'NOTFOUND', 'OK smtp:[mx.legacy.test]:2525'),
    ('legboth@example.com', 'OK legboth@example.com, legboth@hosted.example.com',
     'OK smtp:[mx.legacy.test]:2525'),
    ('legboth@onprem.example.com', 'OK legboth@example.com, legboth@hosted.example.com',
     'NOTFOUND'),
    ('leg@onprem.example.com', 'OK leg@example.com', 'NOTFOUND'),
    ('alice@example.com', 'OK alice@hosted.example.com', 'NOTFOUND'),
    ('dave@example.com', 'NOTFOUND', 'NOTFOUND'),
    ('both@example.com', 'OK both@example.com, both@hosted.example.com', 'NOTFOUND'),
    ('nobody@example.com', 'NOTFOUND', 'NOTFOUND'),
    ('held@example.com', 'TEMP 4.2.1 Mailbox is being moved, try again later',
     'TEMP 4.2.1 Mailbox is being moved, try again later'),
    ('example.com', 'NOTFOUND', 'NOTFOUND'),
    ('.example.com', 'NOTFOUND', 'NOTFOUND'),
    ('*', 'NOTFOUND', 'NOTFOUND'),
])
def test_transport(routed, key, route, transport):
    assert (routed.ask('route', key), routed.ask('transport', key)) == (route, transport)


@pytest.mark.parametrize('next_hop, answer', [
    ('192.0.2.1:25', 'OK smtp:[192.0.2.1]:25'),
    ('[2001:db8::1]:25', 'OK smtp:[2001:db8::1]:25'),
])
def test_next_hop(new_slapd, new_map, next_hop, answer):
    slapd = new_slapd(PEOPLE)
    site = {**LEGACY['site legacy'], 'next-hop': next_hop}
    tables = new_map(directory_corp={'uri': slapd.uri}, **{**LEGACY, 'site legacy': site})
    assert tables.ask('transport', 'leg@example.com') == answer


@pytest.mark.parametrize('key, answer', [
    ('alice@example.com', 'OK known'),
    ('dave@example.com', 'OK known'),
    ('both@example.com', 'OK known'),
    ('dave+x@example.com', 'OK known'),
    ('alice@onprem.example.com', 'OK known'),
    ('postmaster@example.com', 'OK known'),
    ('nobody@example.com', 'NOTFOUND'),
    ('nobody@onprem.example.com', 'NOTFOUND'),
    ('held@example.com', 'TEMP 4.2.1 Mailbox is being moved, try again later'),
    # what this directory does not decide about
    ('alice@hosted.example.com', 'NOTFOUND'),
    ('alice@elsewhere.test', 'NOTFOUND'),
    ('alice', 'NOTFOUND'),
])
def test_recipient(tables, key, answer):
    assert tables.ask('recipient', key) == answer


@pytest.mark.parametrize('user, answer', [
    ('sdr-copy.both.=.example.com', 'OK both@onprem.example.com, both@hosted.example.com'),
    ('SDR-Copy.Both.=.Example.com', 'OK Both@onprem.example.com, Both@hosted.example.com'),
    ('sdr-copy.both+x.=.example.com', 'OK both+x@onprem.example.com, both+x@hosted.example.com'),
    # moved since the rule has asked
    ('sdr-copy.alice.=.example.com', 'OK alice@hosted.example.com'),
    ('sdr-copy.dave.=.example.com', 'OK dave@onprem.example.com'),
    ('sdr-copy.nobody.=.example.com', 'OK nobody@onprem.example.com'),
    ('sdr-copy.held.=.example.com', 'TEMP 4.2.1 Mailbox is being moved, try again later'),
    # none of ours
    ('sdr-copy.a.=.b.=.example.com', 'OK a.=.b@onprem.example.com'),
    ('sdr-copy.both.=.elsewhere.test', 'NOTFOUND'),
    ('sdr-copy.both.=.onprem.example.com', 'NOTFOUND'),
    ('sdr-copy.both', 'NOTFOUND'),
    ('sdr-copy..=.example.com', 'NOTFOUND'),
    ('sdr-copy.', 'NOTFOUND'),
    ('root', 'NOTFOUND'),
    ('both@example.com', 'NOTFOUND'),
])
def test_alias(tables, user, answer):
    assert tables.ask('Alias1', user) == answer


def test_an_alias_settles_what_route_is_asked_next(tables):
    """The address itself stays here: else it would become the same alias again."""
    tables.ask('Alias1', 'sdr-copy.both.=.example.com')
    assert tables.ask('route', 'both@onprem.example.com') == 'OK both@example.com'
    assert tables.ask('recipient', 'both@example.com') == 'OK known'
    assert tables.ask('route', 'both@example.com') == 'NOTFOUND'
    assert tables.ask('route', 'both@example.com') == ROUTES['both@example.com']


@pytest.mark.parametrize('between', ['alice@example.com', 'BOTH@onprem.example.com', ''])
def test_another_question_between_settles_nothing(tables, between):
    tables.ask('route', 'both@onprem.example.com')
    tables.ask('route', between)
    settled = between.startswith('BOTH')
    assert tables.ask('route', 'both@example.com') == (
        'NOTFOUND' if settled else ROUTES['both@example.com'])


@pytest.mark.parametrize('table', ['', 'Route', 'routes', 'rout', 'Alias', 'Alias10', 'Aliasx',
                                   'x' * 4000])
def test_no_such_table(tables, table):
    assert tables.ask(table, 'alice@example.com').startswith('PERM ')


def test_unknown_elsewhere(new_map):
    tables = new_map(**{'domain example.com': {'unknown': 'hosted'}})
    assert tables.ask('route', 'nobody@example.com') == 'OK nobody@hosted.example.com'
    assert tables.ask('recipient', 'nobody@example.com') == 'OK known'
    assert tables.ask('recipient', 'nobody@onprem.example.com') == 'NOTFOUND'


def test_unknown_passes(new_map):
    tables = new_map(**{'domain example.com': {'unknown': 'pass'}})
    assert tables.ask('route', 'nobody@example.com') == 'NOTFOUND'
    assert tables.ask('recipient', 'nobody@example.com') == 'OK known'


@pytest.mark.parametrize('table', ['route', 'transport', 'recipient'])
def test_directory_away(tables, slapd, table):
    slapd.stop()
    assert tables.ask(table, 'alice@example.com') == (
        'TEMP 4.4.3 Directory unavailable, try again later')
    assert tables.ask(table, 'alice@elsewhere.test') == 'NOTFOUND'
