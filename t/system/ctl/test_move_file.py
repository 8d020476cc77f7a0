"""test_move_file.py - sdrctl move, hold, release, undo, show, history: the directory is an LDIF file

SPDX-License-Identifier: BSD-2-Clause
"""
import fcntl
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import paths
import sdrctl
import world
from daemon import environment
from namespace import Namespace
from office import Administrator
from peoplefile import PeopleFile
from proc import run, wait_for

ALICE, DAVE, PLAIN, NOBODY = (f'{n}@example.com' for n in ('alice', 'dave', 'plain', 'nobody'))
MESSY = """\
version: 1

# The company. Do not
  sort this file.

dn: uid=zoe
objectClass: person
mail: zoe@example.com
jpegPhoto:: AAECAwQF
 BgcICQ==

# Alice was the first who moved.
dn:: dWlkPWFsaWNl
mail: ali
 ce@example.com
# since May
sdrowner:hosted
cn:: QWzDrWNl


dn: uid=dave
mail: dave@example.com
sdrOwner:: b25wcmVt
sdrRoutingAddress: dave@onprem.example.com
description: he writes, and
  writes
# the last line of Dave
"""


class Clerk(Administrator):
    """An administrator whose directory is a file."""

    def __init__(self, folder, text=world.PEOPLE):
        super().__init__(folder)
        self.people = PeopleFile(folder / 'people', text, main={'journal-directory': str(self.journals)})
        self.path = self.people.path
        self.conf = self.people.conf

    def owners(self, *addresses):
        """The owners by sdrctl show, which reads the file itself."""
        lines = sdrctl.run(self.conf, 'show', '--json', *addresses).stdout.splitlines()
        return [json.loads(line)['directories'][0]['entries'][0]['sites'] for line in lines]

    def is_tidy(self):
        return os.listdir(self.path.parent) == [self.path.name]


@pytest.fixture
def clerk(scratch):
    """clerk(text): a Clerk."""
    return lambda text=world.PEOPLE: Clerk(scratch, text)


