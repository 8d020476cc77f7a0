"""test_exim_directory.py - Exim while the directory gives no answer

SPDX-License-Identifier: BSD-2-Clause
"""
import time
from collections import Counter

import pytest

import slapd as ldap
from proc import PATIENCE, wait_for

ALICE, THERE = 'alice@example.com', 'alice@hosted.example.com'
UNAVAILABLE = '451 4.4.3 Directory unavailable, try again later'
TIMEOUT = 6


@pytest.fixture
def exim(new_exim, exim_conf):
    """An Exim that is not started."""
    return new_exim(exim_conf(directory_corp={'timeout': str(TIMEOUT)}))


FAILURES = {
    'stopped': (lambda slapd: slapd.stop(), lambda slapd: slapd.start()),
    'frozen': (lambda slapd: slapd.freeze(), lambda slapd: slapd.thaw()),
}


@pytest.mark.parametrize('fail, recover', FAILURES.values(), ids=FAILURES)
def test_deferred_at_the_door(exim, slapd, fail, recover):
    exim.start()
    fail(slapd)
    start = time.monotonic()
    sent = exim.send([ALICE, 'someone@elsewhere.test', 'dave@example.com'])
    assert time.monotonic() - start < 2 * TIMEOUT + PATIENCE
    assert [str(sent.rcpts[i]) for i in (0, 2)] == [UNAVAILABLE] * 2
    recover(slapd)
    assert exim.send(ALICE).rcpts[0].code == 250


@pytest.mark.parametrize('drop_privilege', [False, True])
@pytest.mark.parametrize('fail, recover', FAILURES.values(), ids=FAILURES)
def test_mail_waits_and_goes_out_after_recovery(new_exim, exim_conf, slapd, sink, drop_privilege,
                                                fail, recover):
    conf = exim_conf(directory_corp={'timeout': str(TIMEOUT)})
    exim = new_exim(conf, drop_privilege=drop_privilege).start('-odq')
    fail(slapd)
    # Local recipients are not verified.
    exim.submit([ALICE, 'both@example.com', 'dave@example.com', 'x@elsewhere.test'])
    wait_for(exim.deferred)
    assert [t.recipients for t in sink.transactions] == [['x@elsewhere.test']]
    assert f'defer (-1): {UNAVAILABLE}' in exim.log()
    recover(slapd)
    exim.flush()
    exim.wait_empty()
    assert Counter(r for t in sink.transactions for r in t.recipients) == Counter(
        ['x@elsewhere.test', THERE, 'both@example.com', 'both@hosted.example.com',
         'dave@example.com'])


@pytest.mark.parametrize('acl', [ldap.BLIND, ldap.NO_ACCESS], ids=['blind', 'no-access'])
def test_directory_that_shows_nothing(new_slapd, new_exim, exim_conf, acl):
    """No recipient counts as unknown because of it."""
    blind = new_slapd(acl=acl)
    exim = new_exim(exim_conf(directory_corp={'uri': blind.uri})).start()
    assert [str(r) for r in exim.send([ALICE, 'nobody@example.com']).rcpts] == [UNAVAILABLE] * 2


def test_connection_that_has_been_lost_since(exim, slapd):
    """Within one process, which serves an SMTP connection."""
    exim.start()
    with exim.client() as client:
        client.mail()
        assert client.rcpt(ALICE).code == 250
        slapd.stop()
        assert client.rcpt('dave@example.com').code == 451
        slapd.start()
        assert client.rcpt('both@example.com').code == 250
