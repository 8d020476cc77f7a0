"""test_show.py - sdrctl show: what the directories contain about an address

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import re

import pytest

import adldif
import sdrctl
import world
from peoplefile import PeopleFile
from slapd import ADMIN_DN, READER_DN, SUFFIX
from world import person

OK, BAD_USE, NOBODY, NOT_NOW = 0, 64, 67, 75
ALICE, ALICES_DN = 'alice@example.com', f'uid=alice,ou=people,{SUFFIX}'
MOVE_TO = f'dn: {ALICES_DN}\nchangetype: modify\nreplace: sdrOwner\nsdrOwner: '
MOMENT = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'


@pytest.fixture
def new_conf(scratch):
    """new_conf(server, **sections): the path of an sdr.conf that asks this server."""
    def make(server, directory_corp=None, **sections):
        password = world.password_file(scratch)
        return sdrctl.write_conf(scratch, world.conf(
            directory_corp={'uri': server.uri, 'password-file': str(password),
                            **(directory_corp or {})}, **sections))
    return make


def text(conf, *arguments, code=OK):
    done = sdrctl.run(conf, 'show', *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def show(conf, recipient, code=OK):
    """The only object of the output."""
    return json.loads(text(conf, '--json', recipient, code=code))


def entries(answer):
    return [entry for directory in answer['directories'] for entry in directory['entries']]


def entry_of(conf, recipient):
    """The only entry of the only directory."""
    one, = entries(show(conf, recipient))
    return one


def test_text(new_slapd, new_conf):
    shown = text(new_conf(new_slapd()), 'bob@example.com')
    assert re.sub(MOMENT, 'THEN', shown).splitlines() == [
        'bob@example.com: redirect to bob@hosted.example.com (owner from the directory)',
        f'  directory corp: uid=bob,ou=people,{SUFFIX}',
        '    sdrAddress         robert@example.com',
        '    mail               bob@example.com',
        '    sdrOwner           hosted (site hosted)',
        '    mailbox at         hosted',
        f'    last change        THEN by {ADMIN_DN}']


def test_json(new_slapd, new_conf):
    answer = show(new_conf(new_slapd()), 'bob@example.com')
    directory, = answer.pop('directories')
    entry, = directory.pop('entries')
    assert re.fullmatch(MOMENT, entry.pop('changed'))
    assert answer == {
        'recipient': 'bob@example.com', 'verdict': 'redirect', 'sites': ['hosted'],
        'targets': ['bob@hosted.example.com'], 'reply': None,
        'reason': 'owner from the directory', 'source': 'directory', 'found-by': 'bob@example.com'}
    assert directory == {'directory': 'corp', 'answer': 'found', 'reason': None,
                         'from-a-file': False, 'disagree': False, 'replica': None}
    assert entry == {
        'dn': f'uid=bob,ou=people,{SUFFIX}', 'sites': ['hosted'], 'by-default': False,
        'routing-address': None, 'hold': False, 'faults': [],
        'addresses': {'sdrAddress': ['robert@example.com'], 'mail': ['bob@example.com']},
        'owner-values': [{'value': 'hosted', 'sites': ['hosted']}], 'routing-values': [],
        'changed-by': ADMIN_DN}


# The content of the directory, and the entry as shown.
FAULTY = ''.join([
    person('foreign', sdrOwner=['gone', 'onprem']),
    person('bad', sdrRoutingAddress='nonsense'),
    person('outside', sdrRoutingAddress='outside@elsewhere.example'),
    person('away', sdrRoutingAddress='Away.X@hosted.example.com'),
])
STANDING = [
    ('both', {'sites': ['onprem', 'hosted'], 'owner-values': [
        {'value': 'onprem', 'sites': ['onprem']}, {'value': 'hosted', 'sites': ['hosted']}]}),
    ('held', {'hold': True, 'sites': ['hosted']}),
    ('plain', {'by-default': True, 'sites': ['onprem'], 'owner-values': []}),
    ('foreign', {'faults': ['foreign-owner'], 'owner-values': [
        {'value': 'gone', 'sites': []}, {'value': 'onprem', 'sites': ['onprem']}]}),
    ('bad', {'faults': ['bad-routing'], 'routing-values': ['nonsense']}),
    ('outside', {'faults': ['outside'], 'routing-values': ['outside@elsewhere.example']}),
    ('away', {'sites': ['hosted'], 'routing-address': 'Away.X@hosted.example.com'}),
]


def test_what_stands_there(new_slapd, new_conf):
    conf = new_conf(new_slapd(world.PEOPLE + FAULTY))
    for name, wanted in STANDING:
        entry = entry_of(conf, f'{name}@example.com')
        assert {key: entry[key] for key in wanted} == wanted, name


def test_owner_that_no_site_answers_to(new_slapd, new_conf):
    shown = text(new_conf(new_slapd(FAULTY)), 'foreign@example.com')
    assert '    sdrOwner           gone (matches no site)\n' in shown
    assert '    WRONG              an owner that matches no site\n' in shown


def test_entries_that_disagree(new_slapd, new_conf):
    conf = new_conf(new_slapd(person('one', sdrOwner='hosted', mail='x@example.com')
                              + person('two', sdrOwner='onprem', mail='x@example.com')))
    answer = show(conf, 'x@example.com')
    assert [entry['sites'] for entry in entries(answer)] == [['hosted'], ['onprem']]
    assert answer['directories'][0]['disagree'] and answer['verdict'] == 'defer'
    assert 'these entries disagree' in text(conf, 'x@example.com')


# An address, the key that found it, and the entries shown.
FOUND_BY = [
    ('alice+news@example.com', ALICE, ['alice']),
    ('ALICE@example.com', 'ALICE@example.com', ['alice']),
    ('nobody+news@example.com', '@example.com', ['rest']),
    (ALICE, ALICE, ['alice']),
    ('alice@onprem.example.com', ALICE, ['alice']),
]


@pytest.mark.parametrize('recipient, found_by, names', FOUND_BY)
def test_key(new_slapd, new_conf, recipient, found_by, names):
    conf = new_conf(new_slapd(world.PEOPLE + person('rest', mail='@example.com')))
    answer = show(conf, recipient)
    assert answer['found-by'] == found_by
    assert [entry['dn'].partition(',')[0] for entry in entries(answer)] == [
        f'uid={name}' for name in names]


def test_unknown(new_slapd, new_conf):
    conf = new_conf(new_slapd())
    assert 'no directory has an entry with this address' in text(conf, 'nobody@example.com', code=NOBODY)
    answer = show(conf, 'nobody@example.com', code=NOBODY)
    assert (answer['found-by'], answer['verdict']) == (None, 'reject')
    assert answer['directories'][0]['answer'] == 'none'


@pytest.mark.parametrize('recipient', [
    'alice@elsewhere.example', 'alice@hosted.example.com', 'alice', ''])
def test_what_is_not_looked_for(new_slapd, new_conf, recipient):
    answer = show(new_conf(new_slapd()), recipient, code=NOBODY)
    assert (answer['verdict'], answer['directories']) == ('pass', [])


def test_several_at_once(new_slapd, new_conf):
    shown = text(new_conf(new_slapd()), '--json', ALICE, 'nobody@example.com', 'dave@example.com',
                 code=NOBODY)
    assert [json.loads(line)['verdict'] for line in shown.splitlines()] == [
        'redirect', 'reject', 'pass']


@pytest.mark.parametrize('arguments', [[], ['--bogus', ALICE], ['--json']])
def test_bad_use(new_slapd, new_conf, arguments):
    assert sdrctl.run(new_conf(new_slapd()), 'show', *arguments).returncode == BAD_USE


# --- no sure answer ---

def test_server_that_is_away(new_slapd, new_conf):
    slapd = new_slapd()
    conf = new_conf(slapd)
    slapd.stop()
    assert 'directory corp: NO RELIABLE ANSWER: ' in text(conf, ALICE, code=NOT_NOW)
    assert show(conf, ALICE, code=NOT_NOW)['directories'][0]['answer'] == 'not-now'


def test_next_server(new_slapd, new_conf):
    away, here = new_slapd(), new_slapd()
    conf = new_conf(here, directory_corp={'uri': [away.uri, here.uri]})
    away.stop()
    assert entry_of(conf, ALICE)['sites'] == ['hosted']


def test_nothing_by_a_reader_who_sees_nothing(new_slapd, new_conf):
    """Otherwise sdrctl would say so about everybody."""
    conf = new_conf(new_slapd(acl='access to attrs=userPassword by anonymous auth by * none\n'
                                  f'access to dn.base="{SUFFIX}" by * search\n'
                                  'access to * by * none\n'))
    show(conf, ALICE, code=NOT_NOW)


def test_owner_that_may_not_be_read(new_slapd, new_conf):
    """Shows the entry, and that values may be missing."""
    conf = new_conf(new_slapd(acl='access to attrs=userPassword by anonymous auth by * none\n'
                                  'access to attrs=sdrOwner by * none\n'
                                  f'access to * by dn.exact="{READER_DN}" read by * auth\n'))
    answer = show(conf, ALICE, code=NOT_NOW)
    assert [entry['owner-values'] for entry in entries(answer)] == [[]]
    assert 'sdrOwner' in answer['directories'][0]['reason']


def test_another_directory_is_away(new_slapd, new_conf):
    """Shows the entry of the directory that answers."""
    conf = new_conf(new_slapd(), directory_old={
        'uri': 'ldap://127.0.0.1:1', 'search-base': 'o=old', 'default-owner': 'hosted'})
    answer = show(conf, ALICE, code=NOT_NOW)
    assert [d['answer'] for d in answer['directories']] == ['found', 'not-now']
    assert len(entries(answer)) == 1


# --- the replica ---

def test_replica_that_has_not_seen_it(new_slapd, new_sync):
    slapd = new_slapd()
    sync = new_sync(slapd, replica={'unknown-max-age': '3600'})
    sync.once()
    assert show(sync.conf, ALICE)['directories'][0]['replica'] == {'state': 'same'}
    slapd.modify(f'{MOVE_TO}onprem\n')
    replica = show(sync.conf, ALICE)['directories'][0]['replica']
    assert {key: replica[key] for key in ('state', 'answer', 'dn', 'sites')} == {
        'state': 'differs', 'answer': 'found', 'dn': ALICES_DN, 'sites': ['hosted']}
    assert ('  replica of corp: not up to date: it has '
            f'{ALICES_DN} at hosted\n') in text(sync.conf, ALICE)
    sync.once()
    assert entry_of(sync.conf, ALICE)['sites'] == ['onprem']
    assert 'replica of corp' not in text(sync.conf, ALICE)


def test_replica_and_who_comes_and_goes(new_slapd, new_sync):
    slapd = new_slapd()
    sync = new_sync(slapd, replica={'unknown-max-age': '3600'})
    sync.once()
    slapd.modify(f'dn: {ALICES_DN}\nchangetype: delete\n\n'
                 + person('eve', sdrOwner='hosted').replace('\n', '\nchangetype: add\n', 1))
    assert 'it has no entry with this address' in text(sync.conf, 'eve@example.com')
    gone = show(sync.conf, ALICE, code=NOBODY)['directories'][0]
    assert (gone['answer'], gone['replica']['state']) == ('none', 'differs')


def test_replica_that_nobody_has_written(new_slapd, new_sync):
    sync = new_sync(new_slapd())
    assert show(sync.conf, ALICE)['directories'][0]['replica']['state'] == 'not-now'


def test_directory_that_is_a_file(scratch, stop_later):
    """sdrctl reads the file itself, and compares it with the replica as with a server."""
    people = PeopleFile(scratch / 'people')
    stop_later(people.sync.close)
    people.sync.once()
    entry = entry_of(people.conf, ALICE)
    assert (entry['dn'], entry['sites'], entry['addresses']) == (ALICES_DN, ['hosted'], {'mail': [ALICE]})
    people.replace(world.PEOPLE.replace('sdrOwner: hosted', 'sdrOwner: onprem', 1))
    said = text(people.conf, ALICE)
    assert 'in an LDIF file' in said and 'onprem (site onprem)' in said and 'replica of corp: not up to date' in said
    assert show(people.conf, 'nobody@example.com', code=NOBODY)['directories'][0]['answer'] == 'none'
    people.replace(world.PEOPLE + 'rubbish\n')
    directory = show(people.conf, ALICE, code=NOT_NOW)['directories'][0]
    assert directory['answer'] == 'not-now' and f'{people.path}:' in directory['reason']


# --- Active Directory ---

def test_active_directory(ad, new_conf, ca):
    ad.add(adldif.people(world.PEOPLE))
    conf = new_conf(ad, directory_corp={'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert)})
    entry = entry_of(conf, 'bob@example.com')
    assert re.fullmatch(MOMENT, entry['changed'])
    assert (entry['dn'].lower(), entry['sites'], entry['changed-by']) == (
        f'cn=bob,ou=people,{SUFFIX}', ['hosted'], None)
    show(conf, 'nobody@example.com', code=NOBODY)


def test_exchange(ad, new_conf, ca):
    """Without an owner attribute: the site of the routing address, or the default-owner."""
    ad.add(adldif.person('alice', proxyAddresses=['SMTP:alice@example.com', 'x500:/o=x'],
                         targetAddress='SMTP:alice@hosted.example.com')
           + adldif.person('dave', proxyAddresses='smtp:dave@example.com'))
    conf = new_conf(ad, directory_corp={
        'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert), 'profile': 'exchange'})
    alice, dave = (entry_of(conf, f'{name}@example.com') for name in ('alice', 'dave'))
    assert sorted(alice['addresses']['proxyAddresses']) == [
        'SMTP:alice@example.com', 'x500:/o=x']
    assert (alice['sites'], alice['routing-address']) == (['hosted'], 'alice@hosted.example.com')
    assert (dave['sites'], dave['by-default']) == (['onprem'], True)


# --- what must not reach a terminal ---

def test_values_are_escaped(new_slapd, new_conf):
    conf = new_conf(new_slapd(person('evil', sdrOwner='\u202e\x1b[2Jé')))
    shown = text(conf, 'evil@example.com')
    assert r'\xE2\x80\xAE\x1B[2Jé (matches no site)' in shown
    assert '\x1b' not in shown
    assert entry_of(conf, 'evil@example.com')['owner-values'][0]['value'] == '\u202e\x1b[2Jé'
