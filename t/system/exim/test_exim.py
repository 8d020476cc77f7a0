"""test_exim.py - who gets the message through Exim, counted at the sink

SPDX-License-Identifier: BSD-2-Clause
"""
import time
from collections import Counter

import pytest

from mta import INSIDER
from proc import wait_for
from world import person

pytestmark = pytest.mark.usefixtures('exim')

ALICE, ALICE_THERE = 'alice@example.com', 'alice@hosted.example.com'


def codes(sent):
    return [reply.code for reply in sent.rcpts]


@pytest.mark.parametrize('drop_privilege', [False, True])
def test_every_verdict(new_exim, exim_conf, sink, drop_privilege):
    exim = new_exim(exim_conf(), drop_privilege=drop_privilege).start()
    sent = exim.send([ALICE, 'dave@example.com', 'both@example.com', 'plain@example.com',
                      'nobody@example.com', 'held@example.com', 'postmaster@example.com'])
    exim.wait_empty()
    assert codes(sent) == [250, 250, 250, 250, 550, 451, 250]
    assert str(sent.rcpts[4]) == '550 5.1.1 User unknown'
    assert str(sent.rcpts[5]).startswith('451 4.2.1 ')
    assert sink.recipients(sent.message_id) == Counter(
        [ALICE_THERE, 'dave@example.com', 'both@example.com', 'both@hosted.example.com',
         'plain@example.com', 'postmaster@example.com'])


def test_one_line_of_log_for_each_question(deliver, exim):
    deliver([ALICE, 'someone@elsewhere.test'], source=INSIDER)
    deliver('both@example.com', source=INSIDER)
    assert exim.decisions() == [
        f'sdr: rcpt="{ALICE}" verdict=redirect site=hosted to="{ALICE_THERE}" source=directory'
        ' reason="owner from the directory"',
        'sdr: rcpt="both@example.com" verdict=copy site=hosted to="both@hosted.example.com"'
        ' source=directory reason="owner from the directory"']


@pytest.mark.parametrize('given, reached', [
    ('robert@example.com', 'robert@hosted.example.com'),
    ('ALICE@Example.COM', 'ALICE@hosted.example.com'),
    ('alice+news@example.com', 'alice+news@hosted.example.com'),
    ('<@relay.test,@other.test:alice@example.com>', ALICE_THERE),
    ('"alice"@example.com', ALICE_THERE),
    ('dave+x@example.com', 'dave+x@example.com'),
    ('dave@onprem.example.com', 'dave@example.com'),
    ('both@onprem.example.com', 'both@example.com'),
    ('alice@onprem.example.com', ALICE_THERE),
])
def test_spelling(deliver, given, reached):
    sent, got = deliver([given])
    assert codes(sent) == [250]
    assert got == Counter([reached])


@pytest.mark.parametrize('local', [
    'al ice', 'b@evil.org,y', ':blackhole:', ':include:/etc/passwd', ':fail: gone', 'a"b', '<x>',
    '|/bin/sh', '/x', '/dev/null', '|true', '# Exim filter', '\\x41', '${run{/bin/false}}'])
def test_local_part_that_means_something_to_exim(deliver, exim, slapd, local):
    """It is only a mailbox: it is kept, and added with the same local part."""
    quoted = exim.run('-be', r'${quote_local_part:\N%s\N}' % local).stdout[:-1]
    slapd.add(person('odd', mail=None, mailLocalAddress=f'{quoted}@example.com',
                     sdrOwner=['onprem', 'hosted']))
    sent, got = deliver(f'{quoted}@example.com')
    assert codes(sent) == [250]
    assert got == Counter([f'{quoted}@example.com', f'{quoted}@hosted.example.com'])


def test_utf8(deliver, slapd):
    slapd.add(person('jose', sdrAddress='josé@example.com', mail=None, sdrOwner='hosted'))
    sent, got = deliver(['josé@example.com'], mail_args='SMTPUTF8')
    assert codes(sent) == [250]
    assert got == Counter(['josé@hosted.example.com'])


