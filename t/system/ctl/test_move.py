"""test_move.py - sdrctl move, hold, release, undo, history

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import threading
from functools import partial

import pytest

import adldif
import paths
import samba
import sdrctl
import slapd as ldap
import world
from daemon import environment
from office import Office
from proc import PATIENCE, wait_for

ALICE, DAVE, PLAIN, NOBODY = (f'{n}@example.com' for n in ('alice', 'dave', 'plain', 'nobody'))
SUFFIX = ldap.SUFFIX
GROUP = f"""\
dn: cn=team,ou=people,{SUFFIX}
objectClass: groupOfNames
objectClass: inetLocalMailRecipient
cn: team
member: uid=alice,ou=people,{SUFFIX}
mailLocalAddress: team@example.com

"""
BARE = world.person('bare', objectClass=['inetOrgPerson', 'inetLocalMailRecipient'])
ODD = world.person('odd', sdrAddress='<odd@example.com>', mail=None)


@pytest.fixture
def office(scratch):
    """office(server, ...): an Office."""
    return partial(Office, scratch)


@pytest.fixture
def openldap(new_slapd, office):
    return office(new_slapd(world.PEOPLE + GROUP + BARE + ODD))


@pytest.fixture(params=['openldap', 'samba'])
def either(request, office, ca):
    """With the default world in OpenLDAP, and in Active Directory."""
    if request.param == 'openldap':
        return office(request.getfixturevalue('slapd'))
    ad = request.getfixturevalue('ad')
    ad.add(adldif.people(world.PEOPLE))
    return office(ad, dn=samba.ADMIN_DN, password=samba.ADMIN_PASSWORD,
                  directory_corp={'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert)})


@pytest.fixture(params=['openldap', 'samba'])
def crowd(request, office, ca):
    """crowd(count, ...): an Office with so many people, in OpenLDAP or in Active Directory; them."""
    def make(count, **sections):
        names = [f'u{n}' for n in range(count)]
        addresses = [f'{name}@example.com' for name in names]
        people = ''.join(map(world.person, names))
        if request.param == 'openldap':
            return office(request.getfixturevalue('new_slapd')(people), **sections), addresses
        ad = request.getfixturevalue('ad')
        ad.add(adldif.people(people))
        return office(ad, dn=samba.ADMIN_DN, password=samba.ADMIN_PASSWORD, directory_corp={
            'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert)}, **sections), addresses
    return make


# --- both directories ---

def test_there_and_back(either):
    before = either.state()
    assert either.verdicts(DAVE, PLAIN) == ['pass', 'pass']
    assert '2 moved' in either.run('move', '--to', 'hosted', '--from', 'onprem', DAVE, PLAIN)
    assert either.verdicts(DAVE, PLAIN) == ['redirect', 'redirect']
    assert '2 undone' in either.run('undo', either.journal())
    assert either.state() == before


def test_hold_and_release(either):
    before = either.state()
    either.run('hold', DAVE)
    assert either.verdicts(DAVE) == ['defer']
    either.run('release', DAVE)
    assert either.verdicts(DAVE) == ['pass']
    assert either.state() == before


def test_owner_as_well(either):
    """The default owner is written as an owner, too, when a second owner is added."""
    either.run('move', '--to', 'hosted', '--add', DAVE, PLAIN)
    assert either.verdicts(DAVE, PLAIN) == ['copy', 'copy']


def test_dry_run_is_what_ldapmodify_takes(either):
    text = either.run('move', '--to', 'hosted', '--dry-run', DAVE, PLAIN)
    assert either.verdicts(DAVE, PLAIN) == ['pass', 'pass']
    assert not list(either.journals.iterdir())
    either.server.modify(text)
    assert either.verdicts(DAVE, PLAIN) == ['redirect', 'redirect']


def test_journal_is_what_ldapmodify_takes(either):
    either.run('move', '--to', 'hosted', DAVE)
    journal = either.journal()
    assert journal.stat().st_mode & 0o777 == 0o600
    either.run('undo', journal)
    either.server.modify(journal.read_text())
    assert either.verdicts(DAVE) == ['redirect']


# --- what is refused, and then wholly ---

BAD = {
    'unknown': ('nobody@example.com', 'no entry with this address'),
    'not just an address': ('odd@example.com', 'found in a value with other text'),
    'twice': ('dave@example.com', 'listed twice'),
    'twice by another address': ('Dave@EXAMPLE.com', 'listed twice'),
    'other domain': ('dave@elsewhere.example', 'not in a split domain'),
    'already there': (ALICE, 'already at hosted'),
    'group': ('team@example.com', 'is a group'),
    'no address': ('dave', 'not a valid address'),
    'catch-all': ('@example.com', 'not a valid address'),
    'open quote': ('"dave@example.com', 'a quote is not closed'),
}


@pytest.mark.parametrize('line, words', BAD.values(), ids=BAD)
def test_bad_line_of_a_batch(openldap, scratch, line, words):
    before = openldap.server.dump()
    batch = scratch / 'batch'
    batch.write_text(f'# the first\naddress,name\n{DAVE},Dave\n\n{line}\n{PLAIN}\n')
    reported = openldap.run('move', '--to', 'hosted', '--file', batch, code=65)
    assert f'{batch}:5: ' in reported and words in reported and 'nothing was changed' in reported
    assert openldap.server.dump() == before
    assert not list(openldap.journals.iterdir())


def test_two_entries(new_slapd, office):
    there = office(new_slapd(world.PEOPLE + world.person('other', mailLocalAddress=DAVE)))
    assert 'several entries have this address' in there.run('move', '--to', 'hosted', DAVE, code=65)


def test_all_mistakes_at_once(openldap):
    reported = openldap.run('move', '--to', 'hosted', DAVE, NOBODY, 'x', ALICE, code=65)
    assert '3 errors; nothing was changed' in reported


ENCODINGS = {
    'latin-1': ('dave@example.com\nd\xe4ve@example.com\n'.encode('latin-1'), ':2: not UTF-8'),
    'utf-16': ('dave@example.com\n'.encode('utf-16'), ':1: not UTF-8'),
    'nul': (b'dave\0@example.com\n', ':1: not UTF-8'),
    'empty': (b'# nobody\n\n', 'no addresses'),
}


@pytest.mark.parametrize('octets, words', ENCODINGS.values(), ids=ENCODINGS)
def test_wrong_encoding(openldap, scratch, octets, words):
    batch = scratch / 'batch'
    batch.write_bytes(octets)
    assert words in openldap.run('move', '--to', 'hosted', '--file', batch, code=65)


GOOD = {
    'crlf': b'dave@example.com\r\nplain@example.com\r\n',
    'byte order mark': b'\xef\xbb\xbfdave@example.com\nplain@example.com\n',
    'no last line feed': b'dave@example.com\nplain@example.com',
    'csv': b'"E-mail";Name\n"dave@example.com";"Dave; the ""first"""\nplain@example.com;\n',
    'tabs': b'dave@example.com\tDave\n  plain@example.com\n',
}


