"""test_map_load.py - thousands of clients of the lookup tables; and threads or descriptors run out

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import random
import select
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

import world
from ask import SANITIZED
from mapcrowd import Crowd
from milter import Milter
from milterclient import ALL_ACTIONS, ALL_STEPS, OPTNEG, MilterClient
from proc import PATIENCE, run, wait_for
from socketmap import Socketmap, netstring
from watchdog import Watchdog

MANY = 3000
DEAF = 200   # each sends thousands of queries before its connection is full
KEPT = 16     # threads of each socket that are kept for the next connections
PATIENT = 60  # seconds that the directory may take
AWAY = 'TEMP 4.4.3 Directory unavailable, try again later'


@pytest.fixture
def new_server(slapd, scratch, stop_later):
    """
    new_server(limits, **sections): a milter with tables, as a user that has no other process.

    It has path and a watchdog.
    """
    user = random.randint(20000, 60000)
    folder = scratch / 'run'
    folder.mkdir(mode=0o755)
    shutil.chown(folder, user)

    def make(limits=(), **sections):
        server = make_stopped(limits, **sections)
        server.launch(**server.watchdog.environment)
        assert server.watchdog.ready.wait(PATIENCE), server.log()
        return server

    def make_stopped(limits=(), **sections):
        directory = {'uri': slapd.uri, 'password-file': str(world.password_file(scratch))}
        sections['directory_corp'] = {**directory, **sections.get('directory_corp', {})}
        sections['milter'] = {'socket': f'unix:{folder}/milter.sock', 'socket-group': None,
                              'map-socket': f'unix:{folder}/map.sock', 'rewrite': 'tables',
                              **sections.get('milter', {})}
        server = Milter(scratch / 'milter', world.conf(**sections))
        server.user, server.limits, server.path = user, limits, folder / 'map.sock'
        server.leaks = False
        server.watchdog = Watchdog(scratch)
        stop_later(server.watchdog.close)
        stop_later(server.close)
        return server
    make.stopped = make_stopped
    return make


@pytest.fixture
def server(new_server):
    return new_server()


@pytest.fixture
def crowd(server):
    with Crowd(server.path) as clients:
        yield clients


def threads(server):
    return len(list(Path(f'/proc/{server.pid}/task').iterdir()))


def alias(number):
    return f'route alice+{number}@example.com'


def all_right(answers):
    return answers == [f'OK alice+{i}@hosted.example.com' for i in range(len(answers))]


def needs_no_directory(server):
    """It is answered at once, however long the others wait."""
    with Socketmap(server.path) as tables:
        assert tables.ask('route', 'x@elsewhere.test') == 'NOTFOUND'
        assert tables.ask('recipient', 'x@hosted.example.com') == 'NOTFOUND'
        assert tables.ask('transport', 'alice@example.com') == 'NOTFOUND'


# --- thousands ---

def test_thousands_ask_now_and_then(server, crowd):
    clients = crowd.join(MANY)
    while server.watchdog.beats < 3:
        assert all_right(crowd.ask(clients, alias))
        some = random.sample(clients, 100)
        assert crowd.ask(some, lambda _: 'recipient nobody@example.com') == ['NOTFOUND'] * 100
    assert [client.connects for client in clients] == [1] * MANY
    assert server.watchdog.was_fed()
    wait_for(lambda: threads(server) <= 2 * (KEPT + 1) + 1, 30, 'the end of threads that rest')


def test_thousands_that_say_nothing(server, crowd):
    """They use no threads and delay no other client."""
    before = threads(server)
    silent = crowd.join(MANY)
    asking = crowd.join(10)
    while server.watchdog.beats < 2:
        assert all_right(crowd.ask(asking, alias))
        assert threads(server) <= before + KEPT
    assert all_right(crowd.ask(silent, alias))
    assert server.watchdog.was_fed()


def test_hundreds_that_do_not_read(server, crowd):
    """Each has sent queries until its connection accepts no more. They use no threads, and are closed."""
    before = threads(server)
    deaf = crowd.join(DEAF)
    # It needs no directory: a thread that still waits for one would count, too.
    fill(deaf, netstring('route x@elsewhere.test'))
    asking = crowd.join(100)
    fewest, rounds = DEAF, 0
    while rounds < 3 or server.watchdog.beats < 2:
        assert all_right(crowd.ask(asking, alias))
        rounds += 1
        fewest = min(fewest, threads(server) - before)
        if len(given_up(server)) > DEAF // 10:  # afterwards fewer threads would prove nothing
            break
    # Threads for clients that read; threads that were busy at that moment may still be idle at first.
    assert fewest <= 2 * KEPT + 100 < DEAF * 9 // 10
    # A client whose last query was incomplete, and that was answered, gets another log line.
    wait_for(lambda: len(given_up(server)) == DEAF, 120, 'their end')
    assert server.lines('did not take its answer')
    assert server.watchdog.was_fed()


def given_up(server):
    return server.lines('did not take its answer') + server.lines('stopped within a question')


def fill(clients, question):
    """Send queries until no connection accepts data for a second."""
    sent = {client.socket: 0 for client in clients}
    more = list(sent)
    while more:
        for connection in more:
            try:
                sent[connection] += pour(connection, question, sent[connection] % len(question))
            except ConnectionError:  # it was given up already
                del sent[connection]
        more = select.select([], list(sent), [], 1)[1]


def pour(connection, question, begin):
    """Send what the connection accepts at once; returns the number of octets."""
    questions = question * 1000
    sent = 0
    try:
        while True:
            sent += connection.send(questions[(begin + sent) % len(question):])
    except BlockingIOError:
        return sent


def test_hundreds_that_stop_within_a_question(server, crowd):
    before = threads(server)
    for client in crowd.join(500):
        client.socket.send(b'23:route alice@exa')
    asking = crowd.join(10)
    assert all_right(crowd.ask(asking, alias))
    assert threads(server) <= before + KEPT
    wait_for(lambda: len(server.lines('stopped within a question')) == 500, 60, 'their end')
    assert all_right(crowd.ask(asking, alias))


# --- more than there are descriptors for ---

ROOM = 100


@pytest.fixture
def narrow(new_server):
    """A server with descriptors for this many connections and no more."""
    server = new_server(['--nofile=400:400'])
    assert 400 - 128 - 16 == 256 > ROOM  # without those for the directory; half of the rest is for the milter
    return server


def test_more_than_there_is_room_for(narrow):
    """An idle client takes no place from an active one; every answer arrives and is right."""
    with Crowd(narrow.path) as crowd:
        clients = crowd.join(ROOM)
        assert all_right(crowd.ask(clients, alias))
        for _ in range(5):
            clients += crowd.join(100)
            assert all_right(crowd.ask(clients, alias))
        while narrow.watchdog.beats < 2:
            chosen = random.sample(clients, 150)
            assert all_right(crowd.ask(chosen, alias))
        assert sum(client.connects > 1 for client in clients) > 0
    assert len(narrow.lines('no more connections can be accepted')) == 1
    assert narrow.watchdog.was_fed()


@pytest.mark.milter
def test_the_one_that_has_rested_for_longest_goes(narrow):
    with Crowd(narrow.path) as crowd:
        oldest = crowd.join(1)
        assert all_right(crowd.ask(oldest, alias))
        crowd.join(300)
        assert all_right(crowd.ask(crowd.join(1), alias))
        assert oldest[0].socket.recv(1) == b''


@pytest.mark.milter
def test_a_question_that_waits_for_the_directory_keeps_its_connection(new_server, slapd):
    """However many clients connect, it is answered on its connection."""
    server = new_server(['--nofile=400:400'], directory_corp={'timeout': str(PATIENT)})
    with Crowd(server.path) as crowd:
        waiting = crowd.join(50)
        slapd.freeze()
        for number, client in enumerate(waiting):
            client.ask(alias(number))
        later = crowd.join(400)
        for _ in range(2):
            answers = crowd.ask(later, lambda number: f'route {number}@elsewhere.test')
            assert answers == ['NOTFOUND'] * 400
        slapd.thaw()
        assert all_right(crowd.answers(waiting))
        assert [client.connects for client in waiting] == [1] * 50


# --- no more threads ---

def limit(server, option):
    """Limit the running process as its own user: other users may not."""
    run(['prlimit', '--pid', server.pid, option], user=server.user, group='sdr')


def no_more_threads(server):
    limit(server, '--nproc=1:')


def no_more_memory(server):
    """The limit leaves no room for another thread's stack, which is a megabyte."""
    status = Path(f'/proc/{server.pid}/status').read_text()
    size = int(status.split('VmSize:')[1].split()[0]) << 10
    limit(server, f'--as={size + 900_000}:')


