"""test_envelope.py - who gets the message, counted at the sink

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import time
from collections import Counter

import pytest

from mta import INSIDER
from world import person

pytestmark = pytest.mark.usefixtures('milter')


def codes(sent):
    return [reply.code for reply in sent.rcpts]


def test_mixed_owners(deliver):
    sent, got = deliver(['alice@example.com', 'dave@example.com', 'both@example.com',
                         'plain@example.com', 'someone@elsewhere.test'], source=INSIDER)
    assert codes(sent) == [250] * 5
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com', 'both@example.com',
                           'both@hosted.example.com', 'plain@example.com',
                           'someone@elsewhere.test'])


def test_refused_recipient_does_not_touch_the_others(deliver):
    sent, got = deliver(['nobody@example.com', 'alice@example.com', 'held@example.com',
                         'dave@example.com'])
    assert codes(sent) == [550, 250, 451, 250]
    assert sent.rcpts[0].text.startswith('5.1.1')
    assert sent.rcpts[2].text.startswith('4.2.1')
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.parametrize('given, reached', [
    ('robert@example.com', 'robert@hosted.example.com'),
    ('ALICE@Example.COM', 'ALICE@hosted.example.com'),
    ('alice+news@example.com', 'alice+news@hosted.example.com'),
    ('<@relay.test,@other.test:alice@example.com>', 'alice@hosted.example.com'),
    ('alice@example.com.', 'alice@hosted.example.com'),
    (b'alice@example.com', 'alice@hosted.example.com'),
    ('DAVE@EXAMPLE.COM', 'DAVE@EXAMPLE.COM'),
    ('dave+x@example.com', 'dave+x@example.com'),
    ('dave@onprem.example.com', 'dave@example.com'),
    ('both@onprem.example.com', 'both@example.com'),
    ('alice@onprem.example.com', 'alice@hosted.example.com'),
    ('<@relay.test:Alice@Example.com.>', 'Alice@hosted.example.com'),
    # not an address, but the MTA makes it one
    ('< alice@example.com>', 'alice@hosted.example.com'),
    ('<alice@example.com >', 'alice@hosted.example.com'),
    ('<<alice@example.com>>', 'alice@hosted.example.com'),
])
def test_spelling(deliver, given, reached):
    sent, got = deliver([given])
    assert codes(sent) == [250]
    assert got == Counter([reached])


@pytest.mark.parametrize('given, local', [
    ('"alice"@example.com', '"alice"'),
    ('"al\\ice"@Example.com', '"al\\ice"'),
    ('<@relay.test:"al\\ice"@Example.com>', '"al\\ice"'),
])
def test_quoted(deliver, given, local):
    sent, got = deliver([given])
    assert codes(sent) == [250]
    # Postfix removes needless quotes.
    assert got in (Counter([f'{local}@hosted.example.com']), Counter(['alice@hosted.example.com']))


def test_quoted_that_needs_it(deliver, slapd):
    slapd.add(person('space', mail='al ice@example.com', sdrOwner='hosted'))
    sent, got = deliver(['"al ice"@example.com'])
    assert codes(sent) == [250]
    assert got == Counter(['"al ice"@hosted.example.com'])


@pytest.mark.usefixtures('postfix')  # Debian's Sendmail has no SMTPUTF8
def test_utf8(deliver, slapd):
    slapd.add(person('jose', sdrAddress='josé@example.com', mail=None, sdrOwner='hosted'))
    sent, got = deliver(['JOSÉ@example.com', 'jose\u0301@example.com'], mail_args='SMTPUTF8')
    assert codes(sent) == [250, 250]
    assert got == Counter(['JOSÉ@hosted.example.com'])


def test_alias(deliver):
    _, got = deliver(['bob@example.com', 'robert@example.com'])
    assert got == Counter(['bob@hosted.example.com', 'robert@hosted.example.com'])


@pytest.mark.parametrize('given', [
    ['alice@example.com', 'alice@example.com'],
    ['alice@example.com', 'ALICE@EXAMPLE.com'],
    ['Alice@example.com', '<@relay.test:aLice@Example.com>', 'alice@example.com.'],
    ['<alice@example.com >', 'ALICE@example.com.', '<<alice@example.com>>', '"alice"@example.com'],
    ['alice@example.com', 'alice@hosted.example.com'],
    ['alice@hosted.example.com', 'alice@example.com'],
    ['alice@example.com', 'alice@onprem.example.com'],
])
def test_same_mailbox_once(deliver, given):
    sent, got = deliver(given, source=INSIDER)
    assert codes(sent) == [250] * len(given)
    assert Counter(r.lower() for r in got.elements()) == Counter(['alice@hosted.example.com'])


def test_sent_to_us_together_with_the_split_address(deliver):
    _, got = deliver(['dave@onprem.example.com', 'dave@example.com'])
    assert got == Counter(['dave@example.com'])


def test_both_and_its_own_target(deliver):
    _, got = deliver(['both@example.com', 'both@hosted.example.com'], source=INSIDER)
    assert got == Counter(['both@example.com', 'both@hosted.example.com'])


# --- delivery status notifications (RFC 3461) ---

def parameters(sink, sent, recipient):
    return sorted(sink.of(sent.message_id)[0].args(recipient).split())


@pytest.mark.parametrize('given, passed', [
    ('NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@outside.test',
     ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;a+2Bb@outside.test']),
    ('NOTIFY=NEVER', ['NOTIFY=NEVER', 'ORCPT=rfc822;alice@example.com']),
    ('', ['ORCPT=rfc822;alice@example.com']),
])
def test_dsn_parameters_are_kept(deliver, sink, mta, given, passed):
    sent, _ = deliver(['alice@example.com'], rcpt_args=given,
                      mail_args='RET=HDRS ENVID=xyz')
    if not mta.manners.invents_orcpt:
        passed = given.split()
    assert parameters(sink, sent, 'alice@hosted.example.com') == passed
    assert sorted(sink.of(sent.message_id)[0].mail_args.split()[-2:]) == ['ENVID=xyz', 'RET=HDRS']


@pytest.mark.parametrize('orcpt', ['', ' ORCPT=rfc822;both@example.com'], ids=['', 'orcpt'])
def test_dsn_of_a_copy(deliver, sink, mta, orcpt):
    sent, _ = deliver(['both@example.com'], rcpt_args='NOTIFY=DELAY' + orcpt)
    for transaction in sink.of(sent.message_id):
        for recipient in transaction.recipients:
            assert 'NOTIFY=DELAY' in transaction.args(recipient)
            if orcpt or mta.manners.invents_orcpt:
                assert 'ORCPT=rfc822;both@example.com' in transaction.args(recipient)


@pytest.mark.usefixtures('postfix')  # no SMTPUTF8, and no ORCPT of ours for Sendmail
def test_utf8_orcpt(deliver, sink, slapd):
    slapd.add(person('jose', sdrAddress='josé@example.com', mail=None, sdrOwner='hosted'))
    sent, _ = deliver(['josé@example.com'], mail_args='SMTPUTF8')
    assert parameters(sink, sent, 'josé@hosted.example.com') == \
        [r'ORCPT=utf-8;jos\x{E9}@example.com']


# --- headers ---

def test_headers_stay_and_name_nobody(deliver, sink):
    """No other recipient can see a Bcc: recipient."""
    given = ['To: "Dave" <dave@example.com>', 'Subject: =?utf-8?q?caf=C3=A9?=', 'X-Odd:  two  ']
    sent, got = deliver(['alice@example.com', 'bob@example.com', 'dave@example.com'],
                        headers=given)
    assert sum(got.values()) == 3
    for transaction in sink.of(sent.message_id):
        head = transaction.data.partition(b'\r\n\r\n')[0].decode()
        for line in given:
            assert line in head.replace('\r\n', '\n').split('\n')
        for name in ('alice', 'bob', 'hosted.example.com'):
            assert name not in head
        assert re.findall(r'^X-SDR-Routed: onprem; \d+\r?$', head, re.M), head


def test_no_mark_when_nobody_leaves(deliver, sink):
    sent, _ = deliver(['dave@example.com'])
    assert b'X-SDR-Routed' not in sink.of(sent.message_id)[0].data


# --- loops ---

def marks(count, age=0, site='onprem'):
    return [f'X-SDR-Routed: {site}; {int(time.time()) - age}'] * count


def test_below_the_limit(deliver, sink):
    sent, got = deliver(['alice@example.com'], headers=marks(4))
    assert got == Counter(['alice@hosted.example.com'])
    assert sink.of(sent.message_id)[0].data.count(b'X-SDR-Routed: onprem') == 5


@pytest.mark.parametrize('ages, code, status', [
    ([0] * 5, 451, '4.4.6'),
    ([7200] * 4 + [60], 451, '4.4.6'),
    ([1000] * 5, 554, '5.4.6'),
    ([1000] * 9, 554, '5.4.6'),
])
def test_at_the_limit(deliver, ages, code, status):
    headers = [mark for age in ages for mark in marks(1, age)]  # the current time: the suite runs for long
    sent, got = deliver(['alice@example.com', 'both@example.com'], headers=headers)
    assert (sent.data.code, sent.data.text.split()[0]) == (code, status)
    assert got == Counter()


def test_at_the_limit_with_one_who_stays(deliver):
    _, got = deliver(['alice@example.com', 'dave@example.com'], headers=marks(5))
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


def test_marks_of_another_site_do_not_count(deliver):
    _, got = deliver(['alice@example.com'], headers=marks(9, site='hosted') + marks(9, site='onpre'))
    assert got == Counter(['alice@hosted.example.com'])


def test_who_stays_is_never_refused_for_a_loop(deliver):
    _, got = deliver(['dave@example.com'], headers=marks(50, age=1000))
    assert got == Counter(['dave@example.com'])


# --- the log ---

def test_one_line_for_each_decision(deliver, milter, mta):
    deliver(['alice@example.com', 'dave@example.com', 'x@elsewhere.test'], source=INSIDER)
    lines = milter.lines('verdict=')
    assert len(lines) == 2
    assert re.fullmatch(rf'<6>{mta.manners.queue_id}: rcpt="<alice@example.com>" '
                        r'verdict=redirect site=hosted to="alice@hosted.example.com" source=directory reason=".*"', lines[0])


def test_strip_extension(new_milter, conf, deliver, milter):
    milter.configure(conf(**{'site hosted': {'strip-extension': 'yes'}}))
    milter.reload()
    _, got = deliver(['alice+news@example.com', 'alice@example.com'])
    assert got == Counter(['alice@hosted.example.com'])


def test_routing_address(deliver, slapd):
    slapd.add(person('carol', sdrRoutingAddress='c.arol@hosted.example.com'))
    _, got = deliver(['carol@example.com'])
    assert got == Counter(['c.arol@hosted.example.com'])


def test_unknown_passes_if_wanted(conf, deliver, milter):
    milter.configure(conf(**{'domain example.com': {'unknown': 'hosted'}}))
    milter.reload()
    _, got = deliver(['nobody@example.com', 'postmaster@example.com', 'abuse+x@example.com'])
    assert got == Counter(['nobody@hosted.example.com', 'postmaster@example.com',
                           'abuse+x@example.com'])