@pytest.mark.parametrize('octets', GOOD.values(), ids=GOOD)
def test_good_batch(openldap, scratch, octets):
    batch = scratch / 'batch'
    batch.write_bytes(octets)
    assert '2 moved' in openldap.run('move', '--to', 'hosted', '--file', batch)


MISUSES = {
    'nobody': (['move', '--to', 'hosted'], 'expected either'),
    'both': (['move', '--to', 'hosted', '--filter', '(uid=x)', DAVE], 'expected either'),
    'nowhere': (['move', DAVE], 'expected --to SITE'),
    'no such site': (['move', '--to', 'moon', DAVE], '--to: no such site: moon; known: '),
    'no such origin': (['move', '--to', 'hosted', '--from', 'moon', DAVE],
                       '--from: no such site: moon; known: '),
    'port': (['move', '--to', 'hosted', '--verify', '--port', '0x19', DAVE], '--port: "0x19"'),
    'bare filter': (['move', '--to', 'hosted', '--filter', 'uid=*'],
                    '--filter: "uid=*" is not in parentheses'),
    'half a filter': (['hold', '--filter', '(uid=*'], '--filter: "(uid=*" is not in parentheses'),
    'no filter': (['hold', '--filter', ''], '--filter: "" is not in parentheses'),
    'hold to': (['hold', '--to', 'hosted', DAVE], 'is only for move'),
    'hold add': (['hold', '--add', DAVE], 'is only for move'),
    'no journal': (['undo'], 'expected one journal'),
}