SHORTAGES = [no_more_threads, *([] if SANITIZED else [no_more_memory])]


@pytest.fixture(params=SHORTAGES, ids=lambda shortage: shortage.__name__)
def short(request, new_server):
    """A server that can start no more threads than it has."""
    server = new_server(directory_corp={'timeout': str(PATIENT)})
    with Crowd(server.path) as crowd:  # what each thread, and a library, opens once
        for _ in range(3):
            assert all_right(crowd.ask(crowd.join(10), alias))
    request.param(server)
    return server


@pytest.mark.milter
def test_questions_wait_for_a_thread(short, slapd):
    """Queries that need no directory do not wait."""
    before = threads(short)
    with Crowd(short.path) as crowd:
        clients = crowd.join(40)
        slapd.freeze()
        for number, client in enumerate(clients):
            client.ask(alias(number))
        short.watchdog.wait(2)
        needs_no_directory(short)
        assert all(client.question for client in clients)
        slapd.thaw()
        # On a busy machine the first queries have reached the directory's timeout.
        assert all(answer.startswith('OK ') or answer == AWAY for answer in crowd.answers(clients))
        assert all_right(crowd.ask(clients, alias))
        assert [client.connects for client in clients] == [1] * 40
    assert threads(short) <= before
    assert len(short.lines('map-socket: no more threads can be started')) == 1
    assert short.watchdog.was_fed()


