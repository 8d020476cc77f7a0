"""test_sync_service.py - sdr-sync as a service

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import signal
import subprocess

import pytest

import paths
import world
from badserver import HangingServer
from daemon import environment
from proc import PATIENCE, wait_for, within
from slapd import READER_DN, SUFFIX
from sync import Sync
from world import person

ALICE, DAVE, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'nobody'))
ALICE_THERE = 'redirect alice@hosted.example.com'
ALICE_MOVES = f"""\
dn: uid=alice,ou=people,{SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: {{}}
"""


@pytest.fixture
def directory(new_slapd):
    return new_slapd(options='syncprov-sessionlog 100')


@pytest.fixture
def sync(new_sync, directory):
    """An sdr-sync that is not started."""
    return new_sync(directory, directory_corp={'timeout': '6'}, replica={'unknown-max-age': '5'})


@pytest.fixture
def running(sync):
    sync.start('-v')
    sync.caught_up()
    return sync


@pytest.fixture
def hanging_at(directory, new_sync, stop_later):
    """hanging_at(octets): a server that never answers a request with them, and a Sync of it."""
    def make(octets, timeout='2'):
        server = HangingServer(directory.folder / 'ldapi', octets)
        stop_later(server.stop)
        server.start()
        return server, new_sync(server, directory_corp={'timeout': timeout, 'sync': 'full'})
    return make


def edit(sync, old, new):
    text = sync.conf.read_text()
    assert old in text
    sync.configure(text.replace(old, new))


# --- what the service manager is sent ---

def test_notifications(sync, reported, directory):
    sync.launch(NOTIFY_SOCKET=reported.path)
    assert [reported() for _ in range(3)] == [b'READY=1', b'WATCHDOG=1', b'WATCHDOG=1']
    directory.stop()  # no reason to end it
    assert [reported() for _ in range(3)] == [b'WATCHDOG=1'] * 3
    sync.signal(signal.SIGUSR1)
    while (word := reported()) == b'WATCHDOG=1':
        pass
    assert word == b'RELOADING=1'
    assert reported() == b'READY=1'
    sync.signal(signal.SIGTERM)
    while (word := reported()) == b'WATCHDOG=1':
        pass
    assert word == b'STOPPING=1'
    assert sync.wait() == 0


def test_watchdog_while_a_reload_waits(hanging_at, reported):
    """It waits for a server that does not even accept the connection."""
    _, sync = hanging_at(READER_DN.encode(), timeout='5')
    sync.launch(NOTIFY_SOCKET=reported.path)
    wait_for(lambda: sync.lines('is ready'))

    def signs_of_life():
        """The number of watchdog messages during a reload. It does not wait if the server's timeout ends at
        that moment."""
        sync.signal(signal.SIGUSR1)
        while reported() != b'RELOADING=1':
            pass
        count = 0
        while (word := reported()) == b'WATCHDOG=1':
            count += 1
        assert word == b'READY=1'
        return count
    assert any(signs_of_life() > 0 for _ in range(10))


def test_signs_of_life_while_reloads_come_all_the_time(sync, reported):
    """Each reload interrupts the interval of a second."""
    metrics = sync.home / 'sync.prom'
    sync.configure(f'{sync.conf.read_text()}metrics-file = {metrics}\n')
    sync.launch(NOTIFY_SOCKET=reported.path)
    words = []
    while words.count(b'READY=1') < 500 and (words.count(b'WATCHDOG=1') < 3 or not metrics.exists()):
        words.append(reported())
        if words[-1] == b'READY=1':
            sync.signal(signal.SIGUSR1)
    assert metrics.exists() and words.count(b'WATCHDOG=1') >= 3
    sync.stop()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it(running, number):
    running.signal(number)
    assert running.wait() == 0
    assert running.complaint() == ''
    assert running.ask(ALICE) == [ALICE_THERE]


@pytest.mark.parametrize('when', ['before', 'after'])
def test_end_while_the_server_is_silent(sync, directory, when):
    """Within the time that the service manager allows."""
    if when == 'before':
        directory.freeze()
        sync.start()
    else:
        sync.start()
        sync.caught_up()
        directory.freeze()
    sync.signal(signal.SIGTERM)
    assert sync.wait() == 0


@pytest.mark.parametrize('do', [Sync.reload, Sync.stop], ids=['reload', 'stop'])
def test_server_is_slow_to_answer(hanging_at, do):
    """It has a minute; no query waits for it."""
    server, sync = hanging_at(b'entryUUID')
    sync.start()
    assert server.asked.wait(PATIENCE)
    do(sync)
    assert sync.lines('<3>') == []


def ends_while_it_reads(sync):
    """Starts without a copy, and may finish before it is stopped."""
    for path in sync.home.glob('replica*'):
        path.unlink()
    sync.start('-v')
    wait_for(lambda: sync.lines('reading'))
    sync.stop()
    return sync.lines('up to date') == []


def test_end_in_the_middle_of_a_refresh(new_slapd, new_sync):
    """No answer counts before everything was read; then it continues where it was."""
    crowd = ''.join(person(f'u{i}', sdrOwner='hosted') for i in range(6000))
    sync = new_sync(new_slapd(world.PEOPLE + crowd,
                              options=f'limits dn.exact="{READER_DN}" size=unlimited'))
    wait_for(lambda: ends_while_it_reads(sync), what='an end in the middle')
    assert sync.complaint() == ''
    sync.start()
    sync.wait_well()
    wait_for(lambda: sync.lines('up to date'), 60)
    assert sync.ask('u5999@example.com', NOBODY) == ['redirect u5999@hosted.example.com', 'reject']


# --- reload ---

@pytest.mark.parametrize('number', [signal.SIGUSR1, signal.SIGHUP])
def test_reload_of_the_same(running, directory, number):
    assert 'configuration reloaded' in running.reload(number)
    assert running.ask(ALICE, NOBODY) == [ALICE_THERE, 'reject']
    directory.modify(ALICE_MOVES.format('onprem'))
    running.caught_up()
    assert running.complaint() == ''


@pytest.mark.parametrize('old, new, answers', [
    ('profile = sdr', 'profile = sdr\nfilter = (sdrOwner=hosted)', [ALICE_THERE, 'reject']),
    ('default-owner = onprem', 'default-owner = hosted', [ALICE_THERE, 'pass']),
    ('[domain example.com]', '[domain example.org]\nunknown = reject\n\n[domain example.com]',
     [ALICE_THERE, 'pass']),
    ('[site hosted]', '[site hosted]\nowner-value = onprem2', [ALICE_THERE, 'pass']),
    ('[site hosted]', '[site third]\nrouting-domain = third.%d\nowner-value = x\n\n[site hosted]',
     [ALICE_THERE, 'pass']),
    (f'search-base = {SUFFIX}', f'search-base = ou=people,{SUFFIX}', [ALICE_THERE, 'pass']),
], ids=['filter', 'default-owner', 'domain', 'owner-value', 'site', 'base'])
def test_reload_of_another_configuration(running, old, new, answers):
    """The copy is made again, because it was made under another configuration."""
    edit(running, old, new)
    assert 'configuration reloaded' in running.reload()
    wait_for(lambda: running.lines('up to date')[1:])
    wait_for(lambda: running.ask(ALICE, DAVE) == answers)


def test_reload_of_an_owner_value(running, directory):
    directory.modify(ALICE_MOVES.format('cloud'))
    wait_for(lambda: running.ask(ALICE) == ['defer'])
    edit(running, '[site hosted]', '[site hosted]\nowner-value = cloud')
    running.reload()
    wait_for(lambda: running.lines('up to date')[1:])
    assert running.ask(ALICE) == [ALICE_THERE]


@pytest.mark.parametrize('old, new, reported', [
    ('profile = sdr', 'profile = sendmail', 'profile'),
    ('default-owner = onprem', 'default-owner = nowhere', 'nowhere'),
    ('[replica]', '[nonsense]', 'nonsense'),
    ('path = ', 'path = /nonexistent', '/nonexistent'),
], ids=['profile', 'owner', 'section', 'path'])
def test_reload_of_a_mistake(running, directory, old, new, reported):
    """The old configuration stays in use."""
    good = running.conf.read_text()
    edit(running, old, new)
    log = running.reload()
    assert reported in log and 'keeping the old configuration' in log
    running.configure(good)
    directory.modify(ALICE_MOVES.format('onprem'))
    running.caught_up()


def test_reload_of_another_path(running, directory):
    """The old file is left as it was."""
    old_text, old_path = running.conf.read_text(), running.path
    new_path = old_path.with_name('other')
    edit(running, f'path = {old_path}', f'path = {new_path}')
    assert 'configuration reloaded' in running.reload()
    wait_for(new_path.exists)
    directory.modify(ALICE_MOVES.format('onprem'))
    wait_for(lambda: running.ask(ALICE) == ['pass'])
    running.stop()
    running.configure(old_text)
    assert running.ask(ALICE) == [ALICE_THERE]


def test_reload_while_the_server_is_silent(running, directory):
    directory.freeze()
    assert 'configuration reloaded' in running.reload()
    directory.thaw()
    directory.modify(ALICE_MOVES.format('onprem'))
    running.caught_up(60)


# --- the file, and who else wants it ---

def test_second_one_is_refused(running, directory):
    assert f'{running.path}: another sdr-sync is using it' in running.once(ok=[71]).stderr
    directory.modify(ALICE_MOVES.format('onprem'))
    running.caught_up()


def refusal(sync):
    """The error when it gives up at the start."""
    sync.launch()
    assert sync.wait() == 71
    [line] = sync.lines()[-1:]
    return line


def test_without_its_folder(sync):
    sync.home.rmdir()
    assert refusal(sync) == f'<3>{sync.path}: No such file or directory'


def test_without_right_to_write(sync):
    shutil.chown(sync.home, 'root', 'sdr')
    sync.home.chmod(0o750)
    assert refusal(sync) == f'<3>{sync.path}: Permission denied'


def test_file_of_another_user(sync):
    """An administrator has run it as root."""
    sync.path.touch(0o640)
    assert refusal(sync) == f'<3>{sync.path}: Permission denied'


def test_lock_file_of_another_user(sync):
    sync.once()
    lock = sync.path.with_name('replica-lock')
    shutil.chown(lock, 'root', 'root')
    assert refusal(sync) == f'<3>{lock}: Permission denied'


def test_lock_file_that_is_left_over(sync):
    """Without a replica it is ignored."""
    sync.path.with_name('replica-lock').touch(0o640)
    sync.start()
    sync.caught_up()


def test_path_is_a_folder(sync):
    sync.path.mkdir()
    assert refusal(sync) == f'<3>{sync.path}: Is a directory'


def test_path_is_a_link(sync, scratch):
    """The file would be written elsewhere."""
    sync.path.symlink_to(scratch / 'elsewhere')
    assert refusal(sync) == f'<3>{sync.path}: it is a symbolic link'
    assert not (scratch / 'elsewhere').exists()


def test_file_is_taken_away(running, directory):
    """For whatever reason: a new one is made, without a restart."""
    running.path.unlink()
    wait_for(lambda: len(running.lines('up to date')) == 2, 30)
    wait_for(lambda: running.ask(ALICE) == [ALICE_THERE])
    directory.modify(ALICE_MOVES.format('onprem'))
    running.caught_up()


def test_modes(running):
    """The group may read, and LMDB's readers must be able to write to the lock file."""
    lock = running.path.with_name('replica-lock')
    assert [oct(p.stat().st_mode & 0o777) for p in (running.path, lock)] == ['0o640', '0o660']


# --- arguments ---

@pytest.mark.parametrize('options, code, reported', [
    (['--test'], 0, 'no errors found'),
    (['--nonsense'], 64, "sdr-sync: unrecognized option '--nonsense'\nsee 'sdr-sync --help'\n"),
    (['extra'], 64, "sdr-sync: unexpected argument: extra\nsee 'sdr-sync --help'\n"),
    (['--help'], 0, 'usage: sdr-sync'),
    (['--version'], 0, 'sdr-sync '),
    (['-c', '/nonexistent'], 78, '/nonexistent'),
], ids=lambda value: str(value))
def test_arguments(sync, options, code, reported):
    done = subprocess.run([paths.BUILD / 'sync/sdr-sync', '-c', sync.conf, *options], text=True,
                          capture_output=True, env=environment(), timeout=300, check=False)
    assert (done.returncode, reported in done.stdout + done.stderr) == (code, True), done


def test_configuration_without_replica(sync):
    edit(sync, '[replica]', '#')
    edit(sync, 'path = ', '#')
    edit(sync, 'unknown-max-age', '#')
    sync.launch()
    assert sync.wait() == 78
    assert 'no replica is configured' in sync.log()


def test_refused_password_is_not_tried_again_and_again(new_slapd, new_sync, scratch):
    """Otherwise the account would be locked; a reload ends this."""
    slapd = new_slapd()
    sync = new_sync(slapd)
    password = sync.folder / 'password'
    right = password.read_text()
    password.write_text('wrong\n')
    sync.start()
    sync.wait_reported('nvalid credentials')
    assert not within(5, lambda: slapd.log().count('RESULT tag=97 err=49') > 1)
    password.write_text(right)
    sync.reload()
    sync.wait_well()
