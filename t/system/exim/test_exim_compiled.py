"""test_exim_compiled.py - exim-sdr.so with a compiled configuration: the same answers, and libraries are
loaded only when needed

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shutil
import time

import pytest

import sdrctl
import world
from exim import SO, USER
from sync import Sync
from test_corpus import WORLDS, cases

ALICE, DAVE, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'nobody'))
ANSWERS = ['<alice@hosted.example.com>', '', ':fail: 550 5.1.1 User unknown']
ADVICE = 'sdr: not used, run sdrctl compile:'
DEFERRED = ':defer: 451 4.4.3 Directory unavailable, try again later'
MISTAKE = ':defer: 451 4.3.5 Configuration error, try again later'


@pytest.fixture
def answers(new_exim):
    """answers(conf, recipients, more, so): what sdr_route says of each, in one process of Exim."""
    exim = new_exim(None)
    exim.configure()

    def ask(conf, recipients=(ALICE, DAVE, NOBODY), more=(), so=SO, functions=(('sdr_route', ''),)):
        calls = [exim.call(name, r, *marks, conf).replace(str(SO), str(so))
                 for r in recipients for name, *marks in functions]
        done = exim.run('-be', input='\n'.join([*calls, *more, '']), errors='surrogateescape')
        ask.logged = re.findall('sdr: .*', done.stderr)
        return done.stdout.removeprefix('> ').removesuffix('\n> \n').split('\n> ')
    return ask


def libraries(answers, conf):
    """The libraries that an Exim process has loaded after a query."""
    shown = answers(conf, [ALICE], ['${readfile{/proc/self/maps}}'])
    assert shown[0] == ANSWERS[0]
    return set(re.findall(r'/([^/\s]+\.so)\b', '\n'.join(shown)))


def complaints(answers):
    """The log lines of the last process."""
    return [line for line in answers.logged if line.startswith(ADVICE)]


@pytest.fixture
def synced(new_sync, slapd):
    """An sdr-sync of the default directory, stopped, with a complete replica."""
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
    site = re.search('^this-site = (.*)', text, re.M)[1]
    marks = r'\n'.join([f'{site}; {int(time.time())}'] * 30)
    functions = [('sdr_route', ''), ('sdr_verify', ''), ('sdr_next_hop',), ('sdr_owner',), ('sdr_loop', marks)]
    before = answers(sync.conf, asked, functions=functions)
    assert len(before) == len(asked) * len(functions)
    sdrctl.compile(sync.conf)
    assert answers(sync.conf, asked, functions=functions) == before


def test_what_is_loaded(synced, answers):
    plain = libraries(answers, synced.conf)
    assert {'exim-sdr.so', 'exim-sdr-live.so', 'libini_config.so'} <= plain
    sdrctl.compile(synced.conf)
    replica = libraries(answers, synced.conf)
    assert 'exim-sdr.so' in replica
    assert not replica & {'exim-sdr-live.so', 'libini_config.so', 'libcares.so'}


def test_servers_are_asked_when_the_replica_does_not_know(synced, slapd, answers):
    sdrctl.compile(synced.conf)
    synced.path.unlink()
    assert answers(synced.conf) == ANSWERS
    assert 'exim-sdr-live.so' in libraries(answers, synced.conf)
    slapd.stop()
    assert answers(synced.conf) == [DEFERRED] * 3


def pass_unknown(conf):
    """Write another configuration of the same length to the same file, and restore the file's times."""
    before, text = conf.stat(), conf.read_text()
    assert 'unknown = reject' in text
    with conf.open('r+') as file:
        file.write(text.replace('unknown = reject', 'unknown = pass  '))
    os.utime(conf, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert conf.stat().st_size == before.st_size


def swap(conf):
    """Replace the file by another of the same length and time."""
    old = conf.rename(conf.with_name('old'))
    shutil.copy2(old, conf)
    pass_unknown(conf)


@pytest.mark.parametrize('change', [pass_unknown, swap], ids=['same file', 'another file'])
def test_what_was_made_from_another_text_is_ignored(synced, answers, change):
    synced.conf.write_text(synced.conf.read_text() + '# unknown = reject\n')
    file = sdrctl.compile(synced.conf)
    change(synced.conf)
    assert answers(synced.conf) == [*ANSWERS[:2], '']
    assert complaints(answers) == [f'{ADVICE} {file}: the configuration has changed since']
    sdrctl.compile(synced.conf)
    assert answers(synced.conf) == [*ANSWERS[:2], '']
    assert complaints(answers) == []
    synced.conf.write_text('nonsense\n')
    assert answers(synced.conf) == [MISTAKE] * 3


def restore(conf):
    """Write the same text to a new file with other times, as when a backup is restored."""
    text = conf.read_text()
    conf.unlink()
    conf.write_text(text)
    os.utime(conf, (1, 1))


def link(conf):
    """Move both files, and put links in their places."""
    folder = conf.with_name('elsewhere')
    folder.mkdir()
    for path in (conf, conf.with_name('sdr.conf.compiled')):
        path.symlink_to(path.rename(folder / path.name))


@pytest.mark.parametrize('change', [restore, link], ids=['restored', 'link'])
def test_the_text_decides(synced, answers, change):
    sdrctl.compile(synced.conf)
    change(synced.conf)
    assert not libraries(answers, synced.conf) & {'exim-sdr-live.so', 'libini_config.so'}
    assert complaints(answers) == []


@pytest.mark.parametrize('spoil', [
    lambda path: shutil.chown(path, 'nobody'), lambda path: path.chmod(0o664), lambda path: path.chmod(0o602),
    lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b''),
    lambda path: path.write_bytes(path.read_bytes().replace(b'hosted.example.com', b'hosted.example.org')),
    lambda path: path.write_bytes(path.read_bytes().replace(b'0.', b'9.', 1)),
    lambda path: (path.unlink(), path.mkdir())],
    ids=['owner', 'group', 'others', 'cut short', 'empty', 'changed', 'version', 'folder'])
