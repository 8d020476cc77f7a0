"""test_paths.py - the ways into an MTA, and other programs around the milter

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import world
from latermilter import LaterMilter
from proc import wait_for


@pytest.fixture
def later(mta, stop_later, milter):
    """later(**refusals): a milter behind ours."""
    def make(**refusals):
        server = LaterMilter(mta.queue_folder / 'sdr/later.sock', **refusals)
        stop_later(server.stop)
        server.start()
        mta.use_milters(f'unix:{world.SOCKET}', 'unix:sdr/later.sock')
        return server
    return make


def test_later_milter_refuses_the_message(later, deliver):
    later(refuse_message='550 5.7.1 no')
    sent, got = deliver(['alice@example.com', 'dave@example.com'])
    assert sent.data.code == 550
    assert got == Counter()


def test_later_milter_refuses_a_recipient(later, deliver):
    """This is why ours must be last: it does not learn of the rejection, and adds the recipient again."""
    later(refuse_rcpt={'alice': '550 5.7.1 no'})
    sent, got = deliver(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [550, 250]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


def test_earlier_milter_refuses_a_recipient(later, mta, deliver):
    later(refuse_rcpt={'alice': '550 5.7.1 no'})
    mta.use_milters('unix:sdr/later.sock', f'unix:{world.SOCKET}')
    sent, got = deliver(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [550, 250]
    assert got == Counter(['dave@example.com'])


@pytest.mark.usefixtures('milter')
def test_outsiders_may_not_relay_to_the_other_site(deliver, mta):
    sent, got = deliver(['x@hosted.example.com', 'alice@example.com', 'dave@onprem.example.com',
                         'x@sub.example.com', 'x@elsewhere.test'])
    denied = mta.manners.relay_denied
    assert [r.code for r in sent.rcpts] == [denied, 250, 250, denied, denied]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.usefixtures('milter')
def test_recipients_that_postfix_refused_are_none_of_ours(postfix, deliver):
    postfix.set(relay_recipient_maps='inline:{ {dave@example.com=x} {both@example.com=x} }')
    sent, got = deliver(['alice@example.com', 'dave@example.com'])
    assert [r.code for r in sent.rcpts] == [550, 250]
    assert got == Counter(['dave@example.com'])


def test_smtpd_in_a_chroot(new_postfix, sink, new_slapd, new_milter, scratch):
    slapd = new_slapd()
    postfix = new_postfix(milters=[f'unix:{world.SOCKET}'], chroot=True)
    new_milter(world.conf(
        directory_corp={'uri': slapd.uri, 'password-file': str(world.password_file(scratch))},
        milter={'socket': f'unix:{postfix.queue_folder / world.SOCKET}'})).start()
    sent = postfix.send(['alice@example.com', 'nobody@example.com'])
    postfix.wait_empty()
    assert [r.code for r in sent.rcpts] == [250, 550]
    assert sink.recipients(sent.message_id) == Counter(['alice@hosted.example.com'])


def test_milter_down_defers(mta):
    sent = mta.send(['alice@example.com'])
    assert sent.mail.code == 451


def test_virtual_alias_of_postfix(postfix, milter, deliver):
    """Postfix asks the milter about the client's recipient, and expands the alias itself."""
    postfix.set(virtual_alias_maps='inline:{ {team@example.com=dave@example.com} }')
    sent, got = deliver(['team@example.com', 'alice@example.com'])
    assert [r.code for r in sent.rcpts] == [550, 250]
    assert got == Counter(['alice@hosted.example.com'])


# --- submission to Postfix without SMTP: nothing may be refused at RCPT ---
# Sendmail's sendmail(1) speaks SMTP to the daemon.

@pytest.mark.usefixtures('milter')
def test_submission(postfix, sink):
    message_id = postfix.submit(['alice@example.com', 'dave@example.com', 'both@example.com'])
    wait_for(lambda: sum(sink.recipients(message_id).values()) >= 4, 10, 'all copies')
    postfix.wait_empty()
    assert sink.recipients(message_id) == Counter([
        'alice@hosted.example.com', 'dave@example.com', 'both@example.com',
        'both@hosted.example.com'])


@pytest.mark.usefixtures('milter')
def test_submission_to_nobody_is_left_to_postfix(postfix, sink):
    message_id = postfix.submit(['nobody@example.com', 'alice@example.com'])
    wait_for(lambda: sum(sink.recipients(message_id).values()) >= 2, 10, 'both')
    postfix.wait_empty()
    assert sink.recipients(message_id) == Counter(['nobody@example.com',
                                                   'alice@hosted.example.com'])
    assert 'configuration error' not in postfix.log()


def test_submission_while_the_directory_is_down(postfix, slapd, sink, milter):
    slapd.stop()
    message_id = postfix.submit(['alice@example.com', 'dave@example.com'])
    wait_for(lambda: milter.lines('verdict=defer'), 10, 'a deferral')
    assert sink.recipients(message_id) == Counter()
    slapd.start()
    wait_for(lambda: sum(sink.recipients(message_id).values()) >= 2, 90, 'delivery')
    postfix.wait_empty()
    assert sink.recipients(message_id) == Counter(['alice@hosted.example.com',
                                                   'dave@example.com'])
    assert 'configuration error' not in postfix.log()
