"""test_service.py - the life of sdr-milter: started, reloaded, killed, worked hard, stopped

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import random
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import paths
import ptrace
import smtpclient
import world
from proc import PATIENCE, wait_for
from world import person

ALICE, BOB, DAVE, BOTH = [f'{name}@example.com' for name in ('alice', 'bob', 'dave', 'both')]
pytestmark = pytest.mark.threads

NOBODY = 'nobody@example.com'
REACHED = {
    ALICE: ['alice@hosted.example.com'],
    BOB: ['bob@hosted.example.com'],
    DAVE: [DAVE],
    BOTH: [BOTH, 'both@hosted.example.com'],
}
CLOUD = {'site_hosted': {'routing-domain': 'cloud.%d'}}


def expected(rcpts, site='hosted'):
    return Counter(r.replace('@hosted.', f'@{site}.') for rcpt in rcpts for r in REACHED[rcpt])


def codes(sent):
    return [reply.code for reply in sent.rcpts]


def content(message_id):
    return smtpclient.message(message_id, (), 'Hello\n')


def sink_ids(sink):
    return [t.message_id for t in sink.transactions]


# --- start and end ---

@pytest.mark.parametrize('group, mode', [('postfix', 0o660), ('postfix', 0o600), ('sdr', 0o666)])
def test_socket_is_right_when_ready(new_milter, conf, postfix, reported, group, mode):
    server = new_milter(conf(milter={'socket-group': group, 'socket-mode': f'{mode:o}'}))
    path = postfix.queue_folder / world.SOCKET
    server.launch(NOTIFY_SOCKET=reported.path)
    assert reported() == b'READY=1'
    assert (path.group(), path.stat().st_mode & 0o7777) == (group, mode)
    server.stop()
    while (word := reported()) == b'WATCHDOG=1':
        pass
    assert word == b'STOPPING=1'


@pytest.mark.parametrize('options', [{}, {'socket-group': 'postfix'}])
def test_folder_that_gives_its_group(new_milter, scratch, options):
    """The milter is in no group of the MTA, as the unit runs it."""
    folder = scratch / 'queue'
    folder.mkdir()
    shutil.chown(folder, 'sdr', 'postfix')
    folder.chmod(0o2750)
    sections = {'directory_corp': {'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None,
                                   'password-file': None},
                'milter': {'socket': f'unix:{folder}/milter.sock',
                           'map-socket': f'unix:{folder}/map.sock', 'socket-group': None, **options}}
    server = new_milter(world.conf(**sections))
    server.groups = ()
    server.start()
    for name in ('milter.sock', 'map.sock'):
        assert ((folder / name).group(), (folder / name).stat().st_mode & 0o7777) == ('postfix', 0o660)


def quiet(reported):
    """No watchdog message for longer than the usual interval; earlier ones are discarded."""
    with contextlib.suppress(TimeoutError):
        for _ in range(10):
            reported(4)
        return False
    return True


# System calls in which they wait, by their numbers (x86-64).
POLL, EPOLL_WAIT = 7, 232


@pytest.mark.skipif('tsan' in paths.BUILD.name, reason='ThreadSanitizer has a thread of its own')
@pytest.mark.parametrize('syscall', [POLL, EPOLL_WAIT], ids=['who takes connections', 'who answers'])
@pytest.mark.parametrize('tables', [False, True], ids=['milter', 'tables'])
def test_watchdog_is_fed_by_answers(bare_milter, reported, syscall, tables):
    """While these threads do nothing no message is sent, although the first thread runs."""
    bare_milter.stop()
    if tables:
        folder = Path(bare_milter.socket_path).parent
        bare_milter.configure(bare_milter.conf.read_text() + f'map-socket = unix:{folder}/map.sock\n')
    bare_milter.launch(NOTIFY_SOCKET=reported.path, WATCHDOG_USEC='3000000')
    assert [reported() for _ in range(3)] == [b'READY=1', b'WATCHDOG=1', b'WATCHDOG=1']
    wait_for(lambda: ptrace.all_waiting(bare_milter.pid, POLL, EPOLL_WAIT), 60, 'idle threads')
    threads = ptrace.threads_in(bare_milter.pid, syscall)
    with ptrace.stopped(threads[len(threads) // 2:] if tables else threads):  # those of the tables
        assert quiet(reported)
    assert reported() == b'WATCHDOG=1'
    bare_milter.stop()


def test_watchdog_is_fed_while_reloads_come_all_the_time(bare_milter, reported):
    """Each reload interrupts the interval."""
    bare_milter.stop()
    bare_milter.launch(NOTIFY_SOCKET=reported.path, WATCHDOG_USEC='3000000')
    words = []
    while words.count(b'WATCHDOG=1') < 3:
        words.append(reported())
        if words[-1] == b'READY=1':
            bare_milter.signal(signal.SIGUSR1)
    bare_milter.stop()


@pytest.mark.parametrize('options', [{'socket-group': 'no-such-group'}, {'socket-group': 'root'},
                                     {'socket': 'unix:/nowhere/milter.sock'}])
def test_socket_that_cannot_be_made(new_milter, conf, options):
    server = new_milter(conf(milter=options))
    server.launch()
    assert server.wait() == 71
    assert server.lines('<3>') and not server.lines('is ready')


def test_socket_left_behind(new_milter, conf, deliver):
    server = new_milter(conf()).start()
    server.kill()
    server.start()
    _, got = deliver([ALICE])
    assert got == expected([ALICE])


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once(bare_milter, number):
    start = time.monotonic()
    bare_milter.signal(number)
    assert bare_milter.wait() == 0
    assert time.monotonic() - start < PATIENCE


@pytest.mark.parametrize('end', ['stop', 'kill'])
def test_end_within_a_message(mta, sink, milter, end):
    with mta.client() as client:
        client.mail()
        assert client.rcpt(ALICE).code == 250
        getattr(milter, end)()
        assert client.rcpt(DAVE).code // 100 == 4
        assert client.data(content('stopped@client.test')).code // 100 == 4
    assert sink.transactions == [] and mta.queue() == []


@pytest.mark.parametrize('end', ['stop', 'kill'])
def test_end_before_the_content(mta, sink, milter, deliver, end):
    with mta.client() as client:
        client.mail()
        assert [client.rcpt(r).code for r in (ALICE, DAVE)] == [250, 250]
        getattr(milter, end)()
        assert client.data(content('ended@client.test')).code // 100 == 4
    assert sink.transactions == [] and mta.queue() == []
    milter.start()
    _, got = deliver([ALICE, DAVE])
    assert got == expected([ALICE, DAVE])


# --- reload ---

@pytest.mark.parametrize('number', [signal.SIGUSR1, signal.SIGHUP])
def test_reload(milter, conf, deliver, number):
    milter.configure(conf(**CLOUD))
    assert 'configuration reloaded' in milter.reload(number)
    _, got = deliver([ALICE, BOTH])
    assert got == expected([ALICE, BOTH], 'cloud')


def test_reload_within_a_message(milter, conf, mta, sink):
    """A message has one configuration to its end; the next one has the new."""
    with mta.client() as client:
        client.mail()
        assert client.rcpt(ALICE).code == 250
        milter.configure(conf(**CLOUD))
        milter.reload()
        assert client.rcpt(BOB).code == 250
        assert client.data(content('one@client.test')).code == 250
        client.mail()
        assert client.rcpt(ALICE).code == 250
        assert client.data(content('two@client.test')).code == 250
    mta.wait_empty()
    assert sink.recipients('one@client.test') == expected([ALICE, BOB])
    assert sink.recipients('two@client.test') == expected([ALICE], 'cloud')


@pytest.mark.parametrize('changes', [
    {'main': {'this-site': 'nowhere'}}, {'site_hosted': world.NEXT_HOP}, {'main': {'loop-limit': 'x'}},
    {'directory_corp': {'password-file': '/nowhere'}}])
def test_bad_file_keeps_the_old_one(milter, conf, deliver, changes):
    milter.configure(conf(**{'site_onprem': {'routing-domain': 'new.%d'}, **changes}))
    reported = milter.reload()
    assert 'keeping the old configuration' in reported and str(milter.conf) in reported
    _, got = deliver([ALICE, 'dave@onprem.example.com'])
    assert got == expected([ALICE, DAVE])
    milter.configure(conf())
    assert 'configuration reloaded' in milter.reload()


def test_missing_file_keeps_the_old_one(milter, conf, deliver):
    milter.conf.unlink()
    assert 'keeping the old configuration' in milter.reload()
    _, got = deliver([ALICE])
    assert got == expected([ALICE])
    milter.configure(conf())


def test_reload_warns_that_the_socket_needs_a_restart(milter, conf):
    milter.configure(conf(milter={'socket-mode': '0600'}))
    assert 'needs a restart' in milter.reload()


# --- under load ---

class Load:
    """Threads that send until they are stopped; the messages sent, with their recipients."""

    def __init__(self, mta, threads=6):
        self.sent = []
        self._mta = mta
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[i]) for i in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def wait(self, more, answer=250):
        """Wait until this many more messages got this answer."""
        goal = self.count(answer) + more
        wait_for(lambda: self.count(answer) >= goal, 30, f'{more} more messages')

    def count(self, answer):
        return sum((sent.data or sent.mail).code == answer for _, sent in list(self.sent))

    def _run(self, seed):
        chance = random.Random(seed)
        while not self._end.is_set():
            rcpts = chance.sample(list(REACHED), chance.randint(1, 4))
            self.sent.append((rcpts, self._mta.send(rcpts)))


def test_reload_under_load(milter, conf, mta, sink):
    """Every message is handled entirely by one of the two configurations."""
    with Load(mta) as load:
        for i in range(20):
            load.wait(5)
            milter.configure(conf(**(CLOUD if i % 2 == 0 else {})))
            assert 'configuration reloaded' in milter.reload()
    mta.wait_empty(30)
    for rcpts, sent in load.sent:
        assert codes(sent) == [250] * len(rcpts) and sent.data.code == 250
        assert sink.recipients(sent.message_id) in (expected(rcpts), expected(rcpts, 'cloud'))
    sites = {r.split('@')[1] for t in sink.transactions for r in t.recipients}
    assert sites == {'example.com', 'hosted.example.com', 'cloud.example.com'}


def test_killed_under_load(milter, mta, sink):
    with Load(mta) as load:
        for _ in range(5):
            load.wait(10)
            milter.kill()
            load.wait(3, answer=451)
            milter.start()
        load.wait(10)
    mta.wait_empty(30)
    for rcpts, sent in load.sent:
        replies = [sent.mail, *sent.rcpts, *([sent.data] if sent.data else [])]
        assert all(r.code == 250 or r.code // 100 == 4 for r in replies), replies
        accepted = [r for r, reply in zip(rcpts, sent.rcpts) if reply.code == 250]
        taken = sent.data is not None and sent.data.code == 250
        assert sink.recipients(sent.message_id) == (expected(accepted) if taken else Counter())
    assert set(sink_ids(sink)) <= {sent.message_id for _, sent in load.sent}


# --- many messages on one connection ---

@pytest.mark.usefixtures('milter')
def test_messages_on_one_connection(mta, sink):
    messages = [[ALICE], [DAVE], [BOTH, ALICE], [DAVE, BOB], [ALICE]]
    with mta.client() as client:
        for i, rcpts in enumerate(messages):
            client.mail()
            assert [client.rcpt(r).code for r in rcpts] == [250] * len(rcpts)
            assert client.data(content(f'{i}@client.test')).code == 250
    mta.wait_empty()
    for i, rcpts in enumerate(messages):
        assert sink.recipients(f'{i}@client.test') == expected(rcpts)


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('reset', ['RSET', 'EHLO again.test'])
def test_reset(mta, sink, reset):
    with mta.client() as client:
        client.mail()
        assert [client.rcpt(r).code for r in (ALICE, BOTH)] == [250, 250]
        assert client.command(reset).code == 250
        client.mail()
        assert client.rcpt(DAVE).code == 250
        assert client.data(content('second@client.test')).code == 250
    mta.wait_empty()
    assert sink_ids(sink) == ['second@client.test']
    assert sink.recipients('second@client.test') == expected([DAVE])


@pytest.mark.usefixtures('milter')
def test_refused_then_good(mta, sink, slapd):
    """A rejected recipient alone in a message, and then among others."""
    with mta.client() as client:
        client.mail()
        assert client.rcpt(NOBODY).code == 550
        assert client.command('DATA').code == mta.manners.no_recipients
        client.command('RSET')
        client.mail()
        rcpts = [NOBODY, 'held@example.com', ALICE, NOBODY, DAVE]
        assert [client.rcpt(r).code for r in rcpts] == [550, 451, 250, 550, 250]
        slapd.add(person('nobody', sdrOwner='hosted'))
        assert client.rcpt(NOBODY).code == 250
        assert client.data(content('good@client.test')).code == 250
    mta.wait_empty()
    assert sink.recipients('good@client.test') == expected([ALICE, DAVE]) + Counter(
        ['nobody@hosted.example.com'])


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('owner', ['onprem', 'hosted'])
def test_refused_then_known(mta, sink, slapd, owner):
    with mta.client() as client:
        client.mail()
        assert [client.rcpt(r).code for r in (NOBODY, DAVE, NOBODY)] == [550, 250, 550]
        slapd.add(person('nobody', sdrOwner=owner))
        assert client.rcpt(NOBODY).code == 250
        assert client.data(content('known@client.test')).code == 250
    mta.wait_empty()
    reached = NOBODY if owner == 'onprem' else 'nobody@hosted.example.com'
    assert sink.recipients('known@client.test') == Counter([DAVE, reached])


DIALOGUE = [b'EHLO client.test', b'MAIL FROM:<sender@outside.test>', b'RCPT TO:<alice@example.com>',
            b'RCPT TO:<both@example.com>', b'DATA']


def vanish(port, steps, rest=b''):
    """Execute the session so far, then close the connection without QUIT."""
    with socket.create_connection(('127.0.0.1', port), timeout=PATIENCE) as peer, \
            peer.makefile('rb') as replies:
        for line in [None, *DIALOGUE[:steps]]:
            if line:
                peer.sendall(line + b'\r\n')
            while replies.readline()[3:4] == b'-':
                pass
        peer.sendall(rest)


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('steps, rest', [
    (2, b''), (3, b''), (4, b''), (4, b'DATA\r\n'), (5, b''), (5, b'Subject: half\r\n'),
    (5, b'Subject: half\r\n\r\nHalf a li'), (5, b'Subject: half\r\n\r\nNo end\r\n.\r')])
def test_client_that_vanishes(mta, sink, deliver, steps, rest):
    vanish(mta.port, steps, rest)
    sent, got = deliver([DAVE, BOB])
    assert codes(sent) == [250, 250]
    assert got == expected([DAVE, BOB])
    assert set(sink_ids(sink)) == {sent.message_id}


# --- big, and for long ---

LONGEST = {'postfix': 100_000, 'sendmail': 30_000}


@pytest.mark.usefixtures('milter')
def test_long_header(mta, deliver):
    """As long as the MTA accepts."""
    line = ' <a@b.test>' * 50
    size = LONGEST[type(mta).__name__.lower()]
    header = 'References:' + '\r\n'.join([line] * (size // len(line)))
    sent, got = deliver([ALICE, DAVE], headers=[header])
    assert sent.data.code == 250
    assert got == expected([ALICE, DAVE])


def test_thousand_recipients(new_slapd, new_milter, conf, mta, sink):
    owners = [['hosted'], ['onprem'], ['onprem', 'hosted']]
    server = new_slapd(''.join(person(f'u{i}', sdrOwner=owners[i % 3]) for i in range(1000)))
    new_milter(conf(directory_corp={'uri': server.uri})).start()
    rcpts = [f'u{i}@example.com' for i in range(1000)]
    sent = mta.send(rcpts)
    assert codes(sent) == [250] * 1000
    assert sent.data.code == 250
    mta.wait_empty(60)
    wanted = Counter()
    for i in range(1000):
        if 'onprem' in owners[i % 3]:
            wanted[f'u{i}@example.com'] += 1
        if 'hosted' in owners[i % 3]:
            wanted[f'u{i}@hosted.example.com'] += 1
    assert sink.recipients(sent.message_id) == wanted
    assert len(sink.of(sent.message_id)) > 1


THREADS_KEPT = 16


def in_use(pid, kind):
    return len(list(Path(f'/proc/{pid}/{kind}').iterdir()))


def work(mta, rounds):
    """Messages of all kinds, including rejected and aborted ones."""
    for i in range(rounds):
        sent = mta.send([ALICE, NOBODY, DAVE, 'held@example.com', BOTH])
        assert codes(sent) == [250, 550, 250, 451, 250] and sent.data.code == 250
        if i % 10 == 0:
            vanish(mta.port, 3 + i // 10 % 3)


def test_nothing_is_left_behind(mta, sink, milter):
    work(mta, 10)
    idle = wait_for(lambda: settled(milter, mta), 10, 'the end of the first sessions')
    work(mta, 200)
    # some threads are kept; they do not grow with the number of messages
    wait_for(lambda: in_use(milter.pid, 'fd') <= idle['fd']
             and in_use(milter.pid, 'task') <= idle['task'] + THREADS_KEPT, 10,
             'everything closed again')
    mta.wait_empty(30)
    assert len(set(sink_ids(sink))) == 210
    got = Counter(r for t in sink.transactions for r in t.recipients)
    assert got == Counter({r: 210 * n for r, n in expected([ALICE, DAVE, BOTH]).items()})


def settled(milter, mta):
    """The resources in use, once Postfix has closed all connections."""
    path = str(mta.queue_folder / world.SOCKET)
    sockets = [line for line in Path('/proc/thread-self/net/unix').read_text().splitlines()
               if line.endswith(path)]
    if len(sockets) > 1:
        return None
    return {kind: in_use(milter.pid, kind) for kind in ('fd', 'task')}


def test_many_connections_at_once(mta, sink, milter):
    """Each of 50 clients is in the middle of its message when all continue."""
    clients = [mta.client() for _ in range(50)]
    for client in clients:
        client.mail()
        assert client.rcpt(ALICE).code == 250
    for i, client in enumerate(clients):
        assert client.rcpt(BOTH).code == 250
        assert client.data(content(f'many{i}@client.test')).code == 250
        client.quit()
    mta.wait_empty(30)
    for i in range(50):
        assert sink.recipients(f'many{i}@client.test') == expected([ALICE, BOTH])
    assert milter.lines('<3>') == []
