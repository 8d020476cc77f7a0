"""test_peers_many.py - hundreds of peers at once, slow ones among them, and few connections to the directory

SPDX-License-Identifier: BSD-2-Clause
"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import milterclient as mc
from milterclient import SlowClient
from peer import ALICE, BOTH, EDITED, HELD, NOBODY, REPLIES, connect, edits, played, short, shown
from proc import PATIENCE, wait_for

pytestmark = pytest.mark.threads

TIMEOUT = 12
POOL = 4


@pytest.fixture
def opened():
    """opened(milter, count): so many peers, ready for a message."""
    with ExitStack() as stack:
        yield lambda milter, count: [
            stack.enter_context(connect(milter)).open() for _ in range(count)]


def test_three_hundred_in_the_middle_of_a_message(bare_milter, opened):
    """Each has its own recipients, and all continue at the same time."""
    peers = opened(bare_milter, 300)
    for peer in peers:
        peer.mail()
    for i, peer in enumerate(peers):
        assert peer.rcpt(ALICE, f'ORCPT=rfc822;first{i}@b.test') == 'continue'
    for i, peer in reversed(list(enumerate(peers))):
        assert peer.rcpt(BOTH, f'ORCPT=rfc822;second{i}@b.test') == 'continue'
        assert short(peer.rcpt(NOBODY)) == '550 5.1.1'
    for i, peer in enumerate(peers):
        peer.content()
        ended = mc.Played([], *peer.eom())
        assert shown(ended) == ([], edits(alice=f'ORCPT=rfc822;first{i}@b.test',
                                          both=f'ORCPT=rfc822;second{i}@b.test'), 'continue')


def test_slow_peers_hold_up_nobody(bare_milter, opened):
    """Five send half a recipient, and the rest only after many others have been served."""
    rcpt = mc.frame(mc.RCPT, mc.strings(ALICE))
    slow = opened(bare_milter, 5)
    for i, peer in enumerate(slow):
        peer.mail()
        peer.raw(rcpt[:1 + 5 * i])
    for peer in opened(bare_milter, 50):
        assert played(peer) == (REPLIES, EDITED, 'continue')
    for i, peer in enumerate(slow):
        peer.raw(rcpt[1 + 5 * i:])
        assert peer.reply() == 'continue'
        peer.content()
        assert short(peer.eom()[1]) == 'continue'


def test_octet_by_octet(bare_milter):
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(bare_milter, SlowClient)) for _ in range(20)]
        with ThreadPoolExecutor(len(peers)) as pool:
            for message in pool.map(lambda peer: played(peer.open()), peers):
                assert message == (REPLIES, EDITED, 'continue')


# --- stopped at work ---

class Talker:
    """A thread that sends message after message, on one connection after the other."""

    def __init__(self, milter):
        self.messages = []
        self._milter = milter
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.is_set():
            try:
                with connect(self._milter) as peer:
                    peer.open()
                    for _ in range(5):
                        self.messages.append(played(peer))
            except (mc.Closed, OSError):
                pass


def test_stopped_and_started_under_load(bare_milter):
    """All answers are right until the end."""
    talkers = [Talker(bare_milter) for _ in range(8)]
    try:
        for _ in range(5):
            goal = sum(len(talker.messages) for talker in talkers) + 50
            wait_for(lambda g=goal: sum(len(t.messages) for t in talkers) >= g, 30, 'messages')
            bare_milter.stop()
            bare_milter.start()
    finally:
        for talker in talkers:
            talker.stop()
    for talker in talkers:
        assert all(message == (REPLIES, EDITED, 'continue') for message in talker.messages)


# --- the directory's connections ---

def connections(slapd):
    """The number of the milter's connections to it, open or opening, as the kernel lists them."""
    rows = [line.split() for line in Path('/proc/thread-self/net/tcp').read_text().splitlines()[1:]]
    return sum(row[2].endswith(f':{slapd.port:04X}') and row[3] in ('01', '02') for row in rows)


def ask_all(peers, rcpts, slapd):
    """All at once: the replies, and the highest number of connections to the directory."""
    for peer in peers:
        peer.mail()
    start = time.monotonic()
    for peer, rcpt in zip(peers, rcpts):
        peer.ask(rcpt)
    replies, most = [], 0
    for i, peer in enumerate(peers):
        if i % 20 == 0:  # some time later
            most = max(most, connections(slapd))
        replies.append(short(peer.reply()))
    seconds = time.monotonic() - start
    assert seconds < TIMEOUT + PATIENCE
    for peer in peers:
        peer.abort()
    return replies, most


@pytest.fixture
def pooled(new_bare_milter):
    return new_bare_milter(directory_corp={'max-connections': str(POOL), 'timeout': str(TIMEOUT)})


RCPTS = [ALICE, NOBODY, BOTH, HELD] * 50
KNOWN = ['continue', '550 5.1.1', 'continue', '451 4.2.1'] * 50
AWAY = ['451 4.4.3'] * 200


def test_two_hundred_ask_at_once(pooled, slapd, opened):
    peers = opened(pooled, len(RCPTS))
    before = slapd.log().count(' ACCEPT from ')
    for _ in range(3):
        replies, most = ask_all(peers, RCPTS, slapd)
        assert replies == KNOWN
        assert 1 <= most <= POOL
    assert slapd.log().count(' ACCEPT from ') - before <= POOL


@pytest.mark.parametrize('used', [False, True], ids=['new connections', 'pooled connections'])
def test_two_hundred_ask_a_frozen_directory(pooled, slapd, opened, used):
    peers = opened(pooled, len(RCPTS))
    if used:
        assert ask_all(peers, RCPTS, slapd)[0] == KNOWN
    slapd.freeze()
    replies, most = ask_all(peers, RCPTS, slapd)
    assert replies == AWAY
    assert most <= POOL
    slapd.thaw()
    replies, most = ask_all(peers, RCPTS, slapd)
    assert replies == KNOWN
    assert most <= POOL
