"""test_sync_ldif.py - routing without any directory server: sdr-sync reads a file

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shutil
import subprocess
import threading
import time
from collections import Counter

import pytest

import paths
import sdrctl
import world
from daemon import assert_clean, environment
from peoplefile import PeopleFile
from proc import wait_for
from world import person

ALICE, DAVE, BOTH, NOBODY = [f'{name}@example.com' for name in ('alice', 'dave', 'both', 'nobody')]
ALICE_THERE = 'redirect alice@hosted.example.com'
LAST = world.PEOPLE.count('\n')
ALICE_HERE = world.PEOPLE.replace('sdrOwner: hosted', 'sdrOwner: onprem', 1)
CROWD = [f'user{i}@example.com' for i in range(60)]
CROWDED = world.PEOPLE + ''.join(person(f'user{i}', sdrOwner='hosted') for i in range(60))


@pytest.fixture
def new_people(scratch, stop_later):
    """new_people(text, ...): a PeopleFile."""
    def make(*arguments, **sections):
        people = PeopleFile(scratch / 'people', *arguments, **sections)
        stop_later(people.sync.close)
        return people
    return make


@pytest.fixture
def people(new_people):
    """The default world, kept in the replica by a running sdr-sync."""
    people = new_people()
    people.sync.start()
    wait_for(lambda: people.ask(ALICE) == [ALICE_THERE])
    return people


def complaint(people):
    """The last line that sdr-sync has logged as an error, "" if it has recovered."""
    lines = [line for line in people.sync.lines('directory corp: ')]
    return lines[-1] if lines and lines[-1].startswith('<3>') else ''


def wait_reported(people, *words):
    return wait_for(lambda: all(word in complaint(people) for word in words), 15,
                    f'complaint with {words}')


# --- what is answered ---

def test_every_verdict(people):
    assert people.ask(ALICE, DAVE, BOTH, 'robert@example.com', 'plain@example.com',
                      'alice+news@example.com', 'held@example.com', NOBODY) == [
        ALICE_THERE, 'pass', 'copy both@hosted.example.com', 'redirect robert@hosted.example.com',
        'pass', 'redirect alice+news@hosted.example.com', 'defer', 'reject']


def test_before_the_first_read_nothing_is_sure(new_people):
    assert new_people().ask(ALICE, NOBODY) == ['defer', 'defer']


@pytest.mark.parametrize('text', ['rubbish', '', 'dn: cn=x\nmail: x@example.org\n'])
def test_copy_that_was_never_read_says_so(new_people, text):
    """It is not reported as damaged."""
    people = new_people(text)
    people.sync.once(ok=(75,))
    assert 'it is not complete yet' in sdrctl.run(people.conf, 'route', ALICE).stdout


def test_once(new_people):
    people = new_people()
    people.sync.once()
    assert people.ask(ALICE, NOBODY) == [ALICE_THERE, 'reject']


def test_file_does_not_age(new_people):
    """No process checks it, and even "unknown" stays sure."""
    people = new_people(replica={'unknown-max-age': '5'})
    people.sync.once()
    read = time.monotonic()
    wait_for(lambda: time.monotonic() > read + 7)
    assert people.ask(ALICE, NOBODY) == [ALICE_THERE, 'reject']


@pytest.mark.parametrize('change', [
    lambda text: text.replace('\n', '\r\n'),
    lambda text: '\ufeff' + text,
    lambda text: 'version: 1\n\n' + text,
    lambda text: text.replace('mail: ', 'mail;lang-en: '),
    lambda text: text.replace('sdrOwner: hosted', 'sdrOwner:: aG9zdGVk'),
    lambda text: text.replace('@example.com', '@exam\n ple.com'),
    lambda text: re.sub('^(dn: .*)', r'\1\nchangetype: add', text, flags=re.M),
    lambda text: re.sub('^(mail|sdrOwner): (.*)', r'\1;vucsn-5f01: \2\n'
                        r'\1;vucsn-5f01;vdcsn-5f02;deleted: cloud@example.com', text, flags=re.M)
    + person('nobody', objectClass='nsTombstone').replace('uid=', 'nsuniqueid=1-2,uid='),
], ids=['crlf', 'bom', 'version', 'options', 'base64', 'folded', 'ldifde', '389ds'])
def test_manners_of_writing(new_people, change):
    people = new_people(change(world.PEOPLE))
    people.sync.once()
    assert people.ask(ALICE, DAVE, NOBODY) == [ALICE_THERE, 'pass', 'reject']


def test_utf8_addresses(new_people):
    people = new_people(person('zoe', mail='zo\u00eb@example.com', sdrOwner='hosted'))
    assert 'mail:: ' in people.path.read_text()
    people.sync.once()
    assert people.ask('ZO\u00cb@example.com', NOBODY) == [
        'redirect ZO\u00cb@hosted.example.com', 'reject']


def test_search_base(new_people):
    base = {'search-base': 'ou=people,dc=example,dc=com'}
    people = new_people(world.PEOPLE.replace('uid=alice,ou=people', 'uid=alice,ou=former'),
                        directory_corp=base)
    people.sync.once()
    assert people.ask(ALICE, DAVE) == ['reject', 'pass']


# --- the file changes ---

@pytest.mark.parametrize('how', ['write', 'replace'])
def test_change(people, how):
    getattr(people, how)(ALICE_HERE + person('nobody', sdrOwner='hosted'))
    wait_for(lambda: people.ask(ALICE, NOBODY) == ['pass', 'redirect nobody@hosted.example.com'])


def test_replaced_by_an_older_one_of_the_same_size(people):
    new = people.path.with_suffix('.new')
    new.write_text(ALICE_HERE)
    os.utime(new, ns=(people.path.stat().st_mtime_ns,) * 2)
    assert new.stat().st_size == people.path.stat().st_size
    os.replace(new, people.path)
    wait_for(lambda: people.ask(ALICE) == ['pass'])


class Restless:
    """A thread that appends to the file all the time, as fast as the machine allows."""

    def __init__(self, path):
        self._path, self._last, self._longest = path, time.monotonic(), 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def has_rested(self):
        """Whether sdr-sync, which looks every second, may have found the file unchanged."""
        return max(self._longest, time.monotonic() - self._last) > 0.8

    def _run(self):
        while not self._end.wait(0.05):
            with self._path.open('a') as file:
                file.write('# more\n')
            now = time.monotonic()
            self._longest, self._last = max(self._longest, now - self._last), now


def test_slowly_written_file_is_not_read_before_it_rests(people):
    """Each part would be a valid file."""
    parts = (ALICE_HERE + person('late', sdrOwner='hosted')).split('\n\n')[:-1]
    people.path.write_text('')
    with Restless(people.path) as restless:
        for part in parts:
            with people.path.open('a') as file:
                file.write(part + '\n\n')
            answers = people.ask(ALICE, BOTH)
            assert restless.has_rested() or answers == [ALICE_THERE, 'copy both@hosted.example.com']
    wait_for(lambda: people.ask(ALICE, 'late@example.com') == [
        'pass', 'redirect late@hosted.example.com'])
    assert complaint(people) == ''


@pytest.mark.parametrize('broken, reported', [
    (world.PEOPLE[:-20], 'the last line has no end'),
    ('', 'it contains no entries'),
    ('# nobody\n', 'it contains no entries'),
    (world.PEOPLE + world.PEOPLE, 'dn: the same as in line 1'),
    (ALICE_HERE + 'dn: cn=x\nmail:< file:///etc/passwd\n', f':{LAST + 2}: mail: values in other files'),
    (ALICE_HERE + 'dn: cn=x\nchangetype: delete\n', f':{LAST + 2}: changetype: the file contains changes'),
    (ALICE_HERE + 'include: file:///etc/passwd\n', f':{LAST + 1}: include: a record must begin with dn:'),
    (ALICE_HERE + 'dn: cn=x\nmail:: ?\n', f':{LAST + 2}: mail: broken base64'),
    (ALICE_HERE.encode() + b'dn: cn=x\ncn: \0\n', f':{LAST + 2}: a NUL octet'),
    (ALICE_HERE.encode('utf-16'), ':1: a NUL octet'),
    (ALICE_HERE.replace('mail: ', 'email: ').replace('sdrAddress', 'address'),
     'has an address in a split domain'),
], ids=['cut', 'empty', 'comment', 'twice', 'url', 'change', 'include', 'base64', 'nul', 'utf-16',
        'attribute'])
def test_broken_file_changes_nothing(people, broken, reported):
    people.write(broken)
    wait_reported(people, f'{people.path}', reported)
    assert people.ask(ALICE, DAVE, NOBODY) == [ALICE_THERE, 'pass', 'reject']
    people.write(ALICE_HERE)
    wait_for(lambda: people.ask(ALICE) == ['pass'])
    wait_for(lambda: complaint(people) == '')


def test_complaint_is_logged_once(people):
    people.write('rubbish\n')
    wait_reported(people, ':1: "rubbish" does not begin with')
    people.write('rubbish\n')
    people.path.touch()
    people.write(ALICE_HERE)
    wait_for(lambda: people.ask(ALICE) == ['pass'])
    assert len(people.sync.lines('does not begin with')) == 1


def test_file_that_is_cut_between_two_records_loses_nobody(new_people):
    """The text itself does not show it: the guard notices."""
    people = new_people(CROWDED)
    people.sync.start()
    wait_for(lambda: people.ask(CROWD[-1]) == ['redirect user59@hosted.example.com'])
    people.write(CROWDED[:CROWDED.index('dn: uid=user9,')])
    wait_reported(people, 'too much would be lost: 51 of 66 entries')
    assert people.ask(*CROWD) == [f'redirect user{i}@hosted.example.com' for i in range(60)]


def test_removed(people):
    text = people.path.read_text()
    people.path.unlink()
    wait_reported(people, 'No such file or directory')
    assert people.ask(ALICE, NOBODY) == [ALICE_THERE, 'reject']
    people.write(text)
    wait_for(lambda: complaint(people) == '')


def test_unreadable(people):
    people.path.chmod(0)
    wait_reported(people, 'Permission denied')
    assert people.ask(ALICE, NOBODY) == [ALICE_THERE, 'reject']
    people.path.chmod(0o644)
    wait_for(lambda: complaint(people) == '')


def test_what_is_no_file(people):
    """Reading a FIFO would block, and a folder has no text."""
    people.path.unlink()
    os.mkfifo(people.path, 0o644)
    wait_reported(people, 'not a regular file')
    assert people.ask(ALICE) == [ALICE_THERE]


def test_reload_to_another_file(people):
    other = people.path.with_name('other.ldif')
    other.write_text(ALICE_HERE)
    people.sync.configure(people.conf_text(other))
    assert 'configuration reloaded' in people.sync.reload()
    wait_for(lambda: people.ask(ALICE) == ['pass'])
    people.replace(world.PEOPLE)  # sdr-sync no longer looks at that file
    other.write_text(ALICE_HERE + person('late', sdrOwner='hosted'))
    wait_for(lambda: people.ask('late@example.com', ALICE) == [
        'redirect late@hosted.example.com', 'pass'])


def test_once_says_that_it_failed(new_people):
    people = new_people(world.PEOPLE[:-2])
    assert 'the last line has no end' in people.sync.once(ok=[75]).stderr
    assert people.ask(ALICE, NOBODY) == ['defer', 'defer']


@pytest.mark.parametrize('spoil', [
    lambda path: shutil.chown(path, 'sdr'),
    lambda path: path.chmod(0o666),
    lambda path: shutil.chown(path.parent, 'sdr'),
    lambda path: path.parent.chmod(0o777),
], ids=['owner', 'mode', 'folder', 'folder-mode'])
def test_root_trusts_nobody_elses_file(new_people, spoil):
    people = new_people()
    shutil.chown(people.sync.home, 'root', 'root')

    def run():
        done = subprocess.run([paths.BUILD / 'sync/sdr-sync', '-c', people.conf, '--once'],
                              capture_output=True, text=True, env=environment(), timeout=300)
        assert_clean(done.stderr)
        return done
    assert run().returncode == 0
    spoil(people.path)
    done = run()
    assert done.returncode == 75
    assert 'root reads it, so' in done.stderr


# --- behind an MTA ---

EVERYBODY = [ALICE, DAVE, BOTH, NOBODY, 'held@example.com']
REACHED = Counter(['alice@hosted.example.com', DAVE, BOTH, 'both@hosted.example.com'])


def codes(sent):
    return [reply.code for reply in sent.rcpts]


def test_behind_a_milter(people, new_milter, mta, deliver):
    new_milter(people.conf_text(milter={
        'socket': f'unix:{mta.queue_folder / world.SOCKET}',
        'socket-group': mta.manners.group})).start()
    sent, got = deliver(EVERYBODY)
    assert (codes(sent), got) == ([250, 250, 250, 550, 451], REACHED)
    people.replace(ALICE_HERE)
    wait_for(lambda: people.ask(ALICE) == ['pass'])
    assert deliver(ALICE)[1] == Counter([ALICE])


def test_behind_exim(new_people, new_exim, sink):
    people = new_people()
    people.sync.share('Debian-exim')
    people.sync.start()
    wait_for(lambda: people.ask(ALICE) == [ALICE_THERE])
    exim = new_exim(people.conf).start()
    sent = exim.send(EVERYBODY)
    exim.wait_empty()
    assert (codes(sent), sink.recipients(sent.message_id)) == (
        [250, 250, 250, 550, 451], REACHED)
