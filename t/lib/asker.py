"""asker.py - a client that sends the same message repeatedly

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass

import smtpclient
from proc import wait_for


@dataclass
class Answer:
    """The result of one message."""
    message_id: str
    codes: list      # of each recipient
    seconds: list    # that each of them took
    data: int = None


class Asker:
    """Sends to the recipients at a constant rate, several messages at a time.

    with Asker(postfix, [...]) as asker: the answers are complete when it ends.
    """

    def __init__(self, postfix, rcpts, at_once=3, pause=0.1):
        self.answers = []
        self._postfix = postfix
        self._rcpts = rcpts
        self._pause = pause
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(at_once)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait(self, count, seconds=30):
        """Wait until that many messages sent from now on have been answered."""
        enough = len(self.answers) + len(self._threads) + count
        wait_for(lambda: len(self.answers) >= enough or not self._alive(), seconds, 'answers')
        assert self._alive(), 'the asker was cut off'

    def _alive(self):
        return all(thread.is_alive() for thread in self._threads)

    def _run(self):
        while not self._ended.wait(self._pause):
            with self._postfix.client() as client:
                self.answers.append(ask(client, self._rcpts))
                client.quit()


ALICE, ALICE_HOSTED = 'alice@example.com', 'alice@hosted.example.com'
DAVE, NOBODY = 'dave@example.com', 'nobody@example.com'


@contextlib.contextmanager
def all_right(postfix, sink, seconds, **options):
    """
    An Asker for Alice (hosted), an unknown recipient, and Dave (this site).

    At the end it checks that every reply was right and took less than SECONDS, and that mail was
    delivered accordingly.
    """
    with Asker(postfix, [ALICE, NOBODY, DAVE], **options) as asker:
        yield asker
    postfix.wait_empty()
    assert Counter(tuple(a.codes) for a in asker.answers).keys() == {(250, 550, 250)}
    assert max(max(a.seconds) for a in asker.answers) < seconds
    got = {answer.message_id: Counter() for answer in asker.answers}
    for transaction in sink.transactions:
        got[transaction.message_id].update(transaction.recipients)
    assert all(recipients == Counter([ALICE_HOSTED, DAVE]) for recipients in got.values())


def ask(client, rcpts, data=True):
    """One message, or only its envelope."""
    client.mail()
    answer = Answer(smtpclient.new_message_id(), [], [])
    for rcpt in rcpts:
        begin = time.monotonic()
        answer.codes.append(client.rcpt(rcpt).code)
        answer.seconds.append(time.monotonic() - begin)
    if data and 250 in answer.codes:
        answer.data = client.data(smtpclient.message(answer.message_id, (), 'Hello\n')).code
    return answer
