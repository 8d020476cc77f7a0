"""test_merged.py - two companies, one domain: each directory has its own default-owner

One has OpenLDAP, the other, which was bought, Active Directory; neither has our schema. A sure answer of one
directory is used while the other is down.

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import samba
import slapd as ldap
import world
from adldif import person
from befall import frozen, killed, stopped

# Only the milter and the directories matter here.
pytestmark = pytest.mark.usefixtures('postfix')

RECIPIENTS = ALICE, ALICE_NEWS, DAVE, TWICE, NOBODY = [
    f'{name}@example.com' for name in ('alice', 'alice+news', 'dave', 'twice', 'nobody')]
TIMEOUT = 6
OURS, THEIRS = 'ours', 'theirs'
EXPECTED = {
    None: ([250, 250, 250, 451, 550], [ALICE, ALICE_NEWS, DAVE]),
    OURS: ([250, 451, 451, 250, 451], [ALICE, TWICE]),
    THEIRS: ([451, 451, 250, 250, 451], [DAVE, TWICE]),
}


@pytest.fixture
def slapd(new_slapd):
    """Our server."""
    return new_slapd(world.person('dave', objectClass='inetOrgPerson')
                     + world.person('twice', objectClass='inetOrgPerson'), sdr_schema=False)


@pytest.fixture
def theirs(new_ad):
    return new_ad(samba.BASE + person('alice') + person('twice'), image=samba.plain_image())


@pytest.fixture
def start(new_milter, conf, ca, scratch):
    """start(servers): a running milter; the directory that was bought is at these."""
    def make(servers):
        bought = {**world.CONF['directory corp'], 'uri': [s.ldaps_uri for s in servers],
                  'tls-ca-file': str(ca.cert), 'password-file': str(scratch / 'password'),
                  'default-owner': 'hosted', 'timeout': str(TIMEOUT)}
        return new_milter(conf(directory_corp={'timeout': str(TIMEOUT)},
                               directory_bought=bought)).start()
    return make


def hosted(address):
    return address.replace('@', '@hosted.')


def right(deliver, away):
    """Every answer is right while this directory is down."""
    codes, known = EXPECTED[away]
    sent, got = deliver(RECIPIENTS)
    assert [rcpt.code for rcpt in sent.rcpts] == codes
    stays = {DAVE} | ({TWICE} if away == THEIRS else set())
    assert got == Counter(address if address in stays else hosted(address) for address in known)


@pytest.mark.parametrize('befall', [stopped, killed, frozen])
@pytest.mark.parametrize('away', [OURS, THEIRS])
def test_one_company_is_away(slapd, theirs, start, deliver, away, befall):
    start([theirs])
    right(deliver, None)
    with befall(slapd if away == OURS else theirs):
        right(deliver, away)
    right(deliver, None)


def test_away_from_the_beginning(slapd, theirs, start, deliver):
    with stopped(slapd):
        start([theirs])
        right(deliver, OURS)
    right(deliver, None)


@pytest.mark.parametrize('befall', [killed, frozen])
def test_one_of_their_two_servers_is_away(new_ad, theirs, start, deliver, befall):
    second = new_ad(samba.BASE + person('alice') + person('twice'), image=samba.plain_image())
    start([theirs, second])
    for server in [theirs, second]:
        with befall(server):
            right(deliver, None)


def test_their_account_is_refused(theirs, start, deliver):
    theirs.modify(f'dn: {ldap.READER_DN}\nchangetype: modify\n'
                  'replace: userAccountControl\nuserAccountControl: 514\n')
    start([theirs])
    right(deliver, THEIRS)