@pytest.mark.milter
def test_sessions_wait_for_a_thread(short):
    """Each is served as soon as earlier ones have ended."""
    peers = [MilterClient(str(short.path.with_name('milter.sock'))) for _ in range(30)]
    with ExitStack() as stack:
        for peer in peers:
            stack.enter_context(peer)
            peer.send(OPTNEG, negotiation())
        short.watchdog.wait(2)
        waiting = [peer for peer in peers if not peer.has_answer(0)]
        assert 0 < len(waiting) < 30
        served = [peer for peer in peers if peer not in waiting]
        while waiting:
            for peer in served:
                assert peer.read()[0] == OPTNEG
                peer.close()
            served = wait_for(lambda w=waiting: [peer for peer in w if peer.has_answer(0)], 30, 'a turn')
            waiting = [peer for peer in waiting if peer not in served]
    assert len(short.lines('<4>socket: no more threads can be started')) == 1
    assert short.watchdog.was_fed()


def negotiation():
    return b''.join(n.to_bytes(4, 'big') for n in (6, ALL_ACTIONS, ALL_STEPS))


@pytest.mark.milter
def test_threads_that_can_be_started_again(new_server, slapd):
    """Waiting queries get them."""
    server = new_server(directory_corp={'timeout': str(PATIENT)})
    no_more_threads(server)
    before = threads(server)
    with Crowd(server.path) as crowd:
        clients = crowd.join(50)
        slapd.freeze()
        for number, client in enumerate(clients):
            client.ask(alias(number))
        wait_for(lambda: server.lines('no more threads can be started'), 30, 'a word of it')
        assert threads(server) <= before
        limit(server, '--nproc=500:')
        wait_for(lambda: threads(server) > before, 30, 'more threads')
        slapd.thaw()
        assert all_right(crowd.answers(clients))


def test_what_the_replica_knows_does_not_wait_for_a_thread(new_server, new_sync, slapd):
    """A recipient that is not in the stale replica needs a live search."""
    sync = new_sync(slapd, replica={'unknown-max-age': '5'})
    sync.once()
    server = new_server.stopped(replica={'path': str(sync.path), 'unknown-max-age': '5'},
                                directory_corp={'timeout': str(PATIENT)})
    server.user = 'sdr'  # may read the replica
    shutil.chown(server.path.parent, 'sdr')
    server.launch(**server.watchdog.environment)
    assert server.watchdog.ready.wait(PATIENCE), server.log()
    no_more_threads(server)
    with Crowd(server.path) as crowd:
        strangers, known = crowd.join(40), crowd.join(40)
        wait_for(lambda: crowd.ask(strangers, unknown) and server.lines('source=directory'), 30,
                 'an old copy')
        slapd.freeze()
        for number, client in enumerate(strangers):
            client.ask(unknown(number))
        wait_for(lambda: server.lines('no more threads can be started'), 30, 'a word of it')
        answers = crowd.ask(known, lambda _: 'route alice@example.com')
        assert answers == ['OK alice@hosted.example.com'] * 40
        assert all(client.question for client in strangers)
        slapd.thaw()
        assert crowd.answers(strangers) == ['NOTFOUND'] * 40


def unknown(number):
    return f'recipient nobody{number}@example.com'


@pytest.mark.parametrize('count', [1, 3, 6])
def test_too_few_threads_to_begin_with(new_server, count):
    """The daemon reports an error and ends."""
    server = new_server.stopped([f'--nproc={count}:{count}'])
    server.launch()
    assert server.wait() == os.EX_OSERR
    assert server.lines('cannot start')
    assert not server.lines('is ready')