@pytest.mark.parametrize('given', [
    [ALICE, ALICE],
    [ALICE, ALICE_THERE],
    [ALICE, 'alice@onprem.example.com'],
    [ALICE, '"alice"@example.com', '<@relay.test:alice@example.com>'],
])
def test_same_mailbox_once(deliver, given):
    _, got = deliver(given, source=INSIDER)
    assert got == Counter([ALICE_THERE])


def test_copy_and_its_own_target(deliver):
    _, got = deliver(['both@example.com', 'both@hosted.example.com'], source=INSIDER)
    assert got == Counter(['both@example.com', 'both@hosted.example.com'])


def test_strangers_may_not_relay(exim):
    assert exim.send(ALICE_THERE).rcpts[0].code == 550
    assert exim.send(ALICE_THERE, source=INSIDER).rcpts[0].code == 250
    assert exim.send('dave@onprem.example.com').rcpts[0].code == 250


def test_local_submission(exim, sink):
    exim.submit([ALICE, 'dave@example.com', 'nobody@example.com'])
    sink.wait(count=3)
    assert Counter(r for t in sink.transactions for r in t.recipients) == Counter(
        [ALICE_THERE, 'dave@example.com', 'sender@onprem.test'])


def test_dsn_parameters_are_lost_by_a_redirect(deliver, sink):
    """Exim does this by itself: it answers the DSN requests."""
    sent, _ = deliver([ALICE, 'dave@example.com'], rcpt_args='NOTIFY=FAILURE')
    args = {r: t.args(r) for t in sink.of(sent.message_id) for r in t.recipients}
    assert args == {ALICE_THERE: '', 'dave@example.com': 'NOTIFY=FAILURE'}


# --- what -bt and -bv say ---

@pytest.mark.parametrize('given, shown', [
    (ALICE, f'{ALICE_THERE}\n    <-- {ALICE}\n  router = everybody'),
    ('dave@example.com', 'dave@example.com\n  router = everybody'),
    ('nobody@example.com', 'nobody@example.com is undeliverable: 550 5.1.1 User unknown'),
    ('held@example.com', 'held@example.com cannot be resolved at this time: 451 4.2.1 '),
])
def test_address_test(exim, given, shown):
    assert exim.address_test(given).startswith(shown)


def test_address_test_of_a_copy(exim):
    shown = exim.address_test('both@example.com')
    assert 'both@hosted.example.com\n    <-- both@example.com\n' in shown
    assert 'both@example.com\n    <-- both@example.com\n' in shown


def test_verification(exim):
    for given, shown in [(ALICE, 'verified'), ('both@example.com', 'verified'),
                         ('nobody@example.com', 'failed to verify'),
                         ('held@example.com', 'cannot be resolved')]:
        assert shown in exim.run('-bv', given, ok=(0, 1, 2)).stdout


# --- at the door ---

def test_strangers_and_others(new_exim, exim_conf):
    """Recipients from clients that may relay are verified only by sdr-rcpt-acl."""
    recipients = ['nobody@example.com', 'held@example.com', ALICE, ALICE_THERE, 'x@elsewhere.test']
    plain, strict = (new_exim(exim_conf(), at_the_door=d).start('-odq') for d in (False, True))
    assert codes(plain.send(recipients)) == [550, 451, 250, 550, 550]
    assert codes(plain.send(recipients, source=INSIDER)) == [250] * 5
    assert codes(strict.send(recipients)) == [550, 451, 250, 550, 550]
    sent = strict.send(recipients, source=INSIDER)
    assert codes(sent) == [550, 451, 250, 250, 250]
    assert str(sent.rcpts[0]) == '550 5.1.1 User unknown'
    assert sent.rcpts[1].text.startswith('4.2.1 ')


# --- loops ---

def marks(count, age=0):
    return [f'X-SDR-Routed: onprem; {int(time.time()) - age}'] * count


def test_mark(deliver, sink):
    sent, _ = deliver([ALICE, 'both@example.com', 'dave@example.com'],
                      headers=['X-SDR-Routed: hosted; 1', *marks(1, age=60)])
    found = {r: t.message.get_all('X-SDR-Routed')
             for t in sink.of(sent.message_id) for r in t.recipients}
    assert len(found[ALICE_THERE]) == 3
    assert found[ALICE_THERE] == found['both@hosted.example.com'] == found['both@example.com']
    assert len(found['dave@example.com']) == 2
    assert abs(int(found[ALICE_THERE][-1].removeprefix('onprem; ')) - time.time()) < 600