def changed_lines(before, after):
    """The removed lines and the added lines."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


# --- the text ---

@pytest.mark.parametrize('text', [MESSY, MESSY.replace('\n', '\r\n'), '\ufeff' + MESSY], ids=['lf', 'crlf', 'bom'])
def test_nothing_else_changes(clerk, text):
    there = clerk(text.encode())
    before = there.path.read_bytes()
    there.path.chmod(0o640)
    shutil.chown(there.path, group='sdr')
    os.setxattr(there.path, 'trusted.sdr', b'kept')
    state = there.path.stat()
    assert '2 moved' in there.run('move', '--to', 'hosted', DAVE, 'zoe@example.com')
    after = there.path.read_bytes()
    assert changed_lines(before, after) == (
        [b'sdrOwner:: b25wcmVt', b'sdrRoutingAddress: dave@onprem.example.com'],
        [b'objectClass: sdrRecipient', b'sdrOwner: hosted', b'sdrOwner: hosted'])
    assert after.count(b'\r') == after.count(b'\n') * (b'\r' in before)
    now = there.path.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (state.st_mode, state.st_uid, state.st_gid)
    assert os.getxattr(there.path, 'trusted.sdr') == b'kept'
    there.run('hold', ALICE)
    there.run('undo', there.journal())
    assert there.path.read_bytes() == after
    assert '2 undone' in there.run('undo', sorted(there.journals.iterdir())[0])
    assert there.path.read_bytes() == before and there.is_tidy()


def test_every_command(clerk, stop_later):
    """sdr-sync reads each change by itself."""
    there = clerk()
    stop_later(there.people.sync.close)
    there.people.sync.start()
    wait_for(lambda: there.people.ask(DAVE) == ['pass'])
    assert there.run('move', '--to', 'hosted', '--wait', DAVE, PLAIN).startswith(f'{DAVE}: moved\n')
    assert there.people.ask(DAVE) == [f'redirect {DAVE.replace("@", "@hosted.")}']
    assert 'an LDIF file' in there.run('show', DAVE)
    assert there.owners(DAVE, PLAIN) == [['hosted'], ['hosted']]
    there.run('move', '--to', 'onprem', '--add', DAVE)
    assert there.owners(DAVE) == [['onprem', 'hosted']]
    there.run('hold', DAVE)
    there.run('release', DAVE)
    assert [line.split()[2] for line in there.run('history', DAVE).splitlines()] == [
        'sdrOwner=onprem->hosted', 'sdrOwner=hosted->hosted,onprem', 'sdrHold=-->TRUE', 'sdrHold=TRUE->-']
    for journal in sorted(there.journals.iterdir(), reverse=True):
        there.run('undo', journal)
    assert there.path.read_text() == world.PEOPLE


def test_dry_run(clerk):
    there = clerk()
    assert 'add: sdrOwner\nsdrOwner: hosted\n' in there.run('move', '--to', 'hosted', '--dry-run', PLAIN)
    assert there.path.read_text() == world.PEOPLE and not list(there.journals.iterdir())


def test_link(clerk, scratch):
    """The link stays a link, and the file that it points to is changed."""
    there = clerk()
    real = scratch / 'real.ldif'
    there.path.rename(real)
    there.path.symlink_to(real)
    there.run('move', '--to', 'hosted', DAVE)
    assert there.path.is_symlink() and real.read_text().count('sdrOwner: onprem') == 1


# --- what is refused ---

def test_mistakes_of_a_batch(clerk, scratch):
    there = clerk(world.PEOPLE + world.person('other', mail=PLAIN) + world.person(
        'team', objectClass='groupOfNames'))
    batch = scratch / 'batch'
    batch.write_text(f'{DAVE}\n{NOBODY}\n{ALICE}\n{PLAIN}\nteam@example.com\n{DAVE}\nx@elsewhere.example\n')
    reported = there.run('move', '--to', 'hosted', '--file', batch, code=65)
    for line, words in enumerate(['no entry with this address', 'already at hosted', 'several entries have this',
                                  'is a group', 'listed twice', 'not in a split domain'], 2):
        assert any(part.startswith(f'sdrctl move: {batch}:{line}: ') and words in part
                   for part in reported.splitlines()), reported
    assert '6 errors; nothing was changed' in reported and not list(there.journals.iterdir())


def test_filter(clerk):
    assert 'directory corp is a file: use addresses' in clerk().run('move', '--to', 'hosted', '--filter',
                                                                     '(uid=dave)', code=65)


@pytest.mark.parametrize('line, words', [
    ('rubbish', 'does not begin with "attribute:"'), ('sdrOwner:: b25wc', 'broken base64'),
    ('dn: uid=x', 'no empty line before it'), ('mail:< file:///etc/passwd', 'other files')])
def test_bad_file(clerk, line, words):
    there = clerk(MESSY.replace('sdrowner:hosted', line))
    for command in (['move', '--to', 'hosted', DAVE], ['show', DAVE]):
        reported = there.run(*command, code=78 if command[0] == 'move' else 75)
        assert f'{there.path}:17: ' in reported and words in reported


def test_option_of_an_attribute(clerk):
    there = clerk(MESSY.replace('sdrowner:hosted', 'sdrOwner;lang-de: hosted'))
    assert f'{there.path}:17: sdrOwner;lang-de: ' in there.run('move', '--to', 'onprem', ALICE, code=75)


def test_hard_link(clerk, scratch):
    there = clerk()
    os.link(there.path, scratch / 'other')
    assert 'has 2 hard links' in there.run('move', '--to', 'hosted', DAVE, code=75)


def test_journal_with_other_octets(clerk):
    """Undo writes only the values in a journal, not the octets that it records for the file."""
    there = clerk()
    there.run('move', '--to', 'hosted', DAVE)
    journal = there.journal()
    lines = journal.read_text().splitlines(keepends=True)
    forged = [line if not line.startswith('# octets') else line.rsplit(' ', 2)[0] + ' aG9zdGVk b25wcmVtCnNuOiB4\n'
              for line in lines]
    assert forged != lines
    journal.write_text(''.join(forged))
    there.run('undo', journal)
    assert there.path.read_text() == world.PEOPLE


# --- others at the same time ---

def test_many_administrators(clerk):
    names = [f'u{n}' for n in range(6)]
    there = clerk(''.join(map(world.person, names)))
    runs = [subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, 'move', '--to', 'hosted',
                              f'{name}@example.com'], env=environment(), stdout=subprocess.DEVNULL)
            for name in names]
    assert [process.wait() for process in runs] == [0] * len(names)
    assert there.path.read_text().count('sdrOwner: hosted') == len(names) and there.is_tidy()
    for journal in there.journals.iterdir():
        there.run('undo', '--quiet', journal)
    assert 'sdrOwner' not in there.path.read_text()


def waiting(there, *arguments):
    """A run that has read the file and waits for the lock."""
    process = subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, *arguments], text=True,
                               env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: list(there.journals.iterdir()))
    return process


def test_changed_while_waiting(clerk):
    """The other run's changes stay; entries that both change are left alone."""
    there = clerk()
    with there.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = waiting(there, 'move', '--to', 'hosted', DAVE, PLAIN)
        new = there.path.with_suffix('.new')
        new.write_text('# new\n' + world.PEOPLE.replace('sdrOwner: onprem', 'sdrOwner: hosted', 1))
        new.write_text(new.read_text().replace('uid: plain', 'uid: plain\nsdrOwner: both'))
        assert there.path.read_text() == world.PEOPLE
        new.rename(there.path)
    output, _ = process.communicate()
    assert f'{DAVE}: unchanged' in output and f'{PLAIN}: skipped: ' in output and process.returncode == 75, output
    assert there.path.read_text().startswith('# new\n')
    assert there.path.read_text().count('sdrOwner: both') == 1


