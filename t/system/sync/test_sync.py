"""test_sync.py - the replica follows a directory, and survives its failures

SPDX-License-Identifier: BSD-2-Clause
"""
import struct

import pytest

import lmdbfile
import slapd as ldap
from proc import wait_for
from slapd import SUFFIX
from world import person

ALICE, DAVE, BOB, ROBERT, CAROL, NOBODY = (
    f'{name}@example.com' for name in ('alice', 'dave', 'bob', 'robert', 'carol', 'nobody'))
ALICE_THERE = 'redirect alice@hosted.example.com'
BOB_THERE = 'redirect bob@hosted.example.com'
ROBERT_THERE = 'redirect robert@hosted.example.com'
WITH_LOG = 'syncprov-sessionlog 100'
QUICK = {'unknown-max-age': '5'}  # it is also the interval of requests to a silent server


def record(name, *lines):
    """LDIF of a change of this person."""
    return '\n'.join([f'dn: uid={name},ou=people,{SUFFIX}', *lines, '', ''])


def change(name, *lines):
    return record(name, 'changetype: modify', *lines)


def replace(name, attribute, *values):
    return change(name, f'replace: {attribute}', *(f'{attribute}: {value}' for value in values))


def added(name, **attributes):
    return person(name, **attributes).replace('\n', '\nchangetype: add\n', 1)


ALICE_HERE = replace('alice', 'sdrOwner', 'onprem')


@pytest.fixture
def directory(new_slapd):
    return new_slapd(options=WITH_LOG)


@pytest.fixture
def sync(new_sync, directory):
    """Running, with a complete copy."""
    sync = new_sync(directory, directory_corp={'timeout': '6'}, replica=QUICK).start('-v')
    sync.caught_up()
    return sync


# --- changes, one at a time ---

CHANGES = {
    'add': (added('carol', sdrOwner='hosted'),
            CAROL, 'reject', 'redirect carol@hosted.example.com'),
    'owner': (ALICE_HERE, ALICE, ALICE_THERE, 'pass'),
    'two-owners': (replace('dave', 'sdrOwner', 'hosted', 'onprem'),
                   DAVE, 'pass', 'copy dave@hosted.example.com'),
    'no-owner': (change('alice', 'delete: sdrOwner'), ALICE, ALICE_THERE, 'pass'),
    'unknown-owner': (replace('alice', 'sdrOwner', 'nowhere'), ALICE, ALICE_THERE, 'defer'),
    'hold': (replace('alice', 'sdrHold', 'TRUE'), ALICE, ALICE_THERE, 'defer'),
    'routing-address': (replace('alice', 'sdrRoutingAddress', 'x@hosted.example.com'),
                        ALICE, ALICE_THERE, 'redirect x@hosted.example.com'),
    'new-alias': (replace('dave', 'sdrAddress', CAROL), CAROL, 'reject', 'pass'),
    'alias-taken-away': (change('bob', 'delete: sdrAddress'), ROBERT, ROBERT_THERE, 'reject'),
    'alias-moved': (change('bob', 'delete: sdrAddress') + replace('dave', 'sdrAddress', ROBERT),
                    ROBERT, ROBERT_THERE, 'pass'),
    'alias-moved-the-other-way-round': (
        replace('dave', 'sdrAddress', ROBERT) + change('bob', 'delete: sdrAddress'),
        ROBERT, ROBERT_THERE, 'pass'),
    'in-two-entries': (replace('alice', 'sdrAddress', ROBERT), ROBERT, ROBERT_THERE, ROBERT_THERE),
    'in-two-that-disagree': (replace('dave', 'sdrAddress', ROBERT), ROBERT, ROBERT_THERE, 'defer'),
    'exchanged': (replace('dave', 'mail', BOB) + replace('bob', 'mail', DAVE),
                  BOB, BOB_THERE, 'pass'),
    'rename': (record('bob', 'changetype: modrdn', 'newrdn: uid=rob', 'deleteoldrdn: 1'),
               ROBERT, ROBERT_THERE, ROBERT_THERE),
    'moved-away': (record('dave', 'changetype: modrdn', 'newrdn: uid=dave', 'deleteoldrdn: 0',
                          f'newsuperior: ou=services,{SUFFIX}'), DAVE, 'pass', 'pass'),
    'delete': (record('dave', 'changetype: delete'), DAVE, 'pass', 'reject'),
    'left-the-filter': (change('dave', 'delete: mail'), DAVE, 'pass', 'reject'),
    'another-domain': (replace('dave', 'mail', 'dave@elsewhere.example'), DAVE, 'pass', 'reject'),
    'nothing-of-ours': (replace('alice', 'description', 'x'), ALICE, ALICE_THERE, ALICE_THERE),
    'recreated': (record('alice', 'changetype: delete') + added('alice', sdrOwner='onprem'),
                  ALICE, ALICE_THERE, 'pass'),
}