@pytest.mark.parametrize('arguments, words', MISUSES.values(), ids=MISUSES)
def test_misuse(openldap, arguments, words):
    assert words in openldap.run(*arguments, code=64)


def test_elsewhere_than_said(openldap):
    assert 'not at onprem' in openldap.run('move', '--to', 'onprem', '--from', 'onprem', ALICE,
                                              code=65)


@pytest.mark.parametrize('options', [[], ['--add']])
def test_resumed(openldap, options):
    """With the same options, including --from; people at a third site are an error."""
    command = ['move', '--to', 'hosted', '--from', 'onprem', '--skip-done', *options]
    openldap.run(*command, DAVE)
    reported = openldap.run(*command, DAVE, PLAIN)
    assert '1 already done\n' in reported and '1 added\n' in reported.replace('moved', 'added')
    assert 'not at onprem' in openldap.run('move', '--to', 'onprem', '--from', 'onprem', '--skip-done', ALICE,
                                           code=65)


# --- who ---

def test_filter(openldap):
    """With the option, people who are at the site already are left out."""
    assert 'already' in openldap.run('move', '--to', 'hosted', '--filter', '(uid=*)', code=65)
    reported = openldap.run('move', '--to', 'hosted', '--skip-done', '--filter', '(uid=*)')
    assert '3 already done' in reported and '4 moved' in reported


@pytest.mark.parametrize('query, words', [('(uid=()', 'ilter'),
                                          ('(uid=nobody)', 'no entry matches this filter')])
def test_bad_filter(openldap, query, words):
    done = sdrctl.run(openldap.conf, 'move', '--to', 'hosted', '--filter', query)
    assert done.returncode != 0 and words in done.stderr, done.stderr


@pytest.mark.parametrize('behind', [1, 600])
def test_entries_on_another_server(new_slapd, office, behind):
    """The server returns a referral before it lists a page of entries, or more: nobody is moved."""
    referral = (f'dn: ou=branch,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\n'
                f'ou: branch\nref: ldap://127.0.0.1:1/ou=branch,{SUFFIX}\n\n')
    people = ''.join(world.person(f'u{n}') for n in range(behind))
    openldap = office(new_slapd(referral + people))
    assert 'refers to another server' in openldap.run('move', '--to', 'hosted', '--filter', '(uid=*)',
                                                      code=75)
    checked = sdrctl.run(openldap.conf, 'check', 'directory').stdout
    assert 'refers to another server' in checked, checked


def test_class_comes_and_goes(openldap):
    before = openldap.state()
    openldap.run('move', '--to', 'hosted', 'bare@example.com')
    assert 'sdrRecipient' in openldap.server.search('(uid=bare)', 'objectClass')
    openldap.run('undo', openldap.journal())
    assert openldap.state() == before


def test_routing_address_of_the_old_site(new_slapd, office):
    there = office(new_slapd(world.person('dave', sdrOwner='hosted',
                                          sdrRoutingAddress='d@hosted.example.com')))
    before = there.state()
    there.run('move', '--to', 'onprem', DAVE)
    assert there.verdicts(DAVE) == ['pass']
    there.run('undo', there.journal())
    assert there.state() == before


# --- somebody else ---