# --- it cannot be written ---

def test_folder_not_writable(clerk):
    there = clerk()
    for path in (there.journals, there.path):
        shutil.chown(path, 'sdr', 'sdr')
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, 'move', '--to', 'hosted', DAVE, PLAIN],
                          user='sdr', group='sdr', extra_groups=[], env=environment(), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 77 and f'{there.path}: Permission denied' in done.stdout, done.stderr
    assert '1 failed, 1 not tried' in done.stdout
    assert there.path.read_text() == world.PEOPLE and there.is_tidy()
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, 'history', DAVE], user='sdr',
                          group='sdr', extra_groups=[], env=environment(), text=True, capture_output=True,
                          check=False)
    assert '(not made)' in done.stdout


def test_disk_full(scratch):
    with Namespace(scratch, network=False):
        there = Clerk(scratch, world.PEOPLE)
        run(['mount', '-t', 'tmpfs', '-o', 'size=8k,mode=0755', 'tmpfs', there.path.parent])
        there.path.write_text(world.PEOPLE + '# ' + 'x' * 3000 + '\n')
        before = there.path.read_text()
        assert 'No space left' in there.run('move', '--to', 'hosted', DAVE, code=75)
        assert there.path.read_text() == before and there.is_tidy()
        assert '(not made)' in there.run('history', DAVE)
        there.run('undo', there.journal())
        assert there.path.read_text() == before


# --- killed at any moment ---

@pytest.fixture
def killed(scratch):
    """killed(there, number, ...): its exit code, if it is killed before that call, see killed.c."""
    library = scratch / 'killed.so'
    run(['cc', '-O', '-Wall', '-shared', '-fPIC', '-o', library, Path(__file__).parents[2] / 'lib/killed.c'])

    def start(there, number, *arguments):
        preload = ':'.join([*filter(None, [environment().get('LD_PRELOAD')]), str(library)])
        return subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', there.conf, *arguments], check=False,
                              env={**environment(), 'LD_PRELOAD': preload, 'KILLED_AT': str(number)},
                              capture_output=True).returncode
    return start


def test_killed(clerk, killed):
    """The file is either the old or the new one, and undo recognizes which."""
    there = clerk(MESSY)
    before = there.path.read_bytes()
    there.run('move', '--to', 'hosted', DAVE, 'zoe@example.com')
    after = there.path.read_bytes()
    there.run('undo', there.journal())
    seen, unsure = [], False
    for number in range(1, 40):
        shutil.rmtree(there.journals)
        there.journals.mkdir(0o700)
        code = killed(there, number, 'move', '--to', 'hosted', DAVE, 'zoe@example.com')
        seen.append(there.path.read_bytes())
        assert seen[-1] in (before, after)
        for journal in there.journals.iterdir():
            text = journal.read_bytes()
            if seen[-1] == after and b'# results: ' not in text:
                assert 'not known whether it was made' in there.run('history', DAVE)
                unsure = True
            if b'# address' in text:
                undone = there.run('undo', journal)
                assert undone.count(': undone') == (2 if seen[-1] == after else 0)
        assert there.path.read_bytes() == before
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert seen == sorted(seen, key=lambda text: text == after) and len(set(seen)) == 2 and unsure
    there.run('move', '--to', 'hosted', DAVE)
    assert there.is_tidy()