def while_it_runs(directory, _, ldif):
    directory.modify(ldif)


def while_it_is_away(directory, sync, ldif):
    sync.stop()
    directory.modify(ldif)
    sync.start('-v')


def while_the_log_is_lost(directory, sync, ldif):
    """Then the server lists everything that still exists."""
    sync.stop()
    directory.modify(ldif)
    directory.stop()
    directory.start()
    sync.start('-v')


@pytest.mark.parametrize('name', CHANGES)
@pytest.mark.parametrize('when', [while_it_runs, while_it_is_away, while_the_log_is_lost])
def test_change(directory, sync, when, name):
    ldif, recipient, before, after = CHANGES[name]
    assert sync.ask(recipient) == [before]
    when(directory, sync, ldif)
    sync.caught_up()
    assert sync.ask(recipient) == [after]


# --- the server comes and goes ---

def test_server_restarted(directory, sync):
    directory.stop()
    sync.wait_reported('the connection was lost')
    assert sync.ask(ALICE) == [ALICE_THERE]
    directory.start()
    sync.wait_well()
    directory.modify(ALICE_HERE)
    sync.caught_up()


@pytest.mark.parametrize('reported', [False, True], ids=['nothing-reported-since', 'more-reported-since'])
def test_killed_server(directory, sync, reported):
    """It forgets which entries it deleted and changed since it was last stopped."""
    directory.stop()
    directory.start()
    sync.caught_up()
    if reported:
        directory.modify(replace('both', 'sdrOwner', 'hosted'))
        sync.caught_up()
    sync.stop()
    directory.modify(ALICE_HERE + change('bob', 'delete: sdrAddress', '-', 'delete: mail')
                     + record('dave', 'changetype: delete') + added('carol', sdrOwner='hosted'))
    directory.kill()
    directory.start()
    if reported:
        directory.modify(replace('held', 'sdrHold', 'FALSE'))
    sync.start('-v')
    sync.caught_up()
    assert sync.ask(ALICE, DAVE, ROBERT, CAROL) == [
        'pass', 'reject', 'reject', 'redirect carol@hosted.example.com']


def test_restored_from_a_backup(directory, sync, scratch):
    """sdr-sync's state is newer than the directory."""
    directory.stop()
    directory.copy_data(scratch / 'backup')
    directory.start()
    directory.modify(ALICE_HERE + added('carol', sdrOwner='hosted'))
    sync.caught_up()
    directory.stop()
    directory.copy_data(scratch / 'backup', back=True)
    directory.start()
    sync.caught_up()
    assert sync.lines('newer than provider')
    assert sync.ask(ALICE, CAROL) == [ALICE_THERE, 'reject']


def test_silent_server_is_noticed(directory, sync):
    directory.freeze()
    sync.wait_reported('the server does not answer')
    assert sync.ask(ALICE) == [ALICE_THERE]
    directory.thaw()
    sync.wait_well(seconds=40)
    directory.modify(ALICE_HERE)
    sync.caught_up()


