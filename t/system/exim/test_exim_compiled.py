"""test_exim_compiled.py - exim-sdr.so with a compiled configuration: the same answers, and what it
needs is loaded when it needs it

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil

import pytest

import sdrctl
import world
from exim import SO, USER
from sync import Sync
from test_corpus import WORLDS, cases

ALICE, DAVE, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'nobody'))
ANSWERS = ['<alice@hosted.example.com>', '', ':fail: 550 5.1.1 User unknown']
DEFERRED = ':defer: 451 4.4.3 Directory unavailable, try again later'
MISTAKE = ':defer: 451 4.3.5 Configuration error, try again later'


@pytest.fixture
def answers(new_exim):
    """answers(conf, recipients, more, so): what sdr_route says of each, in one process of Exim."""
    exim = new_exim(None)
    exim.configure()

    def ask(conf, recipients=(ALICE, DAVE, NOBODY), more=(), so=SO):
        calls = [exim.call('sdr_route', r, '', conf).replace(str(SO), str(so)) for r in recipients]
        shown = exim.run('-be', input='\n'.join([*calls, *more, '']),
                         errors='surrogateescape').stdout
        return shown.removeprefix('> ').removesuffix('\n> \n').split('\n> ')
    return ask


def libraries(answers, conf):
    """What a process of Exim has loaded after a question."""
    shown = answers(conf, [ALICE], ['${readfile{/proc/self/maps}}'])
    assert shown[0] == ANSWERS[0]
    return set(re.findall(r'/([^/\s]+\.so)\b', '\n'.join(shown)))


def compiled(conf):
    done = sdrctl.run(conf, 'compile')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    return conf.with_name('sdr.conf.compiled')


@pytest.fixture
def synced(new_sync, slapd):
    """An sdr-sync of the directory that is as usual; not running, with a replica that is complete."""
    sync = new_sync(slapd)
    sync.share(USER)
    sync.once()
    return sync


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world(folder, new_slapd, scratch, ca, answers):
    slapd = new_slapd((folder / 'directory.ldif').read_text(), schema=folder.glob('schema'))
    people = scratch / 'people.ldif'
    people.write_text(slapd.export())
    text = (folder / 'sdr.conf').read_text().replace('@URI@', f'ldif:{people}').replace(
        '@PASSWORD_FILE@', f'{world.password_file(scratch)}\ntls-ca-file = {ca.cert}')
    sync = Sync(scratch, lambda path: text + world.section('replica', {'path': str(path)}))
    sync.once()
    asked = [r.decode('utf-8', 'surrogateescape') for r, _ in cases(folder / 'cases')
             if re.fullmatch(rb'[!-~\x80-\xff]+', r) and not set(r) & set(b'\\${}"')]
    assert asked
    before = answers(sync.conf, asked)
    compiled(sync.conf)
    assert answers(sync.conf, asked) == before


def test_what_is_loaded(synced, answers):
    plain = libraries(answers, synced.conf)
    assert {'exim-sdr.so', 'exim-sdr-live.so', 'libini_config.so'} <= plain
    compiled(synced.conf)
    replica = libraries(answers, synced.conf)
    assert 'exim-sdr.so' in replica
    assert not replica & {'exim-sdr-live.so', 'libini_config.so', 'libcares.so'}


def test_servers_are_asked_when_the_replica_does_not_know(synced, slapd, answers):
    compiled(synced.conf)
    synced.path.unlink()
    assert answers(synced.conf) == ANSWERS
    assert 'exim-sdr-live.so' in libraries(answers, synced.conf)
    slapd.stop()
    assert answers(synced.conf) == [DEFERRED] * 3


def test_what_is_older_than_the_file_is_ignored(synced, answers):
    compiled(synced.conf)
    synced.conf.write_text(synced.conf.read_text().replace('unknown = reject', 'unknown = pass'))
    assert answers(synced.conf) == [*ANSWERS[:2], '']
    compiled(synced.conf)
    assert answers(synced.conf) == [*ANSWERS[:2], '']
    synced.conf.write_text('nonsense\n')
    assert answers(synced.conf) == [MISTAKE] * 3


@pytest.mark.parametrize('spoil', [
    lambda path: shutil.chown(path, 'nobody'), lambda path: path.chmod(0o664),
    lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b'')],
    ids=['owner', 'mode', 'cut short', 'empty'])
def test_what_root_must_not_believe_is_ignored(synced, answers, spoil):
    spoil(compiled(synced.conf))
    assert answers(synced.conf) == ANSWERS
    assert 'exim-sdr-live.so' in libraries(answers, synced.conf)


@pytest.mark.parametrize('spoil', [
    lambda path: shutil.chown(path, 'nobody'), lambda path: path.chmod(0o775),
    lambda path: path.unlink(), lambda path: path.write_bytes(b'\x7fELF')],
    ids=['owner', 'mode', 'missing', 'damaged'])
def test_library_that_cannot_be_loaded(synced, answers, scratch, spoil):
    folder = scratch / 'lib'
    folder.mkdir()
    for name in ('exim-sdr.so', 'exim-sdr-live.so'):
        shutil.copy(SO.with_name(name), folder)
    so = folder / 'exim-sdr.so'
    assert answers(synced.conf, so=so) == ANSWERS
    spoil(folder / 'exim-sdr-live.so')
    assert answers(synced.conf, so=so) == [MISTAKE] * 3
    compiled(synced.conf)
    assert answers(synced.conf, so=so) == ANSWERS


def test_mode_is_that_of_the_configuration(synced):
    synced.conf.chmod(0o640)
    shutil.chown(synced.conf, 'root', USER)
    status = compiled(synced.conf).stat()
    assert (status.st_mode & 0o7777, status.st_gid) == (0o640, synced.conf.stat().st_gid)


def test_without_a_replica_there_is_nothing_to_compile(scratch, slapd):
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': slapd.uri, 'password-file': str(world.password_file(scratch))}))
    done = sdrctl.run(conf, 'compile')
    assert done.returncode == 78 and 'no replica is configured' in done.stderr
    assert not conf.with_name('sdr.conf.compiled').exists()