def test_no_mark_for_what_stays(deliver, sink):
    sent, _ = deliver(['dave@onprem.example.com', 'both@onprem.example.com'])
    assert [t.message.get_all('X-SDR-Routed') for t in sink.of(sent.message_id)] == [None]


def test_those_who_leave_together_are_sent_together(deliver, sink):
    sent, _ = deliver([ALICE, 'bob@example.com', 'alice+x@example.com'])
    assert len(sink.of(sent.message_id)) == 1


YOUNG, OLD, YEARS_AHEAD = 0, 3600, -2 * 10**9


@pytest.mark.parametrize('age, reply', [
    (YOUNG, '451 4.4.6 Routing loop'),
    (OLD, '554 5.4.6 Routing loop'),
    (YEARS_AHEAD, '554 5.4.6 Routing loop'),
])
@pytest.mark.parametrize('rcpts', [
    [ALICE], [ALICE, 'bob@example.com'], ['both@example.com'], ['alice@onprem.example.com'],
    ['"alice"@example.com', '<@relay.test:bob@example.com>']])
@pytest.mark.parametrize('count', [5, 17])
def test_loop_is_refused_before_it_is_accepted(exim, sink, rcpts, age, reply, count):
    """The sender's own server notifies the sender. Nobody gets a bounce for forged marks."""
    sent = exim.send(rcpts, headers=marks(count, age))
    assert codes(sent) == [250] * len(rcpts)
    assert str(sent.data).startswith(reply)
    assert exim.queue() == [] and sink.transactions == []
    assert f'sdr: routing loop: {reply}' in exim.log()


@pytest.mark.parametrize('rcpts', [
    [ALICE, 'dave@example.com'], ['dave@example.com', ALICE], ['dave@onprem.example.com', ALICE],
    [ALICE, '"a, alice@example.com, b"@elsewhere.test']])
def test_loop_of_some_is_routed_once_more(deliver, sink, rcpts):
    """The message that comes back has only the looping recipients."""
    sent, got = deliver(rcpts, headers=marks(5, OLD), source=INSIDER)
    assert sent.data.code == 250
    assert got == Counter([r.replace('@onprem.', '@') for r in rcpts if r != ALICE] + [ALICE_THERE])
    assert [t for t in sink.transactions if not t.mail] == []


def test_loop_of_some_waits_while_it_is_young(exim, sink):
    sent = exim.send([ALICE, 'dave@example.com'], headers=marks(5))
    wait_for(exim.deferred)
    assert sink.recipients(sent.message_id) == Counter(['dave@example.com'])
    assert '451 4.4.6 Routing loop' in exim.log()


LIST = """\
lists:
  driver = redirect
  domains = example.com
  local_parts = dave
  data = alice@example.com
"""


def test_member_of_a_list_gets_no_bounce_made(new_exim, exim_conf, sink):
    """The members of a list were not known when the message was accepted."""
    exim = new_exim(exim_conf(), routers=LIST).start()
    sent = exim.send('dave@example.com', headers=marks(5, OLD))
    exim.wait_empty()
    assert sent.data.code == 250
    assert [t.recipients for t in sink.transactions] == [[ALICE_THERE]]


def test_list_that_loops_ends(new_exim, exim_conf, sink):
    """By Exim's own hop count."""
    exim = new_exim(exim_conf(), routers=LIST).start()
    exim.send('dave@example.com', headers=marks(20, OLD) + ['Received: by x.test; x'] * 31)
    exim.wait_empty()
    assert [t.recipients for t in sink.transactions] == [['sender@outside.test']]


def test_submitted_loop_gets_no_bounce_made(exim, sink):
    """A rejection would send a message to the sender."""
    exim.submit(ALICE, text='\n'.join([*marks(5, OLD), 'Subject: test', '', 'Hello', '']))
    exim.wait_empty()
    assert [t.recipients for t in sink.transactions] == [[ALICE_THERE]]


def test_fewer_marks_than_the_limit(deliver):
    _, got = deliver(ALICE, headers=marks(4))
    assert got == Counter([ALICE_THERE])
