"""test_combinations.py - recipients of all kinds in one message: no copy is lost or duplicated

SPDX-License-Identifier: BSD-2-Clause
"""
import random
from collections import Counter
from itertools import product

import pytest

import paths
from mta import INSIDER

# The client's recipients, and who gets the message; or the reply.
KINDS = {
    'alice@example.com': ['alice@hosted.example.com'],
    'alice@onprem.example.com': ['alice@hosted.example.com'],
    'alice@hosted.example.com': ['alice@hosted.example.com'],
    'bob@example.com': ['bob@hosted.example.com'],
    'robert@example.com': ['robert@hosted.example.com'],
    'bob+x@example.com': ['bob+x@hosted.example.com'],
    'dave@example.com': ['dave@example.com'],
    'dave@onprem.example.com': ['dave@example.com'],
    'both@example.com': ['both@example.com', 'both@hosted.example.com'],
    'both@onprem.example.com': ['both@example.com'],
    'both@hosted.example.com': ['both@hosted.example.com'],
    'plain@example.com': ['plain@example.com'],
    'someone@elsewhere.test': ['someone@elsewhere.test'],
    'nobody@example.com': 550,
    'held@example.com': 451,
}
# Recipients who leave may be written in any way. For Sendmail, two ways of writing one who stays are two
# recipients.
LEAVING = [rcpt for rcpt, reached in KINDS.items()
           if isinstance(reached, list) and rcpt not in reached and len(reached) == 1
           and 'hosted' in reached[0]]
SPELLINGS = [
    lambda local, domain: f'{local.upper()}@{domain}',
    lambda local, domain: f'{local}@{domain.title()}',
    lambda local, domain: f'"{local}"@{domain}',
    lambda local, domain: f'{local}@{domain}.',
    lambda local, domain: f'<@relay.test,@Other.test:{local.title()}@{domain}>',
    lambda local, domain: f'<{local}@{domain} >',
]
PARAMETERS = ['', '', 'NOTIFY=NEVER', 'NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@outside.test']


def spelled(chance, rcpt):
    if rcpt not in LEAVING or chance.random() < 0.5:
        return rcpt
    return chance.choice(SPELLINGS)(*rcpt.split('@'))


def plainly(recipient):
    return recipient.replace('"', '').lower()


def replies(rcpts):
    return [250 if isinstance(KINDS[rcpt], list) else KINDS[rcpt] for rcpt in rcpts]


def expected(rcpts):
    return Counter({r for rcpt in rcpts if isinstance(KINDS[rcpt], list) for r in KINDS[rcpt]})


@pytest.fixture
def reported_and_reached(mta, milter, sink):
    """Send these messages, (kinds, arguments of smtpclient.send()), and compare all results."""
    def check(messages):
        all_sent = [(kinds, mta.send(source=INSIDER, **options)) for kinds, options in messages]
        mta.wait_empty(60)
        for kinds, sent in all_sent:
            got = Counter(plainly(r) for r in sink.recipients(sent.message_id).elements())
            assert [r.code for r in sent.rcpts] == replies(kinds), kinds
            assert got == expected(kinds), (kinds, sent)
    return check


def test_every_two(reported_and_reached):
    reported_and_reached([(pair, {'rcpts': pair}) for pair in product(KINDS, repeat=2)])


def some_message(seed, most=10):
    chance = random.Random(seed)
    kinds = chance.choices(list(KINDS), k=chance.randint(3, most))
    rcpts = [spelled(chance, kind) for kind in kinds]
    return kinds, {'rcpts': rcpts, 'rcpt_args': {r: chance.choice(PARAMETERS) for r in rcpts}}


def test_some_of_all_in_any_spelling(reported_and_reached):
    reported_and_reached([some_message(seed) for seed in range(paths.thorough(200, 70))])


def test_a_hundred(reported_and_reached):
    reported_and_reached([some_message(seed, 200) for seed in range(3)])


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('arguments', [
    'NOTIFY=NEVER', 'notify=never', 'NOTIFY=SUCCESS,FAILURE,DELAY', 'NOTIFY=', 'NOTIFY', 'NOTIFY=X',
    'NOTIFY=NEVER,SUCCESS', 'NOTIFY=NEVER NOTIFY=NEVER', 'NOTIFY=SUCCESS NOTIFY=NEVER',
    'ORCPT=rfc822;a@b.test', 'orcpt=RFC822;a@b.test', 'ORCPT=rfc822;a+2Bb@c.test',
    'ORCPT=rfc822;a+b@c.test', 'ORCPT=rfc822;a+2@c.test', 'ORCPT=rfc822;a=b@c.test',
    'ORCPT=rfc822;', 'ORCPT=;a@b.test', 'ORCPT=', 'ORCPT=x', 'ORCPT=x400;C=de', 'ORCPT=unknown;+20',
    r'ORCPT=utf-8;jos\x{E9}@b.test', 'ORCPT=rfc822;a@b.test ORCPT=rfc822;c@d.test',
    'ORCPT=rfc822;' + 'x' * 400 + '@b.test', 'ORCPT=rfc822;a%s%n@b.test',
    'SIZE=1', 'X=1', 'RRVS=2026-01-01T00:00:00Z', 'NOTIFY=NEVER X=1', '=', '  NOTIFY=NEVER'])
def test_any_parameter(deliver, arguments):
    """Parameters that the MTA has accepted from the client it must accept from the milter."""
    rcpts = ['alice@example.com', 'both@example.com', 'dave@example.com']
    sent, got = deliver(rcpts, rcpt_args=arguments)
    accepted = [rcpt for rcpt, reply in zip(rcpts, sent.rcpts) if reply.code == 250]
    assert accepted in ([], rcpts)
    assert got == expected(accepted)