def test_server_that_is_dead_at_the_start(directory, new_sync):
    directory.stop()
    sync = new_sync(directory, directory_corp={'timeout': '6'}).start()
    sync.wait_reported(directory.uri)
    directory.start()
    sync.wait_well()
    assert sync.ask(ALICE) == [ALICE_THERE]


def test_other_server_is_used(new_slapd, new_sync):
    """The same company, loaded a second time: its entries have other IDs, and a cookie of the first server
    means nothing to it."""
    servers = [new_slapd(options=WITH_LOG), new_slapd(options=WITH_LOG)]
    sync = new_sync(servers[0], directory_corp={'uri': [server.uri for server in servers],
                                                'timeout': '6'}).start('-v')
    sync.caught_up()
    servers[1].modify(ALICE_HERE)
    servers[0].stop()
    wait_for(lambda: sync.lines(f'{servers[1].uri}: reading everything'), 20)
    wait_for(lambda: sync.ask(ALICE, DAVE, NOBODY) == ['pass', 'pass', 'reject'])
    sync.caught_up()
    servers[0].start()
    servers[1].stop()
    wait_for(lambda: len(sync.lines(f'{servers[0].uri}: reading everything')) == 2, 20)
    wait_for(lambda: sync.ask(ALICE) == [ALICE_THERE])
    sync.caught_up()


def test_two_directories(new_slapd, new_sync, directory):
    """One of them is down: recipients that may be in it are not unknown."""
    other = new_slapd(person('carol', sdrOwner='hosted'))
    sync = new_sync(directory, directory_corp={'timeout': '6'}, replica=QUICK,
                    **{'directory other': {
                        'uri': other.uri, 'search-base': SUFFIX, 'default-owner': 'onprem',
                        'profile': 'sdr', 'timeout': '6', 'bind': 'none'}})
    other.set(acl=ldap.default_acl(anonymous_read=True))
    sync.start()
    sync.caught_up()
    assert sync.ask(ALICE, CAROL, NOBODY) == [
        ALICE_THERE, 'redirect carol@hosted.example.com', 'reject']
    other.stop()
    sync.wait_reported('the connection was lost', directory='other')
    directory.modify(ALICE_HERE)
    wait_for(lambda: sync.ask(ALICE) == ['pass'])
    wait_for(lambda: sync.ask(NOBODY) == ['defer'], 20)
    assert sync.ask(CAROL) == ['redirect carol@hosted.example.com']
    assert sync.complaint() == ''
    other.start()
    sync.wait_well('other')
    wait_for(lambda: sync.ask(NOBODY) == ['reject'])


# --- the server shows less than there is: nothing may be swept ---

EVERYBODY = [ALICE, DAVE, BOB, ROBERT, 'held@example.com']
AS_THEY_WERE = [ALICE_THERE, 'pass', BOB_THERE, ROBERT_THERE, 'defer']


def hidden(attributes):
    return f'access to attrs={attributes} by * none\n{ldap.default_acl()}'


@pytest.mark.parametrize('acl, reported', [
    (ldap.NO_ACCESS, 'Insufficient access'),
    (ldap.BLIND, 'no entry shows a value'),
    (hidden('mail,sdrAddress,mailLocalAddress'), 'no entry shows a value'),
    (hidden('sdrOwner'), 'sdrOwner'),
    (hidden('sdrAddress'), 'sdrAddress'),
], ids=['none', 'blind', 'addresses', 'owner', 'aliases'])
def test_access_taken_away(directory, sync, acl, reported):
    sync.stop()
    directory.modify(ALICE_HERE)
    access = directory.acl
    directory.set(acl=acl)
    sync.start()
    sync.wait_reported(reported)
    assert sync.ask(*EVERYBODY) == AS_THEY_WERE
    directory.set(acl=access)
    sync.wait_well(seconds=40)
    sync.caught_up()
    assert sync.ask(ALICE) == ['pass']


