"""test_peers_hostile.py - peers that never end, stop, do not listen, or are too many

SPDX-License-Identifier: BSD-2-Clause
"""
import signal
import struct
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

import milterclient as mc
from ask import SANITIZED, most_memory
from milterclient import Closed, frame, strings
from peer import ALICE, DAVE, EDITED, REPLIES, connect, played
from proc import PATIENCE, wait_for

pytestmark = [pytest.mark.threads, pytest.mark.input]

CLIENTS_MAX = 2000
PACKET_MAX = 1_000_000
MEMORY = 40 << 20  # the most octets for one peer and the program itself
RCPT = frame(mc.RCPT, strings(ALICE))


@pytest.fixture
def healthy(bare_milter):
    """healthy(): somebody else gets what he should, at once."""
    def check():
        with connect(bare_milter) as client:
            client.open()
            assert played(client) == (REPLIES, EDITED, 'continue')
    return check


# --- endless ---

@pytest.mark.own_engine
def test_endless_packet(bare_milter, healthy):
    """The length is false: the connection is closed before the rest is read."""
    with connect(bare_milter) as client:
        client.open()
        with pytest.raises(Closed):
            client.raw(struct.pack('!I', PACKET_MAX + 1) + b'L')
            while True:
                client.raw(b'x' * 65536)
    assert len(bare_milter.lines('does not speak the milter protocol')) == 1
    healthy()


def test_endless_message(bare_milter, healthy):
    """Headers of the greatest size, one after the other: only one is in memory at a time."""
    header = frame(mc.HEADER, strings('Subject', 'x' * (PACKET_MAX - 10)))
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        client.rcpt(ALICE)
        for _ in range(100):
            client.raw(header)
        assert client.eom()[1] == 'continue'
        if not SANITIZED:
            assert most_memory(bare_milter.pid) < MEMORY
    healthy()


def test_endless_macros(bare_milter, healthy):
    """The macros of each stage replace the previous ones."""
    macros = [frame(mc.MACRO, stage + strings('{x}', 'y' * 500_000)) for stage in mc.SYMLIST_STAGES]
    with connect(bare_milter) as client:
        client.open()
        for _ in range(20):
            client.raw(b''.join(macros))
        assert played(client) == (REPLIES, EDITED, 'continue')
        if not SANITIZED:
            assert most_memory(bare_milter.pid) < MEMORY
    healthy()


@pytest.mark.parametrize('size', [65535, 65536, 102400, PACKET_MAX - 20])
def test_long_header(bare_milter, size):
    """Longer than libmilter accepts, and than an MTA sends."""
    with connect(bare_milter) as client:
        client.open()
        assert played(client, headers=[('References', '<a@b> ' * (size // 6))]) == (
            REPLIES, EDITED, 'continue')


# --- slow, and deaf ---

def test_one_that_stops_within_a_packet(bare_milter, healthy):
    """Nothing waits for it, not even a reload or the end."""
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        client.raw(RCPT[:7])
        healthy()
        assert 'configuration reloaded' in bare_milter.reload()
        healthy()
        client.raw(RCPT[7:])
        assert client.reply() == 'continue'
        client.raw(RCPT[:7])
        ends_at_once(bare_milter)


def test_one_that_does_not_listen(bare_milter, healthy):
    """It sends requests and never reads. The replies are kept until it does."""
    with connect(bare_milter) as client:
        client.open(steps=0)
        client.set_patience(1)
        said = 0
        with pytest.raises(TimeoutError):
            while True:
                client.raw(frame(mc.UNKNOWN, b'NOOP\0') * 1000)
                said += 1
        healthy()
        if not SANITIZED:
            assert most_memory(bare_milter.pid) < MEMORY
        client.set_patience(PATIENCE)
        for _ in range(said * 1000):
            assert client.reply() == 'continue'
        ends_at_once(bare_milter)


# --- too many ---

def has_to_wait(client):
    """Whether a client that has sent its first packet gets no answer."""
    client.send(mc.OPTNEG, struct.pack('!III', 6, mc.ALL_ACTIONS, mc.ALL_STEPS))
    return not client.has_answer(1)


@pytest.mark.own_engine
@pytest.mark.skipif(SANITIZED, reason='thousands of threads cost too much memory')
def test_as_many_as_there_may_be(bare_milter):
    """No session is closed; new connections wait until one ends."""
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(bare_milter)).open() for _ in range(CLIENTS_MAX)]
        late = stack.enter_context(connect(bare_milter))
        assert has_to_wait(late)
        wait_for(lambda: bare_milter.lines('no more connections can be accepted'), 10, 'a word of it')
        for peer in peers[:10]:
            assert played(peer, [DAVE]) == (['continue'], [], 'continue')
        peers[0].close()
        assert late.read()[0] == mc.OPTNEG
    assert len(bare_milter.lines('no more connections can be accepted')) == 1


@pytest.mark.own_engine
def test_few_descriptors(bare_milter):
    """As if there were too many connections: the descriptors for the directory stay reserved."""
    bare_milter.stop()
    bare_milter.limits = ['--nofile=400:400']
    bare_milter.start()
    room = (400 - 128 - 16) // 2  # less those for the directory
    with ExitStack() as stack:
        served = [stack.enter_context(connect(bare_milter)).open() for _ in range(room)]
        late = stack.enter_context(connect(bare_milter))
        assert has_to_wait(late)
        wait_for(lambda: bare_milter.lines('no more connections can be accepted'), 10, 'a word of it')
        for peer in served[:20]:
            assert played(peer) == (REPLIES, EDITED, 'continue')
        served[0].close()
        assert late.read()[0] == mc.OPTNEG


# --- the end ---

def ends_at_once(milter):
    start = time.monotonic()
    milter.signal(signal.SIGTERM)
    assert milter.wait() == 0
    assert time.monotonic() - start < PATIENCE
    assert not Path(milter.socket_path).exists()


@pytest.mark.parametrize('count', [1, 200])
def test_end_with_open_sessions(bare_milter, count):
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(bare_milter)).open() for _ in range(count)]
        for peer in peers[::2]:
            peer.mail()
            assert peer.rcpt(ALICE) == 'continue'
        ends_at_once(bare_milter)
        for peer in peers:
            assert peer.until_closed() == []


def test_end_while_the_directory_is_asked(bare_milter, slapd):
    """The daemon does not wait for the directory's answer."""
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        slapd.freeze()
        client.ask(ALICE)
        ends_at_once(bare_milter)
        slapd.thaw()


@pytest.mark.own_engine
def test_what_has_been_said_is_answered(bare_milter):
    """Everything received before the end is answered."""
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        assert client.rcpt(ALICE) == 'continue'
        client.content()
        client.send_macros(mc.EOM)
        bare_milter.freeze()
        client.send(mc.EOM)
        bare_milter.signal(signal.SIGTERM)
        bare_milter.thaw()
        assert bare_milter.wait() == 0
        assert [command for command, _ in client.until_closed()] == [b'-', b'2', b'h', b'c']
