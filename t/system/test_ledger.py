"""test_ledger.py - the ledger of a scene notices lost and duplicated mail

SPDX-License-Identifier: BSD-2-Clause
"""
import email

import pytest

import ledger
from chapter import Step, missing
from ledger import ACCEPTED, POSTPONED, REFUSED, Item, Ledger, Message
from scene import sound, summary

HERE, THERE = ('here',), ('there',)

BOUNCE = """\
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x

Sorry.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; alice@hosted.example.com
Action: failed

--x
Content-Type: message/rfc822

Message-ID: <1@test>

--x--
"""
COPY = 'Message-ID: <1@test>\n\nHello\n'
ANSWER = 'Message-ID: <2@test>\nAuto-Submitted: auto-replied\n\nI am away\n'
STRANGER = 'Message-ID: <3@test>\n\nWho wrote this?\n'


class FakeHost:
    """mailboxes: {name: [text of a message, ...]}"""

    def __init__(self, name, mailboxes):
        self.name = name
        self._mailboxes = mailboxes

    def mailboxes(self):
        return list(self._mailboxes)

    def mailbox(self, user):
        return [email.message_from_string(text) for text in self._mailboxes[user]]


@pytest.mark.parametrize('state, places, here, there, outcome', [
    (ACCEPTED, HERE, {'alice': [COPY]}, {}, 'delivered'),
    (ACCEPTED, HERE, {'alice': [COPY, ANSWER]}, {}, 'delivered'),
    (ACCEPTED, HERE + THERE, {'alice': [COPY]}, {'alice': [COPY]}, 'delivered'),
    (ACCEPTED, None, {'wanda': [BOUNCE]}, {}, 'refused'),
    (REFUSED, None, {}, {}, 'refused'),
    (ACCEPTED, HERE, {}, {}, 'lost'),
    (POSTPONED, HERE, {}, {}, 'lost'),
    (ACCEPTED, None, {}, {}, 'lost'),
    (ACCEPTED, HERE + THERE, {'alice': [COPY]}, {}, 'lost'),
    (ACCEPTED, HERE, {'alice': [COPY, COPY]}, {}, 'twice'),
    (ACCEPTED, HERE, {'alice': [COPY], 'wanda': [BOUNCE]}, {}, 'twice'),
    (REFUSED, HERE, {'alice': [COPY]}, {}, 'twice'),
    (ACCEPTED, None, {'wanda': [BOUNCE, BOUNCE]}, {}, 'twice'),
    (ACCEPTED, HERE, {}, {'alice': [COPY]}, 'astray'),
    (ACCEPTED, HERE, {'alice': [COPY]}, {'alice': [COPY]}, 'astray'),
    (ACCEPTED, HERE, {'wanda': [BOUNCE]}, {}, 'astray'),
    (REFUSED, HERE, {}, {}, 'astray'),
    (ACCEPTED, None, {'alice': [COPY]}, {}, 'astray'),
], ids=str)
def test_outcome(state, places, here, there, outcome):
    book = Ledger([FakeHost('here', here), FakeHost('there', there)], {}, {})
    book.messages['1@test'] = Message('1@test', 'wanda@example.net', b'',
                                      [Item('alice@example.com', state, places)])
    outcomes = book.account()
    assert outcomes[outcome] == 1 and outcomes['sent'] == 1, outcomes
    assert sound(outcomes) == (outcome in ('delivered', 'refused'))


def test_mail_that_nobody_sent_is_noticed():
    book = Ledger([FakeHost('here', {'alice': [STRANGER]})], {}, {})
    assert not sound(book.account())


def test_the_summary_counts():
    outcomes = ledger.Counter(sent=9, delivered=3, refused=2, lost=1, astray=1, twice=2)
    assert summary(outcomes) == '9 sent, 3 delivered, 2 refused, 2 lost, 2 twice'


def test_what_a_chapter_promises_is_looked_for():
    step = Step('mx', 'true', ['ok  ...: [all] is well', None, '...'])
    assert missing(step, 'x\n    ok  mta: [all] is well\n') == []
    assert missing(step, 'ok  mta: nothing is well\n') == ['ok  ...: [all] is well']
