"""Many, slow, hostile and endless peers of the lookup tables

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from proc import wait_for
from socketmap import Socketmap, netstring

pytestmark = [pytest.mark.threads, pytest.mark.input]

ALICE = ('alice@example.com', 'OK alice@hosted.example.com')
DAVE = ('dave@example.com', 'NOTFOUND')
PATIENCE = 10  # seconds, as socketmap_server.c has it


@pytest.fixture
def new_server(new_bare_milter, scratch):
    """new_server(**sections): a milter of the default world with tables; it has connect()."""
    def make(**sections):
        path = scratch / 'run/map.sock'
        sections['milter'] = {'map-socket': f'unix:{path}', 'rewrite': 'tables',
                              **sections.get('milter', {})}
        server = new_bare_milter(**sections)
        server.connect = lambda **options: Socketmap(path, **options)
        server.map_path = path
        return server
    return make


@pytest.fixture
def server(new_server):
    return new_server()


@pytest.fixture
def connect(server):
    """connect(): one more connection, closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(server.connect())


def ask(tables, question=ALICE):
    assert tables.ask('route', question[0]) == question[1]


def test_two_hundred_clients(connect):
    """All are connected and send queries at the same time; each gets its own answers."""
    clients = [connect() for _ in range(200)]

    def talk(pair):
        number, tables = pair
        for i in range(20):
            local = f'alice+{number}.{i}'
            ask(tables, (f'{local}@example.com', f'OK {local}@hosted.example.com'))
            ask(tables, DAVE)
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(talk, enumerate(clients)))


def test_octet_by_octet(connect):
    tables = connect()
    for octet in netstring(f'route {ALICE[0]}'):
        tables.send(bytes([octet]))
    assert tables.receive() == ALICE[1]


def test_many_questions_ahead(connect):
    tables = connect()
    tables.send(b''.join(netstring(f'route {key}') for key, _ in [ALICE, DAVE] * 500))
    for _, answer in [ALICE, DAVE] * 500:
        assert tables.receive() == answer


def test_the_longest_key(connect):
    """It is no address, and no reason to close the connection."""
    tables = connect()
    key = 'x' * (4096 - len('route '))
    assert tables.ask('route', key) == 'NOTFOUND'
    ask(tables)


@pytest.mark.parametrize('said', [
    b'GET / HTTP/1.0\r\n\r\n', b'-1:', b'5:abc,de', b'4097:', b'9' * 100000, b'\0' * 100,
    b'00:,', b':,', b'0x10:', b'6:route ;', b'route alice@example.com\n',
], ids=lambda said: repr(said[:20]))
def test_no_netstring(server, connect, said):
    """Only that connection is closed."""
    beside = connect()
    ask(beside)
    hostile = connect()
    try:
        hostile.send(said)
        assert hostile.receive() is None
    except (BrokenPipeError, ConnectionResetError):
        pass
    ask(beside)
    wait_for(lambda: server.lines('a client sent no netstring'), what='a word of it')


def test_endless(connect):
    """A length that never ends, and content that never ends."""
    for head, body in (b'', b'1'), (b'4096:', b'x' * 4096):
        hostile = connect()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            hostile.send(head)
            for _ in range(100000):
                hostile.send(body * 100)
    ask(connect())


@pytest.mark.parametrize('question', ['', 'route', ' alice@example.com', 'route \0', 'route a\0b@c'],
                         ids=repr)
def test_no_question(connect, question):
    tables = connect()
    tables.send(netstring(question))
    assert tables.receive().startswith(('PERM', 'NOTFOUND'))
    ask(tables)


@pytest.mark.parametrize('key', ['alice@example.com\nroute dave', '\x1b[31malice@example.com',
                                 'al"ice@example.com', 'alice@example.com, evil@evil.test',
                                 '"a,evil@evil.test,b"@example.com'])
def test_nothing_from_a_key_gets_into_an_answer_or_a_log_raw(server, connect, key):
    tables = connect()
    assert tables.ask('route', key) == 'NOTFOUND'
    assert '\x1b' not in server.log()
    assert not [line for line in server.lines() if line.startswith('route dave')]


def test_one_that_stops_within_a_question(server, connect):
    slow = connect()
    slow.send(b'23:route alice@exa')
    ask(connect())
    assert slow.receive() is None
    wait_for(lambda: server.lines('stopped within a question'), 10, 'a word of it')


def test_one_that_does_not_read(server, connect):
    """It sends queries and never reads answers: it is closed, and no other client waits for it."""
    question = netstring('route both@example.com') * 1000
    deaf = connect()
    deaf.socket.settimeout(180)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(10000):
            deaf.send(question)
            ask(connect())
    wait_for(lambda: server.lines('did not take its answer'), 10, 'a word of it')


def test_a_silent_directory_holds_up_only_its_own_questions(new_server, new_slapd):
    slapd = new_slapd()
    server = new_server(directory_corp={'uri': slapd.uri, 'timeout': '8'})
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(100)]
        ask(clients[0])
        slapd.freeze()
        began = time.monotonic()
        for tables in clients:
            tables.send(netstring('route alice@example.com'))
        ask(stack.enter_context(server.connect()), ('x@elsewhere.test', 'NOTFOUND'))
        for tables in clients:
            assert tables.receive() == 'TEMP 4.4.3 Directory unavailable, try again later'
        assert time.monotonic() - began < 200  # one after the other would take 800
        slapd.thaw()
        wait_for(lambda: clients[0].ask('route', ALICE[0]) == ALICE[1], 15, 'a sure answer')


def test_reload(server, connect):
    """Connections stay open, and the next query uses the new configuration."""
    tables = connect()
    ask(tables)
    text = server.conf.read_text().replace('hosted.%d', 'cloud.%d')
    server.configure(text)
    server.reload()
    ask(tables, (ALICE[0], 'OK alice@cloud.example.com'))


def test_socket(server):
    """It has the right mode, and is removed when its server ends."""
    info = os.stat(server.map_path)
    assert stat.S_ISSOCK(info.st_mode) and stat.S_IMODE(info.st_mode) == 0o660
    server.stop()
    assert not server.map_path.exists()
    server.start()
    with server.connect() as tables:
        ask(tables)


def test_left_over_socket_is_replaced(server):
    server.kill()
    assert server.map_path.exists()
    server.start()
    with server.connect() as tables:
        ask(tables)


def test_something_else_is_there(server):
    """A file is never removed."""
    server.stop()
    server.map_path.write_text('precious')
    server.launch()
    assert server.wait() == 71
    assert server.lines(f'{server.map_path}: cannot listen: ')
    assert server.map_path.read_text() == 'precious'