def test_changed_since(openldap):
    """Undo changes only entries that are still as the run left them."""
    openldap.run('move', '--to', 'hosted', DAVE, PLAIN)
    first = openldap.journal()
    openldap.server.modify(f'dn: uid=dave,ou=people,{SUFFIX}\nchangetype: modify\n'
                           'add: sdrOwner\nsdrOwner: onprem\n')
    reported = openldap.run('undo', first, code=75)
    assert f'{DAVE}: skipped: somebody else has changed the entry' in reported and '1 undone' in reported
    assert openldap.verdicts(DAVE, PLAIN) == ['copy', 'pass']


def test_gone_since(openldap):
    openldap.run('move', '--to', 'hosted', DAVE)
    openldap.server.modify(f'dn: uid=dave,ou=people,{SUFFIX}\nchangetype: delete\n')
    assert 'the entry no longer exists' in openldap.run('undo', openldap.journal(), code=75)


def test_two_administrators(crowd):
    """Two administrators each move everybody to a different site. Nobody gets two owners. Either may move
    people who are already at the other's site, but overwrites nothing unseen."""
    there, addresses = crowd(60, site_third={'routing-domain': 'third.%d'})
    results = {}

    def administrator(site, order):
        results[site] = sdrctl.run(there.conf, 'move', '--to', site, '--json', *order)
    threads = [threading.Thread(target=administrator, args=args)
               for args in [('hosted', addresses), ('third', addresses[::-1])]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = {json.loads(line)['address'] for done in results.values()
           for line in done.stdout.splitlines() if json.loads(line)['result'] == 'done'}
    found = there.server.search('(sdrOwner=*)', 'sdrOwner')
    assert found.count('sdrOwner: ') == found.count('dn: ') == len(won) > 0, found


# --- broken off ---

def test_killed_and_undone(crowd):
    """The journal undoes whatever a killed run has done."""
    there, addresses = crowd(300)
    before = there.state()
    process = subprocess.Popen(
        [paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, 'move', '--to', 'hosted', '--quiet',
         *addresses], env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: 20 < there.server.search('(sdrOwner=*)', '1.1').count('dn: '))
    process.kill()
    process.wait()
    assert there.state() != before
    there.run('undo', there.journal())
    assert there.state() == before


def test_interrupted(crowd):
    """Changes made so far stay, and the rest is listed, even for a slow reader."""
    there, addresses = crowd(300)
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)  # so it waits before the run has ended
    process = subprocess.Popen(
        [paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, 'move', '--to', 'hosted', '--json',
         *addresses], env=environment(),
        stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    wait_for(lambda: 20 < there.server.search('(sdrOwner=*)', '1.1').count('dn: '))
    process.send_signal(signal.SIGINT)
    with open(ours, encoding='utf-8') as out:
        results = [json.loads(line)['result'] for line in out]
    assert process.wait(PATIENCE) == 75 and len(results) == 300
    assert results.count('done') == there.server.search('(sdrOwner=*)', '1.1').count('dn: ')
    assert results.count('done') + results.count('not tried') == 300


# --- what is shown ---

def on_terminal(conf, *arguments):
    """The output of sdrctl on a terminal."""
    ours, theirs = os.openpty()
    process = subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, *arguments],
                               env=environment(), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b''
    with contextlib.suppress(OSError):  # EIO: its end
        while octets := os.read(ours, 65536):
            shown += octets
    os.close(ours)
    assert process.wait() == 0, shown
    return shown.decode()


def test_bar(new_slapd, office):
    """Only on a terminal, only for long runs, and it is removed at the end."""
    names = [f'u{n}' for n in range(20)]
    there = office(new_slapd(''.join(map(world.person, names))))
    addresses = [f'{name}@example.com' for name in names]
    shown = on_terminal(there.conf, 'move', '--to', 'hosted', *addresses)
    assert f'\r[{10 * "##"}{20 * " "}] 10 of 20' in shown
    assert [line.split('\r\x1b[K')[-1] for line in shown.split('\r\n')][:20] == [
        f'{address}: moved' for address in addresses]
    shown = [on_terminal(there.conf, 'hold', '--quiet', *addresses),
             on_terminal(there.conf, 'release', '--json', *addresses),
             on_terminal(there.conf, 'hold', *addresses[:9]),
             there.run('undo', there.journal())]
    assert '[#' not in ''.join(shown) and shown[0] == ''


