"""test_exim_debian.py - the snippets in Debian's own configuration, split and not

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import world
from debianexim import DebianExim
from mta import INSIDER
from world import person

# Users of every Debian; daemon is at home, bin has moved.
PEOPLE = world.PEOPLE + ''.join([
    person('daemon', sdrOwner='onprem'), person('bin', sdrOwner='hosted'),
    person('sys', sdrOwner=['onprem', 'hosted']), person('team', sdrOwner='onprem'),
])
ALICE, THERE = 'alice@example.com', 'alice@hosted.example.com'

pytestmark = pytest.mark.usefixtures('exim')


@pytest.fixture
def slapd(new_slapd):
    return new_slapd(PEOPLE)


@pytest.fixture(params=[True, False], ids=['split', 'unsplit'])
def exim(request, scratch, sink, exim_conf, stop_later):
    server = DebianExim(scratch / 'exim', sink.port, exim_conf(), split=request.param)
    stop_later(server.stop)
    return server.start()


def test_configuration_is_sound(exim):
    assert 'Configuration file is' in exim.run('-bV').stdout


def test_delivery(deliver):
    sent, got = deliver([ALICE, 'daemon@example.com', 'bin@example.com', 'sys@example.com',
                         'daemon@onprem.example.com', 'nobody@example.com', 'held@example.com',
                         'team@example.com', 'postmaster@example.com', THERE])
    assert [r.code for r in sent.rcpts] == [250, 250, 250, 250, 250, 550, 451, 250, 250, 550]
    assert str(sent.rcpts[5]) == '550 5.1.1 User unknown'
    assert str(sent.rcpts[6]).startswith('451 4.2.1 ')
    assert str(sent.rcpts[9]) == '550 relay not permitted'
    assert got == Counter([
        THERE, 'daemon@example.com', 'bin@hosted.example.com', 'sys@example.com',
        'sys@hosted.example.com'])


def test_insiders_are_told_as_well(exim):
    sent = exim.send(['nobody@example.com', 'held@example.com', ALICE, THERE, 'x@elsewhere.test'],
                     source=INSIDER)
    assert [r.code for r in sent.rcpts] == [550, 451, 250, 250, 250]


@pytest.mark.parametrize('given, shown', [
    (ALICE, f'{THERE}\n    <-- {ALICE}\n  router = to_sink'),
    ('daemon@example.com', 'daemon@example.com\n  router = local_user'),
    ('nobody@example.com', 'nobody@example.com is undeliverable: 550 5.1.1 User unknown'),
    ('dave@example.com', 'dave@example.com is undeliverable: Unrouteable address'),
])
def test_address_test(exim, given, shown):
    assert exim.address_test(given).startswith(shown)


@pytest.mark.parametrize('sender, code', [
    (ALICE, 250), ('daemon@example.com', 250), ('nobody@example.com', 550)])
def test_senders_are_verified(exim, sender, code):
    assert exim.send('daemon@example.com', sender=sender).rcpts[0].code == code


def test_mailboxes_behind_this_machine(scratch, sink, exim_conf, stop_later):
    exim = DebianExim(scratch / 'relay', sink.port, exim_conf(), split=True, mailboxes_here=False)
    stop_later(exim.stop)
    exim.start()
    sent = exim.send([ALICE, 'dave@example.com', 'both@example.com', 'dave@onprem.example.com',
                      'nobody@example.com', THERE])
    assert [r.code for r in sent.rcpts] == [250, 250, 250, 250, 550, 550]
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == Counter(
        [THERE, 'dave@example.com', 'both@example.com', 'both@hosted.example.com'])
