"""test_replica_reader.py - which queries the replica answers, and which the directory

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import shutil
import subprocess

import pytest

import paths
import sdrctl
import world
from daemon import environment
from peoplefile import PeopleFile
from proc import wait_for
from world import person

ALICE, DAVE, NOBODY, CAROL, NEW = (f'{name}@example.com' for name in
                                   ('alice', 'dave', 'nobody', 'carol', 'new'))
KNOWN = ('redirect', 'replica')
UNKNOWN = ('reject', 'replica')
ASKED = ('redirect', 'directory')
ASKED_UNKNOWN = ('reject', 'directory')
NOT_NOW = ('defer', 'none')
FRESH = 5  # seconds: the shortest unknown-max-age


@pytest.fixture
def sync(new_sync, slapd):
    """Not started; its copy is valid for an hour."""
    return new_sync(slapd, replica={'unknown-max-age': '3600'}, directory_corp={'timeout': '20'})


@pytest.fixture
def forgetful(new_sync, slapd):
    """The same, but it soon no longer knows who does not exist."""
    return new_sync(slapd, replica={'unknown-max-age': str(FRESH)}, directory_corp={'timeout': '20'})


def answers(conf, *recipients):
    """(verdict, source) for each."""
    done = sdrctl.run(conf, 'route', '--json', *recipients)
    return [(a['verdict'], a['source']) for a in map(json.loads, done.stdout.splitlines())]


def answer(conf, recipient):
    return answers(conf, recipient)[0]


def test_the_copy_is_asked_first(sync, slapd):
    sync.once()
    asked = len(slapd.searches())
    assert answers(sync.conf, ALICE, NOBODY) == [KNOWN, UNKNOWN]
    assert len(slapd.searches()) == asked


def test_each_step_is_explained(sync):
    done = sdrctl.run(sync.conf, 'route', '--explain', ALICE)
    assert 'replica of corp: ' in done.stdout and 'No such file' in done.stdout
    sync.once()
    done = sdrctl.run(sync.conf, 'route', '--explain', ALICE, NOBODY)
    assert 'replica of corp: ok\n' in done.stdout
    assert 'replica of corp: none\n' in done.stdout


def test_without_a_copy_the_directory_is_asked(sync, slapd):
    assert answers(sync.conf, ALICE, NOBODY) == [ASKED, ASKED_UNKNOWN]
    slapd.stop()
    assert answers(sync.conf, ALICE, NOBODY) == [NOT_NOW, NOT_NOW]


def test_in_a_stale_copy_unknown_ones_are_asked_live(forgetful, slapd):
    """New people are found; known ones need no live search."""
    forgetful.once()
    wait_for(lambda: answer(forgetful.conf, NOBODY) == ASKED_UNKNOWN, FRESH + 10, 'age')
    slapd.add(person('new', sdrOwner='hosted'))
    assert answers(forgetful.conf, ALICE, NEW, NOBODY) == [KNOWN, ASKED, ASKED_UNKNOWN]
    slapd.stop()
    assert answers(forgetful.conf, ALICE, NEW, NOBODY) == [KNOWN, NOT_NOW, NOT_NOW]


def test_an_extension_is_a_weaker_key(forgetful, slapd):
    """In a stale copy the full address may belong to a new entry."""
    forgetful.once()
    extended = 'alice+x@example.com'
    wait_for(lambda: answer(forgetful.conf, extended) == ASKED, FRESH + 10, 'age')
    slapd.stop()
    assert answers(forgetful.conf, extended, ALICE) == [NOT_NOW, KNOWN]


@pytest.mark.parametrize('spoil', [
    lambda home: (home / 'replica').unlink(),
    lambda home: (home / 'replica-lock').unlink(),
    lambda home: os.truncate(home / 'replica', 12288),
    lambda home: (home / 'replica').write_bytes(b'x' * 50000),
    lambda home: (home / 'replica').chmod(0o666),
    lambda home: home.chmod(0o777),
    lambda home: shutil.chown(home / 'replica', 'postfix'),
], ids=['no file', 'no lock file', 'cut short', 'garbage', "everybody's", "everybody's folder",
        "somebody else's"])
def test_what_is_no_replica_is_not_believed(sync, spoil):
    sync.once()
    assert answer(sync.conf, ALICE) == KNOWN
    spoil(sync.home)
    assert answers(sync.conf, ALICE, NOBODY) == [ASKED, ASKED_UNKNOWN]


def test_another_configuration_is_asked_live(sync):
    sync.once()
    text = sync.conf.read_text()
    sync.conf.write_text(text.replace('[site hosted]', '[site hosted]\nowner-value = x'))
    assert answer(sync.conf, ALICE) == ASKED
    sync.once()
    assert answer(sync.conf, ALICE) == KNOWN
    sync.conf.write_text(text)
    assert answer(sync.conf, ALICE) == ASKED


def test_one_that_keeps_asking_sees_a_copy_come_change_and_go(sync, slapd, talk):
    conversation = talk(sync.conf)

    def source_and_targets(recipient):
        said = conversation.ask(recipient)
        return said['source'], said['targets']
    there = ['alice@hosted.example.com']
    assert source_and_targets(ALICE) == ('directory', there)
    sync.start()
    wait_for(lambda: source_and_targets(ALICE) == ('replica', there), 20, 'copy')
    slapd.modify(f'''\
dn: uid=alice,ou=people,{world.slapd.SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: onprem
''')
    wait_for(lambda: source_and_targets(ALICE) == ('replica', []), 10, 'change')
    sync.stop()
    sync.path.unlink()
    wait_for(lambda: source_and_targets(ALICE) == ('directory', []), 10, 'end')
    sync.start()
    wait_for(lambda: source_and_targets(ALICE) == ('replica', []), 20, 'another')


# --- several directories ---

@pytest.fixture
def both(scratch, slapd):
    """A PeopleFile with Carol, and slapd as the directory "live" beside it."""
    return PeopleFile(scratch / 'people', person('carol', sdrOwner='hosted'), **{
        'directory live': {
            'uri': slapd.uri, 'password-file': str(world.password_file(scratch)), 'timeout': '20',
            **{name: world.CONF['directory corp'][name]
               for name in ('search-base', 'default-owner', 'bind', 'bind-dn')}}})


def test_a_none_needs_that_of_every_directory(both, slapd):
    """One directory has no copy yet and no server; an exact match in the other is used."""
    assert answers(both.conf, ALICE, CAROL, NOBODY) == [ASKED, NOT_NOW, NOT_NOW]
    both.sync.once()
    assert answers(both.conf, ALICE, CAROL, NOBODY) == [KNOWN, KNOWN, UNKNOWN]
    slapd.stop()
    assert answers(both.conf, ALICE, CAROL) == [KNOWN, KNOWN]


def test_entries_of_two_directories_must_agree(both):
    both.write(person('alice', sdrOwner='hosted') + person('dave', sdrOwner='hosted'))
    both.sync.once()
    assert answers(both.conf, ALICE, DAVE) == [KNOWN, ('defer', 'replica')]


def as_first_process(conf, recipients):
    """sdrctl route as the first process of a PID namespace, as in a container."""
    return subprocess.Popen(
        ['unshare', '--pid', '--fork', '--kill-child', paths.BUILD / 'sdrctl/sdrctl', '-c', conf,
         'route', *recipients], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment())


def test_two_containers_with_the_same_process_id(sync, slapd):
    """LMDB distinguishes its readers by process ID: the second one reports the error."""
    sync.once()
    slapd.stop()
    with as_first_process(sync.conf, ['-']) as first:
        first.stdin.write(f'{ALICE}\n')
        first.stdin.flush()
        assert 'redirect' in first.stdout.readline()
        with as_first_process(sync.conf, ['--explain', ALICE]) as second:
            said = second.communicate()[0]
        assert 'a process in another PID namespace has the same process ID' in said
        assert '451' in said
        first.stdin.close()
    assert answer(sync.conf, ALICE) == KNOWN