@pytest.mark.parametrize('acl, reported', [
    (ldap.BLIND, 'no entry shows a value'),
    (hidden('sdrOwner'), 'sdrOwner'),
    (hidden('sdrHold'), 'sdrHold'),
    (hidden('sdrAddress'), 'sdrAddress'),
], ids=['blind', 'owner', 'hold', 'aliases'])
def test_access_taken_away_while_it_reads(new_slapd, new_sync, acl, reported):
    """No server reports this. Entries that change afterwards would lose the hidden attributes."""
    server = new_slapd(config_admin=True)
    sync = new_sync(server).start()
    sync.caught_up()
    access = server.acl
    server.change_acl(acl)
    server.modify(''.join(replace(name, 'description', 'x')
                          for name in ('alice', 'bob', 'dave', 'held')))
    sync.wait_reported(reported)
    assert sync.ask(*EVERYBODY) == AS_THEY_WERE
    server.change_acl(access)
    server.modify(ALICE_HERE)
    sync.wait_well(seconds=40)
    sync.caught_up()
    assert sync.ask(ALICE) == ['pass']


def test_no_first_copy_of_names_that_are_hidden(new_slapd, new_sync, scratch):
    """slapd cannot compare "x" with a name, and says so before it checks the access rights."""
    value = f'cn=hosted,{SUFFIX}'
    schema = ldap.odd_schema(scratch / 'odd.schema', 'oddOwner',
                             'EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12')
    server = new_slapd(person('alice', objectClass=['inetOrgPerson', 'odd'], oddOwner=value),
                       schema=[schema], acl=hidden('oddOwner'))
    sync = new_sync(server, directory_corp={'owner-attribute': 'oddOwner'},
                    site_hosted={'owner-value': value}).start()
    sync.wait_reported('oddOwner')
    assert sync.ask(ALICE) == ['defer']
    server.set(acl=ldap.default_acl())
    sync.wait_well(seconds=40)
    assert sync.ask(ALICE) == [ALICE_THERE]


@pytest.mark.parametrize('limit', [
    f'limits dn.exact="{ldap.READER_DN}" size=3',
    f'limits dn.exact="{ldap.READER_DN}" size.hard=1 size.soft=1'])
def test_size_limit_of_the_server(directory, new_sync, limit):
    """Everything is read again each time."""
    sync = new_sync(directory, replica={'reconcile': '2'}).start()
    sync.caught_up()
    directory.set(options=limit)
    directory.modify(ALICE_HERE)
    sync.wait_reported('limit')
    assert sync.ask(DAVE, BOB, ROBERT) == ['pass', BOB_THERE, ROBERT_THERE]
    assert sync.ask(ALICE)[0] in (ALICE_THERE, 'pass')
    directory.set(options=WITH_LOG)
    sync.wait_well(seconds=40)
    sync.caught_up()


def test_search_base_deleted(directory, new_sync):
    sync = new_sync(directory, directory_corp={'search-base': f'ou=people,{SUFFIX}'}).start()
    sync.caught_up()
    sync.stop()
    ldif = directory.dump()
    people = [line for line in ldif.splitlines() if line.startswith('dn: uid=')]
    directory.modify('\n'.join(f'{dn}\nchangetype: delete\n' for dn in [
        *people, f'dn: ou=people,{SUFFIX}']))
    sync.start()
    sync.wait_reported('No such object')
    assert sync.ask(*EVERYBODY) == AS_THEY_WERE


def test_server_without_content_synchronization(new_slapd, new_sync):
    """It announces the control, but the overlay is not configured. So everything is read each time."""
    server = new_slapd()
    conf = server.folder / 'slapd.conf'
    conf.write_text(conf.read_text().replace('overlay syncprov\n', ''))
    server.stop()
    server.start()
    sync = new_sync(server, directory_corp={'sync-interval': '1'}).start('-v')
    sync.caught_up()
    assert sync.lines('<7>directory corp: ' + server.uri + ': the server does not offer content synch')
    server.modify(ALICE_HERE + record('dave', 'changetype: delete'))
    sync.caught_up()