def test_what_must_not_be_believed_is_ignored(synced, answers, spoil):
    file = sdrctl.compile(synced.conf)
    spoil(file)
    assert answers(synced.conf) == ANSWERS
    complaint, = complaints(answers)
    assert complaint.startswith(f'{ADVICE} {file}: ')
    assert 'exim-sdr-live.so' in libraries(answers, synced.conf)


def test_what_is_not_there_is_no_reason_to_complain(synced, answers):
    assert answers(synced.conf) == ANSWERS
    assert complaints(answers) == []


@pytest.mark.parametrize('spoil, reason', [
    (lambda path: path.unlink(), 'No such file'), (lambda path: path.chmod(0o644), 'holds a secret'),
    (lambda path: path.write_text('\n'), 'no password')], ids=['missing', 'mode', 'empty'])
def test_password_file_that_cannot_be_used(synced, answers, spoil, reason):
    spoil(synced.conf.with_name('password'))
    done = sdrctl.run(synced.conf, 'compile')
    assert done.returncode == 78 and reason in done.stderr
    assert not synced.conf.with_name('sdr.conf.compiled').exists()
    assert answers(synced.conf) == [MISTAKE] * 3


def test_password_file_that_is_lost_later(synced, answers):
    """Recipients in the replica are routed; the others are deferred."""
    sdrctl.compile(synced.conf)
    synced.conf.with_name('password').unlink()
    assert answers(synced.conf) == ANSWERS
    synced.path.unlink()
    assert answers(synced.conf) == [DEFERRED] * 3


def test_check_sees_whether_exim_can_use_it(synced, new_exim):
    exim = new_exim(synced.conf)
    exim.configure()

    def check():
        done = sdrctl.run(synced.conf, 'check', 'mta', 'exim', '--exim-config', exim.command[-1],
                          env={**exim.env, 'PATH': f'{exim.program.parent}:{os.environ["PATH"]}'})
        line, = [line for line in done.stdout.splitlines() if ' compiled: ' in line]
        return ' '.join(line.split())
    assert check().startswith(f'ok compiled: {synced.conf} is not compiled')
    file = sdrctl.compile(synced.conf)
    assert check() == f'ok compiled: {file} is made from {synced.conf}'
    file.chmod(0o666)
    assert check().startswith(f'warning compiled: Exim does not use {file}: ')


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
    sdrctl.compile(synced.conf)
    assert answers(synced.conf, so=so) == ANSWERS


def test_mode_is_that_of_the_configuration(synced):
    synced.conf.chmod(0o640)
    shutil.chown(synced.conf, 'root', USER)
    status = sdrctl.compile(synced.conf).stat()
    assert (status.st_mode & 0o7777, status.st_gid) == (0o640, synced.conf.stat().st_gid)


def test_without_a_replica_there_is_nothing_to_compile(scratch, slapd):
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': slapd.uri, 'password-file': str(world.password_file(scratch))}))
    done = sdrctl.run(conf, 'compile')
    assert done.returncode == 78 and 'no replica is configured' in done.stderr
    assert not conf.with_name('sdr.conf.compiled').exists()