# --- access and credentials ---

def test_reader_may_not_write(slapd, office):
    there = office(slapd, dn=ldap.READER_DN, password=ldap.READER_PASSWORD)
    reported = there.run('move', '--to', 'hosted', DAVE, PLAIN, code=77)
    assert 'nsufficient access' in reported and f'{PLAIN}: not tried' in reported


def test_nobody_said_who(slapd, office):
    there = office(slapd, directory_corp={'admin-bind-dn': None, 'admin-password-file': None})
    assert 'no administrator account' in there.run('move', '--to', 'hosted', DAVE, code=78)


def test_password_for_all_to_see(openldap, scratch):
    (scratch / 'admin-password').chmod(0o644)
    reported = openldap.run('move', '--to', 'hosted', DAVE, code=78)
    assert 'admin-password' in reported and ldap.ADMIN_PASSWORD + '\n' not in reported


def test_without_a_journal_nothing_is_changed(openldap):
    openldap.journals.rmdir()
    assert 'nothing was changed' in openldap.run('move', '--to', 'hosted', DAVE, code=74)
    assert openldap.verdicts(DAVE) == ['pass']


def test_first_server_away(slapd, new_slapd, office):
    away = new_slapd()
    away.stop()
    there = office(slapd, directory_corp={'uri': [away.uri, slapd.uri]})
    there.run('move', '--to', 'hosted', DAVE)
    assert there.verdicts(DAVE) == ['redirect']


def test_password_that_is_refused_is_tried_once(slapd, new_slapd, office):
    """Not at each server: that could lock the account."""
    second = new_slapd()
    there = office(slapd, password='another', directory_corp={'uri': [slapd.uri, second.uri]})
    assert 'Invalid credentials' in there.run('move', '--to', 'hosted', DAVE, code=78)
    assert [server.log().count('err=49') for server in (slapd, second)] == [1, 0]


def test_directory_away(openldap):
    openldap.server.stop()
    assert 'nothing was changed' in openldap.run('move', '--to', 'hosted', DAVE, code=75)


# --- other profiles ---

EXCHANGE = {
    'away': ({'profile': 'exchange'}, ['move', '--to', 'hosted'],
             "Enable-RemoteMailbox -Identity '{}' -RemoteRoutingAddress '{}@hosted'"),
    'back': ({'profile': 'exchange', 'default-owner': 'hosted'}, ['move', '--to', 'hosted'],
             "New-MoveRequest -Identity '{}' -Outbound"),
    'owner': ({'owner-attribute': 'msExchTransportRecipientSettingsFlags'},
              ['move', '--to', 'hosted'], 'Enable-RemoteMailbox'),
    'owner is the target': ({'owner-attribute': 'targetAddress'}, ['move', '--to', 'hosted'],
                            'Enable-RemoteMailbox'),
    'hold': ({'hold-attribute': 'msExchHideFromAddressLists'}, ['hold'],
             'configure another one'),
}


@pytest.mark.parametrize('directory, command, words', EXCHANGE.values(), ids=EXCHANGE)
@pytest.mark.parametrize('name', ['dave', "o'brien"])
def test_exchange_is_never_written(new_slapd, office, directory, command, words, name):
    """Instead, sdrctl prints the command for Exchange's shell, ready to copy."""
    there = office(new_slapd(world.person(name)), directory_corp=directory)
    before = there.server.dump()
    reported = there.run(*command, f'{name}@example.com', code=65)
    quoted = name.replace("'", "''")
    assert words.format(f'{quoted}@example.com', quoted) in reported
    assert there.server.dump() == before


def test_routing_address_of_exchange(ad, office, ca):
    """It would have to be removed with the old owner, but we do not write it."""
    ad.add(adldif.person('dave', sdrOwner='hosted', targetAddress='SMTP:dave@hosted.example.com'))
    there = office(ad, dn=samba.ADMIN_DN, password=samba.ADMIN_PASSWORD, directory_corp={
        'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert),
        'routing-address-attribute': 'targetAddress'})
    assert 'New-MoveRequest' in there.run('move', '--to', 'onprem', DAVE, code=65)
    assert 'SMTP:dave@hosted' in ad.search('(mail=dave@*)', 'targetAddress')
    assert there.verdicts(DAVE) == ['redirect']


