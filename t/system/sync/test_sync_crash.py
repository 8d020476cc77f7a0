"""test_sync_crash.py - sdr-sync is killed, the disk is full, the file is damaged

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import random
import shutil
import threading
import time

import pytest

import lmdbfile
import sdrctl
import world
from ask import SANITIZED
from namespace import Namespace
from proc import run, wait_for
from slapd import READER_DN, SUFFIX
from world import person

ROUNDS = 60 if SANITIZED else 500
LONGEST = 0.6 if SANITIZED else 0.06  # seconds until it is killed
UNLIMITED = f'limits dn.exact="{READER_DN}" size=unlimited\nsyncprov-sessionlog 1000'
ALICE, DAVE, BOTH, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'both', 'nobody'))
ALICE_THERE = 'redirect alice@hosted.example.com'
# People whose entries never change.
FIRM = {ALICE: 'redirect', DAVE: 'pass', BOTH: 'copy', 'robert@example.com': 'redirect',
        NOBODY: 'reject'}


def crowd(count, prefix='u'):
    return ''.join(person(f'{prefix}{n}', sdrOwner='hosted') for n in range(count))


def dn(name):
    return f'dn: uid={name},ou=people,{SUFFIX}\n'


def answers(sync):
    """The answers for FIRM, and the source of each: the replica, or else the directory."""
    done = sdrctl.run(sync.conf, 'route', '--json', *FIRM)
    assert done.returncode in (0, 75), done
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return ({a['recipient']: a['verdict'] for a in said}, {a['source'] for a in said})


# --- kill -9 ---

class Changes(threading.Thread):
    """A directory that changes all the time: with Changes(slapd): ..."""

    def __init__(self, slapd, choice):
        super().__init__()
        self._slapd, self._choice = slapd, choice
        self._there = set()
        self._ended = threading.Event()

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self._ended.set()
        self.join()

    def run(self):
        while not self._ended.is_set():
            self._slapd.modify(''.join(self._one() for _ in range(20)))

    def _one(self):
        name = f'c{self._choice.randrange(50)}'
        if name not in self._there:
            self._there.add(name)
            return person(name, sdrOwner=self._owner()).replace('\n', '\nchangetype: add\n', 1)
        if self._choice.random() < 0.3:
            self._there.remove(name)
            return f'{dn(name)}changetype: delete\n\n'
        return (f'{dn(name)}changetype: modify\nreplace: sdrOwner\nsdrOwner: {self._owner()}\n-\n'
                f'replace: sdrAddress\nsdrAddress: a{self._choice.randrange(99)}@example.com\n\n')

    def _owner(self):
        return self._choice.choice(['hosted', 'onprem', 'nowhere'])


def live_shortly(sync, choice):
    sync.launch()
    time.sleep(choice.random() * LONGEST)
    sync.kill()


@pytest.fixture
def choice():
    seed = int(os.environ.get('PYTEST_SEED', random.randrange(1 << 32)))
    print(f'PYTEST_SEED={seed}')
    return random.Random(seed)


def test_killed_while_it_reads_for_the_first_time(new_slapd, new_sync, choice):
    """There is no copy to answer from; an incomplete one does no harm."""
    sync = new_sync(new_slapd(world.PEOPLE + crowd(2500), options=UNLIMITED))
    for number in range(ROUNDS * 2 // 5):
        if number % 5 == 0:
            shutil.rmtree(sync.home)
            sync.home.mkdir()
            shutil.chown(sync.home, 'sdr', 'sdr')
        live_shortly(sync, choice)
        if number % 5 == choice.randrange(5):
            assert answers(sync)[0] == FIRM
    sync.start()
    wait_for(lambda: answers(sync) == (FIRM, {'replica'}), 30)
    sync.caught_up()


def test_killed_while_changes_come(new_slapd, new_sync, choice):
    """It gets the changes that it has missed, and those that arrive while it runs."""
    slapd = new_slapd(world.PEOPLE + crowd(100), options=UNLIMITED)
    sync = new_sync(slapd, replica={'max-removed': '100', 'unknown-max-age': '3600'}).start()
    sync.caught_up()
    sync.kill()
    file = sync.path.stat().st_ino
    with Changes(slapd, choice):
        for _ in range(ROUNDS * 3 // 5):
            live_shortly(sync, choice)
            assert answers(sync) == (FIRM, {'replica'})
            assert len(sync.dump()) > 100
            assert sync.path.stat().st_ino == file, 'it was thrown away'
    sync.start()
    sync.caught_up()
    assert sync.lines('<3>') == []


# --- the disk is full ---

@pytest.fixture
def on_a_disk(scratch, new_slapd, new_sync):
    """on_a_disk(size, people): a Disk with a Sync that is not started."""
    with Namespace(scratch, network=False):
        yield lambda size, people: Disk(size, new_slapd(people, options=UNLIMITED), new_sync)


class Disk:
    """The folder of the replica, with its own small file system."""

    def __init__(self, size, slapd, new_sync):
        self.slapd = slapd
        self.sync = new_sync(slapd, replica={'unknown-max-age': '5'})
        run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=0750', 'tmpfs', self.sync.home])
        shutil.chown(self.sync.home, 'sdr', 'sdr')
        self._filler = self.sync.home / 'filler'

    def fill(self):
        status = os.statvfs(self.sync.home)
        self._filler.write_bytes(bytes(status.f_bavail * status.f_bsize))
        with pytest.raises(OSError, match='No space left'), self._filler.open('ab') as file:
            file.write(bytes(65536))

    def empty(self):
        self._filler.unlink()

    def enlarge(self):
        run(['mount', '-o', 'remount,size=64M', self.sync.home])


def test_first_read_does_not_fit(on_a_disk):
    disk = on_a_disk('1M', world.PEOPLE + crowd(4000))
    sync = disk.sync.start()
    sync.wait_reported('No space left on device')
    assert answers(sync) == (FIRM, {'directory'})
    disk.enlarge()
    sync.wait_well(seconds=60)
    sync.caught_up()
    assert answers(sync) == (FIRM, {'replica'})


def test_change_does_not_fit(on_a_disk):
    disk = on_a_disk('4M', world.PEOPLE)
    sync = disk.sync.start()
    sync.caught_up()
    disk.fill()
    disk.slapd.add(crowd(600))
    sync.wait_reported('No space left on device')
    assert sync.ask(ALICE, DAVE) == [ALICE_THERE, 'pass']
    wait_for(lambda: sync.ask(NOBODY)[0] in ('defer', 'reject'))
    sync.stop()
    sync.start()
    assert sync.ask(ALICE, DAVE) == [ALICE_THERE, 'pass']
    disk.empty()
    sync.wait_well(seconds=60)
    sync.caught_up()
    assert sync.ask('u599@example.com') == ['redirect u599@hosted.example.com']


def test_start_with_a_full_disk(on_a_disk):
    """It cannot start; when there is space again, a restart succeeds."""
    disk = on_a_disk('1M', world.PEOPLE)
    sync = disk.sync
    disk.fill()
    for _ in range(3):
        sync.launch()
        assert sync.wait() == 71
        assert 'No space left on device' in sync.lines()[-1]
    disk.empty()
    sync.start()
    sync.caught_up()


@pytest.mark.parametrize('left', [4096 * n for n in range(1, 41, 3)])
def test_hardly_any_room(on_a_disk, left):
    """Wherever it fails, the remains do no harm when there is space again."""
    disk = on_a_disk('1M', world.PEOPLE)
    sync = disk.sync
    disk.fill()
    with (sync.home / 'filler').open('r+b') as filler:
        filler.truncate(filler.seek(0, os.SEEK_END) - left)
    sync.launch()
    wait_for(lambda: not sync.alive() or sync.complaint() or sync.lines('up to date'))
    if sync.alive():
        sync.kill()
    else:
        assert sync.wait() == 71
    assert sync.lines('No space left') or sync.lines('up to date')
    assert answers(sync)[0] == FIRM
    disk.empty()
    sync.start()
    sync.caught_up()


# --- the file is damaged while nobody writes to it ---

def cut(size):
    return lambda path: os.truncate(path, size)


def cut_half(path):
    """Truncate the file to half of its content."""
    os.truncate(path, path.stat().st_blocks * 512 // 8192 * 4096)


def overwrite(octet, first=0, last=None):
    """A function that overwrites this part of a file with this octet."""
    def spoil(path):
        octets = bytearray(path.read_bytes())
        end = len(octets) if last is None else last
        octets[first:end] = octet * (end - first)
        path.write_bytes(octets)
    return spoil


def shuffle(path):
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def another_format(path):
    with lmdbfile.table(path, 'meta') as meta:
        meta.put(b'format', b'\x02RDS')


def lost_state(path):
    with lmdbfile.table(path, 'meta') as meta:
        meta.put(b'\0w', b'?')


def only_begun(path):
    """As sdr-sync leaves the file if it is killed right after creating it."""
    path.unlink()
    lmdbfile.make_empty(path)


def strange(path):
    path.unlink()
    with lmdbfile.table(path, 'postfix') as table:
        table.put(b'a', b'b')


def text(path):
    path.write_text('Dear diary\n' * 10000)


ANEW, REFUSED = True, False
DAMAGES = {
    'emptied': (cut(0), ANEW),
    'cut-to-100': (cut(100), ANEW),
    'cut-to-a-page': (cut(4096), ANEW),
    'cut-to-two-pages': (cut(8192), ANEW),
    'cut-to-half': (cut_half, ANEW),
    'zeroed': (overwrite(b'\0'), ANEW),
    'first-page-zeroed': (overwrite(b'\0', 0, 4096), ANEW),
    'second-page-zeroed': (overwrite(b'\0', 4096, 8192), ANEW),
    'versions': (overwrite(b'\x07', 20, 24), ANEW),
    'another-format': (another_format, ANEW),
    'lost-state': (lost_state, ANEW),
    'only-begun': (only_begun, ANEW),
    'random': (shuffle, REFUSED),
    'strange': (strange, REFUSED),
    'text': (text, REFUSED),
}


NEW = 'emptied', 'only-begun'  # there is nothing to discard


@pytest.mark.parametrize('name', DAMAGES)
def test_damaged_file(new_slapd, new_sync, name):
    """A file that was a replica is made again; any other is left alone. Until then readers ask the directory.
    """
    spoil, anew = DAMAGES[name]
    sync = new_sync(new_slapd(world.PEOPLE + crowd(300)))
    sync.once()
    spoil(sync.path)
    shutil.chown(sync.path, 'sdr', 'sdr')
    assert answers(sync) in [(FIRM, {'directory'}), (FIRM, {'replica'})]
    if anew:
        sync.start()
        wait_for(lambda: answers(sync) == (FIRM, {'replica'}))
        sync.caught_up()
        assert (name in NEW) == (sync.lines('<4>' + str(sync.path)) == [])
    else:
        before = sync.path.read_bytes()
        sync.launch()
        assert sync.wait() == 71
        assert f'{sync.path}: it is not a replica; sdr-sync does not touch it' in sync.lines()[-1]
        assert sync.path.read_bytes() == before
        assert answers(sync) == (FIRM, {'directory'})


@pytest.mark.parametrize('spoil', [
    lambda path: path.unlink(), cut(0), cut(100), overwrite(b'\0'), overwrite(b'\xff'), shuffle],
    ids=['gone', 'emptied', 'cut', 'zeroed', 'ones', 'random'])
def test_damaged_lock_file(new_slapd, new_sync, spoil):
    """LMDB makes it again when no process has it open."""
    sync = new_sync(new_slapd())
    sync.once()
    spoil(sync.path.with_name('replica-lock'))
    sync.start()
    sync.caught_up()
    wait_for(lambda: answers(sync) == (FIRM, {'replica'}))


def test_readers_while_it_is_made_anew(new_slapd, new_sync, talk):
    """One keeps the old file open, and many open and close it."""
    sync = new_sync(new_slapd(world.PEOPLE + crowd(300)), replica={'unknown-max-age': '3600'})
    sync.once()
    reader = talk(sync.conf)
    ended, wrong = threading.Event(), []

    def read(ask):
        while not ended.is_set():
            wrong.extend(a for a in ask() if a['verdict'] != FIRM[a['recipient']])
    readers = [threading.Thread(target=read, args=[ask]) for ask in (
        lambda: [reader.ask(recipient) for recipient in FIRM],
        lambda: [json.loads(line) for line in
                 sdrctl.run(sync.conf, 'route', '--json', *FIRM).stdout.splitlines()])]
    for each in readers:
        each.start()
    try:
        for _ in range(3):
            new = sync.path.with_name('new')  # never write over it
            shutil.copy(sync.path, new)
            another_format(new)
            new.with_name('new-lock').unlink()
            shutil.chown(new, 'sdr', 'sdr')
            new.rename(sync.path)
            sync.once()
            wait_for(lambda: answers(sync) == (FIRM, {'replica'}))
    finally:
        ended.set()
        for each in readers:
            each.join()
    assert wrong == []