def test_server_without_people(new_slapd, new_sync):
    """No recipient counts as unknown."""
    sync = new_sync(new_slapd(''), replica=QUICK).start()
    sync.wait_reported('no entry shows a value')
    assert sync.ask(NOBODY) == ['defer']


# --- what is left of another time ---

def set_cookie(path, cookie):
    """Write the cookie into sdr-sync's state of its first directory: see sync/store/state.h."""
    with lmdbfile.table(path, 'meta') as meta:
        octets = meta.get_sealed(b'\0w')
        size, = struct.unpack_from('=I', octets, 44)
        assert len(octets) == 48 + size and size > 0
        meta.put_sealed(b'\0w', octets[:44] + struct.pack('=I', len(cookie)) + cookie)


@pytest.mark.parametrize('cookie', [
    b'rid=000,csn=20200101000000.000000Z#000000#000#000000',
    b'rid=000,csn=20990101000000.000000Z#000000#000#000000',
    b'rid=000,csn=20200101000000.000000Z#000000#007#000000', b''],
    ids=['old', 'new', 'stranger', 'none'])
def test_cookie_of_another_time(directory, sync, cookie):
    """Entries deleted in between are noticed nevertheless."""
    sync.stop()
    directory.modify(record('dave', 'changetype: delete') + ALICE_HERE)
    set_cookie(sync.path, cookie)
    sync.start('-v')
    sync.caught_up()
    assert sync.ask(ALICE, DAVE) == ['pass', 'reject']


def every_second(sync):
    """From now on everything is read again every second."""
    sync.configure(sync.conf.read_text().replace('[replica]\n', '[replica]\nreconcile = 1\n'))
    sync.reload()


@pytest.mark.parametrize('cookie', [
    b'garbage', b'\0', b'rid=000', b'rid=,csn=', b'csn=20200101000000.000000Z#000000#000#000000',
    b'x' * 8192], ids=['garbage', 'nul', 'rid', 'empty', 'no-rid', 'long'])
def test_malformed_cookie(directory, sync, cookie):
    """OpenLDAP treats it as no cookie, and does not report deleted entries."""
    sync.stop()
    directory.modify(record('dave', 'changetype: delete') + ALICE_HERE)
    set_cookie(sync.path, cookie)
    sync.start('-v')
    sync.caught_up()
    assert sync.ask(ALICE, DAVE) == ['pass', 'reject']
    assert sync.complaint() == ''


def test_all_is_read_again(directory, sync):
    """In case something was missed; no query is affected."""
    every_second(sync)
    wait_for(lambda: len(sync.lines('reading everything')) >= 4)
    directory.modify(ALICE_HERE)
    sync.caught_up()
    assert sync.ask(ALICE, DAVE, NOBODY) == ['pass', 'pass', 'reject']
    assert sync.complaint() == ''


# --- once ---

def test_once(directory, new_sync):
    sync = new_sync(directory)
    for _ in range(2):
        sync.once()
        assert sync.ask(ALICE, DAVE, NOBODY) == [ALICE_THERE, 'pass', 'reject']
    directory.modify(ALICE_HERE + record('dave', 'changetype: delete'))
    sync.once()
    assert sync.ask(ALICE, DAVE, NOBODY) == ['pass', 'reject', 'reject']


def test_once_says_that_it_failed(directory, new_sync):
    sync = new_sync(directory)
    directory.stop()
    assert directory.uri in sync.once(ok=[75]).stderr


def test_once_with_a_silent_server(directory, new_sync):
    """It gives up by itself."""
    sync = new_sync(directory, directory_corp={'timeout': '2'}, replica=QUICK)
    directory.freeze()
    assert directory.uri in sync.once(ok=[75]).stderr


def test_once_follows_no_more(directory, new_sync):
    """Then the directory is asked for recipients that are not in the replica."""
    sync = new_sync(directory, replica=QUICK)
    sync.once()
    directory.stop()
    wait_for(lambda: sync.ask(NOBODY) == ['defer'], 20)
    assert sync.ask(ALICE) == [ALICE_THERE]