def test_another_systems_state_is_never_written(slapd, office):
    """Zimbra and Oracle use the attribute to lock accounts."""
    there = office(slapd, directory_corp={'hold-attribute': 'title', 'hold-value': 'locked'})
    before = there.server.dump()
    for command in ('hold', 'release'):
        assert 'another system' in there.run(command, DAVE, code=65)
    assert there.server.dump() == before


@pytest.mark.parametrize('group, where', [
    (None, 'no owner-value of hosted is a group: change the members of the other sites\' groups'),
    ('cn=there,dc=example,dc=com', 'change the members of cn=there,dc=example,dc=com, an owner-value of '
                                   'hosted')])
def test_groups_are_changed_elsewhere(slapd, office, group, where):
    there = office(slapd, directory_corp={'owner-attribute': 'memberOf'},
                   **({'site hosted': {'owner-value': group}} if group else {}))
    assert where in there.run('move', '--to', 'hosted', DAVE, code=65)


# --- history, replica ---

def test_history(either):
    either.run('move', '--to', 'hosted', DAVE, PLAIN)
    either.run('hold', DAVE)
    runs = either.run('history').splitlines()
    assert 'move --to hosted: 2 changes by cn=admin' in runs[0].replace('CN=A', 'cn=a')
    assert 'hold: 1 change' in runs[2]
    assert ['sdrOwner=onprem->hosted' in line or 'sdrHold=-->TRUE' in line
            for line in either.run('history', 'DAVE@example.com').splitlines()] == [True, True]
    assert either.run('history', NOBODY) == ''


def test_history_as_json(openldap):
    openldap.run('move', '--to', 'hosted', DAVE, PLAIN)
    [run] = map(json.loads, openldap.run('history', '--json').splitlines())
    journal = str(openldap.journal())
    assert (run['command'], run['changes'], run['journal']) == ('move --to hosted', 2, journal)
    [change] = map(json.loads, openldap.run('history', '--json', DAVE).splitlines())
    assert change['attributes'] == {'sdrOwner': {'before': ['onprem'], 'after': ['hosted']}}
    assert change['dn'].startswith('uid=dave,') and change['journal'] == journal


BROKEN = {'no journal': 'dn: x\n', 'another change': '# sdrctl journal 1\n\n# directory: corp\n'
          '# address: dave@example.com\ndn: uid=dave\nchangetype: delete\n\n'}


@pytest.mark.parametrize('text', BROKEN.values(), ids=BROKEN)
def test_journal_of_somebody_else(openldap, text):
    path = openldap.journals / 'x.ldif'
    path.write_text(text)
    assert str(path) in openldap.run('undo', path, code=65)


def test_replica_has_seen_it(new_slapd, new_sync, office):
    server = new_slapd()
    sync = new_sync(server)
    there = office(server, replica={'path': str(sync.path)})
    sync.once()
    reported = there.run('move', '--to', 'hosted', DAVE)
    assert 'sdrctl: the replica does not have 1 of 1 changes yet' in reported
    sync.start()
    there.run('move', '--to', 'hosted', '--wait', PLAIN)
    assert there.verdicts(DAVE, PLAIN) == ['redirect', 'redirect']
    there.run('undo', '--wait', there.journal())
    there.run('hold', '--wait', DAVE)
    assert there.verdicts(DAVE, PLAIN) == ['defer', 'pass']
    there.run('undo', '--wait', there.journal())
    assert there.verdicts(DAVE) == ['redirect']
    there.run('move', '--to', 'onprem', '--add', '--wait', DAVE)
    assert there.verdicts(DAVE) == ['copy']
    sync.stop()
    assert 'does not have 1 of 1 changes yet' in there.run('undo', there.journal())
