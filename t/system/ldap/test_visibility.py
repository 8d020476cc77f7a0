"""test_visibility.py - hidden values in a directory cause no rejection and no wrong delivery

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import slapd as slapd_module
from slapd import odd_schema
from world import PEOPLE, person

# Only the milter and the directory; test_directory.py tests the replies of both MTAs.
pytestmark = pytest.mark.usefixtures('postfix')

HIDES = """\
access to attrs=userPassword by anonymous auth by * none
access to attrs={} by * none
access to * by dn.exact="{}" read by * auth
"""


@pytest.fixture
def asked(new_slapd, new_milter, conf, deliver):
    """asked(directory options, slapd options): deliver, with such a directory."""
    def make(directory=None, site_hosted=None, **options):
        server = new_slapd(**options)
        new_milter(conf(directory_corp={'uri': server.uri, **(directory or {})},
                        site_hosted=site_hosted or {})).start()
        return deliver
    return make


@pytest.mark.parametrize('hidden', ['sdrOwner', 'sdrHold', 'sdrRoutingAddress'])
def test_hidden_attribute(asked, hidden):
    """An owner that cannot be read looks like none: Alice would stay at the default-owner."""
    deliver = asked(acl=HIDES.format(hidden, slapd_module.READER_DN))
    sent, got = deliver(['alice@example.com', 'plain@example.com'])
    assert [r.code for r in sent.rcpts] == [451, 451]
    assert got == Counter()


ALIASES_ARE_HIDDEN = HIDES.format('sdrAddress', slapd_module.READER_DN)
CATCH_ALL = person('all', mail='@example.com', sdrOwner='hosted')


def test_hidden_aliases(asked):
    """Robert looks as if he did not exist."""
    deliver = asked(acl=ALIASES_ARE_HIDDEN)
    sent, got = deliver(['alice@example.com', 'robert@example.com', 'nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [250, 451, 451]
    assert got == Counter(['alice@hosted.example.com'])


@pytest.mark.parametrize('recipient', ['robert@example.com', 'nobody@example.com'])
def test_hidden_aliases_and_somebody_for_the_rest(asked, recipient):
    """No mail for Robert goes to the catch-all."""
    deliver = asked(acl=ALIASES_ARE_HIDDEN, ldif=PEOPLE + CATCH_ALL)
    sent, got = deliver(['alice@example.com', recipient])
    assert [r.code for r in sent.rcpts] == [250, 451]
    assert got == Counter(['alice@hosted.example.com'])


def test_hidden_aliases_that_nobody_asks_for(asked):
    deliver = asked({'address-attribute': 'mail'}, acl=ALIASES_ARE_HIDDEN, ldif=PEOPLE + CATCH_ALL)
    sent, got = deliver(['alice@example.com', 'nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [250, 250]
    assert got == Counter(['alice@hosted.example.com', 'nobody@hosted.example.com'])


# For an owner attribute that is not text: its definition, and a value for hosted.
SYNTAXES = {
    'DN': ('EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12',
           'cn=hosted,dc=example,dc=com'),
    'number': ('EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27', '2'),
    'truth': ('EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7', 'TRUE'),
    'no rule': ('SYNTAX 1.3.6.1.4.1.1466.115.121.1.15', 'hosted'),
}


@pytest.fixture(params=SYNTAXES)
def odd_owner(request, asked, scratch):
    """odd_owner(acl): deliver; Alice's owner is such a value, Dave has none."""
    definition, value = SYNTAXES[request.param]
    schema = odd_schema(scratch / 'odd.schema', 'oddOwner', definition)
    people = [person(name, objectClass=['inetOrgPerson', 'odd'], oddOwner=owner)
              for name, owner in [('alice', value), ('dave', None)]]
    return lambda acl: asked({'owner-attribute': 'oddOwner'}, ldif=''.join(people),
                             schema=[schema], acl=acl, site_hosted={'owner-value': value})


def test_owner_that_is_no_text(odd_owner):
    sent, got = odd_owner(acl=None)(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [250, 250]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


def test_hidden_owner_that_is_no_text(odd_owner):
    deliver = odd_owner(acl=HIDES.format('oddOwner', slapd_module.READER_DN))
    sent, got = deliver(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [451, 451]
    assert got == Counter()


@pytest.mark.parametrize('option', ['owner-attribute', 'hold-attribute',
                                    'routing-address-attribute'])
def test_misspelt_attribute(asked, option):
    deliver = asked({option: 'sdrOwnr'})
    sent, _ = deliver(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [451, 451]


def test_presence_needs_no_schema(asked):
    """Every entry in the directory belongs to the default-owner; no entry has our attributes."""
    people = person('dave', objectClass='inetOrgPerson')
    deliver = asked(ldif=people, sdr_schema=False)
    sent, got = deliver(['dave@example.com', 'nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [250, 550]
    assert got == Counter(['dave@example.com'])


@pytest.mark.parametrize('attributes, code', [
    (['mail'], 550),
    (['sdrAddress', 'mail'], 550),
    (['mial'], 451),
    (['mail', 'mial'], 451),
    (['mail', 'mailLocalAddress'], 451),
])
def test_address_attributes_that_are_named_must_be_seen(asked, attributes, code):
    deliver = asked({'address-attribute': attributes})
    sent, _ = deliver(['nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [code]


def test_attribute_without_equality_rule(asked, scratch):
    """slapd finds no entry by it, and returns result 0."""
    schema = odd_schema(scratch / 'odd.schema', 'oddAddress',
                        'SYNTAX 1.3.6.1.4.1.1466.115.121.1.15')
    people = person('alice', objectClass=['inetOrgPerson', 'odd'], mail=None,
                    oddAddress='alice@example.com')
    deliver = asked({'address-attribute': 'oddAddress'}, ldif=people, schema=[schema])
    sent, _ = deliver(['alice@example.com', 'nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [451, 451]


def test_references_make_a_none_unsure(asked):
    """Part of the tree is on another server, which sdr does not query."""
    referral = ('dn: ou=branch,dc=example,dc=com\nobjectClass: referral\n'
                'objectClass: extensibleObject\nou: branch\n'
                'ref: ldap://127.0.0.1:1/ou=branch,dc=example,dc=com\n\n')
    deliver = asked(ldif=person('dave', sdrOwner='onprem') + referral)
    sent, _ = deliver(['nobody@example.com'])
    assert [r.code for r in sent.rcpts] == [451]


def test_the_harmless_references_of_active_directory(asked):
    referral = ('dn: cn=Configuration,dc=example,dc=com\nobjectClass: referral\n'
                'objectClass: extensibleObject\ncn: Configuration\n'
                'ref: ldap://127.0.0.1:1/CN=Configuration,dc=example,dc=com\n\n')
    deliver = asked(ldif=person('dave', sdrOwner='onprem') + referral)
    sent, _ = deliver(['nobody@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [550, 250]
