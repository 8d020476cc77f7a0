"""test_sdrctl_replica.py - sdrctl dump, sync and check replica, on replicas of sdr-sync

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import re
import shutil
import subprocess

import pytest

import paths
import sdrctl
import slapd as ldap
import world
from daemon import assert_clean, environment
from peoplefile import PeopleFile
from proc import wait_for
from world import person

OK, NOT_NOW, NO_RIGHT, WRONG, BAD_USE = 0, 75, 77, 78, 64
FRESH = 5  # seconds: the shortest unknown-max-age
CROWD = ''.join(person(f'user{i}', sdrOwner='hosted') for i in range(20))
AT_HOME = f'ou=people,{ldap.SUFFIX}'
FAULTY = ''.join([
    person('foreign', sdrOwner='gone'),
    person('bad', sdrRoutingAddress='nonsense'),
    person('outside', sdrRoutingAddress='outside@elsewhere.example'),
    person('away', sdrRoutingAddress='Away.X@hosted.example.com'),
    person('quote', mail='"a\\"b"@example.com', sdrOwner='onprem'),
    person('elsewhere', mail='elsewhere@elsewhere.example', sdrOwner='hosted'),
])


@pytest.fixture
def new_people(scratch, stop_later):
    """new_people(text, ...): a PeopleFile that has been read once."""
    def make(*arguments, **sections):
        people = PeopleFile(scratch / 'people', *arguments, **sections)
        stop_later(people.sync.close)
        people.sync.once()
        return people
    return make


@pytest.fixture
def unread(scratch):
    """A PeopleFile that sdr-sync has not read yet."""
    return PeopleFile(scratch / 'people')


def run(people, *arguments, code=OK):
    """The output of sdrctl."""
    done = sdrctl.run(people.conf, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def status(people, code=OK):
    """The status of the only directory."""
    one, = objects(run(people, 'sync', 'status', '--json', code=code))
    return one


# --- dump ---

def line(address, uid, rest, attribute='mail'):
    return (f'address="{address}@example.com" directory="corp" attribute={attribute}{rest} '
            f'dn="uid={uid},{AT_HOME}"')


WORLD = [
    line('alice', 'alice', ' owner=hosted'),
    line('bob', 'bob', ' owner=hosted'),
    line('both', 'both', ' owner=onprem,hosted'),
    line('dave', 'dave', ' owner=onprem'),
    line('held', 'held', ' owner=hosted hold=yes'),
    line('plain', 'plain', ' owner=onprem by-default=yes'),
    line('robert', 'bob', ' owner=hosted', attribute='sdrAddress'),
]


def test_dump(new_people):
    assert run(new_people(), 'dump').splitlines() == WORLD


def test_dump_of_what_is_wrong(new_people):
    assert run(new_people(FAULTY), 'dump').splitlines() == [
        line(r'a\x22b', 'quote', ' owner=onprem'),
        line('away', 'away', ' owner=hosted routing-address="Away.X@hosted.example.com"'),
        line('bad', 'bad', ' owner=onprem by-default=yes fault=bad-routing'),
        line('foreign', 'foreign', ' fault=foreign-owner'),
        line('outside', 'outside', ' owner=onprem by-default=yes fault=outside'),
    ]


def test_dump_as_json(new_people):
    people = new_people(world.PEOPLE + FAULTY)
    members = {o['address'].partition('@')[0]: o for o in objects(run(people, 'dump', '--json'))}
    common = {'directory': 'corp', 'attribute': 'mail', 'by-default': False,
              'routing-address': None, 'hold': False, 'faults': []}
    assert members['both'] == {
        **common, 'address': 'both@example.com', 'owners': ['onprem', 'hosted'],
        'dn': f'uid=both,{AT_HOME}'}
    assert members['held']['hold'] is True
    assert members['plain']['by-default'] is True
    assert members['away']['routing-address'] == 'Away.X@hosted.example.com'
    assert members['foreign']['owners'] == []
    assert [members[name]['faults'] for name in ('foreign', 'bad', 'outside')] == [
        ['foreign-owner'], ['bad-routing'], ['outside']]


def test_dump_does_not_show_the_history(new_people):
    people = new_people(replica={'max-removed': '100'})
    for text in (FAULTY + CROWD, world.PEOPLE + CROWD, world.PEOPLE):
        people.replace(text)
        people.sync.once()
        assert people.sync.dump() == people.sync.fresh_dump()
    assert people.sync.dump() == WORLD


@pytest.mark.parametrize('arguments, code', [
    (['dump', 'nobody'], BAD_USE),
    (['dump', '--bogus'], BAD_USE),
    (['sync'], BAD_USE),
    (['sync', 'bogus'], BAD_USE),
    (['sync', 'status', 'nobody'], BAD_USE),
    (['sync', 'accept', '--json'], BAD_USE),
    (['sync', 'accept', 'corp', 'nobody'], BAD_USE),
    (['check', 'bogus'], BAD_USE),
    (['check', 'replica', 'nobody'], BAD_USE),
    (['dump'], NOT_NOW),
    (['dump', 'CORP'], NOT_NOW),
    (['sync', 'status'], NOT_NOW),
    (['sync', 'accept'], NOT_NOW),
    (['check', 'replica'], WRONG),
])
def test_exit_codes_without_a_copy(unread, arguments, code):
    run(unread, *arguments, code=code)


@pytest.mark.parametrize('arguments', [
    ['dump'], ['sync', 'status'], ['sync', 'accept'], ['check', 'replica']])
def test_without_a_replica_in_the_configuration(scratch, arguments):
    conf = sdrctl.write_conf(scratch, world.conf(
        directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None}))
    done = sdrctl.run(conf, *arguments)
    assert done.returncode == WRONG
    assert 'no replica is configured: add a section [replica] with path = FILE' in done.stderr


# --- a file that sdr-sync refuses, or has not read yet ---

@pytest.mark.parametrize('text, words', [
    ('dn: uid=x\nmail x@example.com\n', ':2: "mail x@example.com" does not begin with "attribute:"'),
    ('dn: uid=x\nmail: x@example.com\n\ndn: UID=X\nmail: y@example.com\n', ':4: dn: the same as in line 1'),
    ('dn: uid=x\nmail: x@example.net\n', ': none of its 1 entries has an address in a split domain'),
    ('dn: uid=x\nmail:: ?\n', ':2: mail: broken base64'),
    ('', ': it contains no entries'),
])
def test_check_directory_reads_a_file_as_sdr_sync_does(unread, text, words):
    unread.write(text)
    assert f'  WRONG      file: {unread.path}{words}' in run(unread, 'check', 'directory', code=WRONG)
    assert f'{unread.path}{words}' in unread.sync.once(ok=[NOT_NOW]).stderr
    assert 'it is not complete yet; see sdrctl sync status' in run(
        unread, 'route', 'alice@example.com', code=NOT_NOW)


def test_check_directory_counts_the_entries_of_a_file(unread):
    assert '  ok         file: 6 entries, 6 with an address in a split domain\n' in run(
        unread, 'check', 'directory')
    unread.path.unlink()
    assert f'  WRONG      file: {unread.path}: No such file' in run(
        unread, 'check', 'directory', code=WRONG)


def test_before_sdr_sync_was_ever_started(unread):
    assert f'{unread.sync.path}: No such file or directory; start sdr-sync' in run(
        unread, 'route', 'alice@example.com', code=NOT_NOW)


# --- status ---

def test_status_of_a_file(new_people):
    people = new_people()
    one = status(people)
    assert {name: one[name] for name in (
        'directory', 'copy', 'reason', 'method', 'server', 'complete', 'entries', 'held', 'failed',
        'error', 'known-for', 'unknown-for')} == {
        'directory': 'corp', 'copy': 'up-to-date', 'reason': None, 'method': 'ldif',
        'server': f'ldif:{people.path}', 'complete': True, 'entries': 6, 'held': 0, 'failed': None,
        'error': None, 'known-for': None, 'unknown-for': None}
    text = run(people, 'sync', 'status')
    assert 'directory corp: up to date\n' in text
    assert '  mail            all recipients are routed from the replica\n' in text


def test_status_without_a_copy(unread):
    one = status(unread, NOT_NOW)
    assert (one['copy'], one['mail']) == ('none', 'all recipients are deferred')
    assert 'No such file' in one['reason']
    assert 'entries' not in one
    assert 'directory corp: NO REPLICA\n' in run(unread, 'sync', 'status', code=NOT_NOW)


def test_status_of_a_copy_that_is_going_stale(new_sync, slapd):
    """The directory is down: first the replica answers for everybody, then only for known recipients."""
    sync = new_sync(slapd, replica={'unknown-max-age': str(FRESH), 'known-max-age': '7200'}).start()
    one = wait_for(lambda: status_if(sync, 'up-to-date'), what='a copy')
    assert one['method'] == 'syncrepl' and one['server'] == slapd.uri
    assert 0 <= one['unknown-for'] <= FRESH and 6000 < one['known-for'] <= 7200
    slapd.stop()
    one = wait_for(lambda: status_if(sync, 'stale'), what='age')
    assert one['unknown-for'] == 0 and 6000 < one['known-for'] < 7200
    assert one['failed'] and one['error']
    text = run(sync, 'sync', 'status', code=NOT_NOW)
    assert 'directory corp: NOT UP TO DATE\n' in text
    assert re.search('known recipients are routed for another 1 h [45][0-9] min; '
                     'unknown ones are looked up in the directory, or deferred if no server answers\n', text)
    assert '  error           ' in text
    slapd.start()
    one = wait_for(lambda: status_if(sync, 'up-to-date'), what='recovery')
    assert one['error'] is None


def status_if(people, copy):
    """The status of the only directory, if its copy has this state."""
    done = sdrctl.run(people.conf, 'sync', 'status', '--json')
    one, = objects(done.stdout)
    if one['copy'] != copy:
        return None
    assert done.returncode == (OK if copy == 'up-to-date' else NOT_NOW)
    return one


# --- accept ---

@pytest.fixture
def losing(new_people):
    """The file has lost the crowd, the loss is held back, and sdr-sync has ended."""
    people = new_people(world.PEOPLE + CROWD)
    people.replace(world.PEOPLE)
    people.sync.once()
    return people


def test_losses_are_reported(losing):
    assert status(losing, NOT_NOW)['held'] == 20
    text = run(losing, 'sync', 'status', code=NOT_NOW)
    assert 'directory corp: up to date, LOSSES HELD BACK\n' in text
    assert '  held back       losses of 20 entries; their old data are still used\n' in text
    assert len(run(losing, 'dump').splitlines()) == len(WORLD) + 20


def test_accept(losing):
    losing.sync.start()
    assert run(losing, 'sync', 'accept') == (
        'directory corp: accepted; nothing is held back now\n')
    assert run(losing, 'dump').splitlines() == WORLD
    assert status(losing)['held'] == 0
    assert run(losing, 'sync', 'accept') == 'nothing is held back\n'


def test_accept_at_the_next_run(losing):
    """sdr-sync does not run; the next run reads the acceptance."""
    assert 'it will accept them at its next start' in run(losing, 'sync', 'accept', 'corp', code=NOT_NOW)
    left = losing.sync.home / 'replica.accept'
    assert left.read_text() == 'corp 20\n'
    assert (left.stat().st_mode & 0o777, left.owner()) == (0o640, 'sdr')
    assert sorted(file.name for file in losing.sync.home.iterdir()) == [
        'replica', 'replica-lock', 'replica.accept']
    losing.sync.once()
    assert not left.exists()
    assert run(losing, 'dump').splitlines() == WORLD


def test_accept_no_more_than_was_seen(losing):
    """More entries have been lost since the administrator looked."""
    left = losing.sync.home / 'replica.accept'
    losing.sync.start()
    left.write_text('corp 19\n')
    wait_for(lambda: not left.exists(), what='taken')
    assert status(losing, NOT_NOW)['held'] == 20


def test_accept_needs_the_right_to_write(losing):
    done = subprocess.run(
        [paths.BUILD / 'sdrctl/sdrctl', '-c', losing.conf, 'sync', 'accept'], text=True,
        capture_output=True, env=environment(), user='postfix', group='sdr', extra_groups=[],
        timeout=300, check=False)
    assert_clean(done.stderr)
    assert done.returncode == NO_RIGHT
    assert 'Permission denied' in done.stderr


# --- check ---

HEALTHY = [
    '  ok         file: ',
    '  ok         lock file: ',
    'replica of directory corp\n',
    '  ok         replica: 6 entries, file read ',
    '  ok         owners: all match a site\n',
    '  ok         routing: all routing addresses belong to a site\n',
    '  ok         addresses: no entries disagree\n',
]


def test_check_of_a_healthy_one(new_people):
    text = run(new_people(), 'check', 'replica')
    for part in HEALTHY:
        assert part in text
    assert '->' not in text and 'WRONG' not in text


def test_check_of_everything(new_people):
    """The network and the mail servers of this machine do not matter here."""
    text = sdrctl.run(new_people().conf, 'check', '--resolver', '127.0.0.1:1', '--timeout',
                      '1').stdout
    for part in ['configuration ', '  ok         file: 6 entries, ', *HEALTHY,
                 'dns: split domain example.com\n', 'site hosted, hosted.example.com\n', 'mta']:
        assert part in text


def chmod(name, mode):
    return lambda home: (home / name).chmod(mode)


def write_garbage(home):
    (home / 'replica').write_bytes(b'garbage' * 10000)


@pytest.mark.parametrize('spoil, code, parts', [
    (chmod('replica', 0o660), WRONG, ['  WRONG      file: ', ':sdr, mode 0660: programs that run as root']),
    (chmod('.', 0o770), WRONG, ['  WRONG      folder: ']),
    (chmod('replica', 0o600), OK, ['  warning    file: ', 'its group cannot read the replica']),
    (chmod('replica-lock', 0o640), OK, ['  warning    lock file: ']),
    (chmod('.', 0o700), OK, ['  warning    folder: ']),
    (lambda home: (home / 'replica-lock').unlink(), WRONG,
     ['  WRONG      lock file: ', '-> start sdr-sync']),
    (lambda home: (home / 'replica').unlink(), WRONG, ['  WRONG      file: ']),
    (lambda home: shutil.rmtree(home), WRONG, ['  WRONG      folder: ']),
    (lambda home: os.truncate(home / 'replica', 8192), WRONG, ['  WRONG      replica: ', 'cut short']),
    (write_garbage, WRONG, ['  WRONG      replica: ', 'all recipients are deferred']),
])
def test_check_of_files(new_people, spoil, code, parts):
    people = new_people()
    spoil(people.sync.home)
    text = run(people, 'check', 'replica', code=code)
    for part in parts:
        assert part in text


def test_check_of_another_configuration(new_people):
    people = new_people()
    people.conf.write_text(people.conf_text(site_hosted={'owner-value': 'mx.hosted.example'}))
    text = run(people, 'check', 'replica', code=WRONG)
    assert '  WRONG      replica: ' in text and 'written for another configuration' in text
    assert '-> start sdr-sync, or make it reload the configuration (SIGUSR1)\n' in text


def test_check_of_what_is_in_it(new_people):
    rivals = ''.join(person(f'{name}{n}', mail=f'{name}@example.com', sdrOwner=owner)
                     for name in 'abcd' for n, owner in enumerate(['onprem', 'hosted']))
    text = run(new_people(world.PEOPLE + FAULTY + rivals), 'check', 'replica')
    for part in [
            '  warning    owners: 1 of 20 addresses (5.0 %) have an owner that matches no site; '
            'mail for them is deferred: foreign@example.com\n',
            '  warning    routing: 2 of 20 addresses (10.0 %) have an invalid routing address, or '
            'one outside every site; mail for them is deferred: bad@example.com, outside@example.com\n',
            '  warning    addresses: 4 of 20 addresses (20.0 %) are in several entries that disagree; '
            'mail for them is deferred: a@example.com, b@example.com, c@example.com, ...\n']:
        assert part in text


def test_check_as_json(new_people):
    """Only objects, each with what it is about."""
    found = objects(run(new_people(), 'check', 'replica', '--json'))
    assert {finding['about'].partition(' /')[0] for finding in found} == {
        'replica', 'replica of directory corp'}


def test_check_when_every_owner_is_unknown(new_people):
    lost = ''.join(person(f'user{i}', sdrOwner='gone') for i in range(5))
    text = run(new_people(lost), 'check', 'replica', code=WRONG)
    assert '  WRONG      owners: 5 of 5 addresses (100.0 %)' in text


def test_check_of_losses(losing):
    text = run(losing, 'check', 'replica')
    assert '  warning    held back: losses of 20 entries: ' in text
    assert '-> check the directory; if the changes are intended: sdrctl sync accept\n' in text
