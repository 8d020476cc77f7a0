"""test_fixtures.py - the servers that the other tests rely on work; none of our programs runs

SPDX-License-Identifier: BSD-2-Clause
"""
import socket
from collections import Counter

import pytest

import slapd as ldap
import smtpclient
import world
from mta import INSIDER
from proc import PATIENCE, free_port, wait_for
from sink import split_path

ALICE = 'alice@example.com'
ANONYMOUS_BIND = bytes.fromhex('300c020101600702010304008000')


# --- slapd ---

@pytest.fixture
def alice_found(slapd):
    """Whether a search as the reader, over that connection, finds Alice."""
    def search(**options):
        options = {'dn': ldap.READER_DN, 'password': ldap.READER_PASSWORD, **options}
        return 'sdrOwner: hosted' in slapd.search(f'(mail={ALICE})', 'sdrOwner', **options)
    return search


def test_reader_reads_over_every_connection(slapd, alice_found):
    assert alice_found()
    assert alice_found(uri=slapd.ldapi_uri)
    assert alice_found(uri=slapd.ldaps_uri)
    assert alice_found(options=['-ZZ'])


def test_anonymous_sees_nothing(slapd):
    assert slapd.search(dn='', ok=(50,)) == ''


def test_anonymous_read(new_slapd):
    assert 'sdrOwner: hosted' in new_slapd(anonymous_read=True).search(f'(mail={ALICE})', dn='')


@pytest.mark.parametrize('acl, result', [(ldap.NO_ACCESS, 50), (ldap.BLIND, 0)])
def test_reader_without_access(new_slapd, acl, result):
    server = new_slapd(acl=acl)
    assert server.search(dn=ldap.READER_DN, password=ldap.READER_PASSWORD, ok=(result,)) == ''


def test_changes_and_restart(slapd):
    slapd.add(world.person('josé', sdrAddress='josé@example.com', mail=None))
    slapd.modify(f'dn: uid=alice,ou=people,{ldap.SUFFIX}\nchangetype: modify\n'
                 'replace: sdrOwner\nsdrOwner: onprem\n')
    slapd.stop()
    slapd.start()
    assert 'sdrOwner: onprem' in slapd.search(f'(mail={ALICE})')
    assert 'sdrAddress:: ' in slapd.search('(sdrAddress=josé@example.com)')


def test_searches_are_counted(slapd, alice_found):
    assert alice_found() and alice_found()
    assert slapd.searches('mail=alice') == [f'(mail={ALICE})'] * 2


def test_frozen_slapd_is_silent(slapd):
    slapd.freeze()
    with socket.create_connection(('127.0.0.1', slapd.port), timeout=0.3) as connection:
        connection.sendall(ANONYMOUS_BIND)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        slapd.thaw()
        connection.settimeout(PATIENCE)
        assert connection.recv(1) == b'0'


# --- the MTAs and the sink ---

@pytest.fixture
def plain(mta):
    """One of the MTAs, without a milter."""
    mta.use_milters()
    return mta


def test_delivery_keeps_dsn_parameters(plain, sink):
    sent = plain.send(ALICE, mail_args='RET=HDRS ENVID=e1',
                      rcpt_args=f'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{ALICE}')
    assert [r.code for r in sent.rcpts] == [250] and sent.data.code == 250
    plain.wait_empty()
    [transaction] = sink.of(sent.message_id)
    assert transaction.mail == 'sender@outside.test'
    assert {'RET=HDRS', 'ENVID=e1'} <= set(transaction.mail_args.split())
    assert set(transaction.args(ALICE).split()) == {
        'NOTIFY=SUCCESS,FAILURE', f'ORCPT=rfc822;{ALICE}'}


def test_recipients_are_counted_over_transactions(new_postfix, sink):
    plain = new_postfix(main={'relay_destination_recipient_limit': 1})
    sent = plain.send([ALICE, 'dave@example.com', 'dave@onprem.example.com'])
    plain.wait_empty()
    assert len(sink.of(sent.message_id)) == 3
    assert sink.recipients(sent.message_id) == Counter(
        [ALICE, 'dave@example.com', 'dave@onprem.example.com'])


@pytest.mark.parametrize('recipient', ['"al> ice"@example.com', '"a\\"b"@example.com',
                                       '"a\\\\"@example.com'])
def test_odd_recipients_arrive(plain, sink, recipient):
    sent = plain.send(recipient)
    plain.wait_empty()
    assert sink.recipients(sent.message_id) == {recipient: 1}


@pytest.mark.usefixtures('postfix')  # Debian's Sendmail has no SMTPUTF8
def test_utf8_recipients_arrive(plain, sink):
    sent = plain.send('josé@example.com', mail_args='SMTPUTF8')
    plain.wait_empty()
    assert sink.recipients(sent.message_id) == {'josé@example.com': 1}


def test_raw_recipients(plain, sink):
    sent = plain.send([b'<@relay.test,@b.test:ALICE@example.com>', b'dave@example.com',
                       b'<nobody@@example.com>'])
    assert [r.code // 100 for r in sent.rcpts] == [2, 2, 5]
    plain.wait_empty()
    assert sink.recipients(sent.message_id) == {'ALICE@example.com': 1, 'dave@example.com': 1}


def test_outsiders_reach_our_domains_only(plain):
    hosted = 'alice@hosted.example.com'
    assert plain.send(hosted).rcpts[0].code == plain.manners.relay_denied
    assert plain.send(hosted, source=INSIDER).rcpts[0].code == 250
    assert plain.send('dave@onprem.example.com').rcpts[0].code == 250


def test_message_is_octet_for_octet(plain, sink):
    sent = plain.send(ALICE, headers=['X-Test: a', ('X-Test', 'b')], body='one\n.two\n\nthree é\n')
    plain.wait_empty()
    [transaction] = sink.of(sent.message_id)
    assert transaction.message.get_all('X-Test') == ['a', 'b']
    assert transaction.data.endswith('one\r\n.two\r\n\r\nthree é\r\n'.encode())


def test_refused_mail_stays_queued_and_is_retried(plain, sink):
    sink.refuse[ALICE] = '451 4.3.0 Later'
    sent = plain.send([ALICE, 'dave@example.com'])
    wait_for(plain.deferred)
    assert sink.recipients(sent.message_id) == {'dave@example.com': 1}
    sink.refuse.clear()
    plain.flush()
    plain.wait_empty()
    assert sink.recipients(sent.message_id) == {'dave@example.com': 1, ALICE: 1}


def test_bounces_come_to_the_sink_too(plain, sink):
    sink.refuse[ALICE] = '550 5.1.1 No'
    plain.send(ALICE)
    plain.wait_empty()
    [bounce] = sink.transactions
    assert (bounce.mail, bounce.recipients) == ('', ['sender@outside.test'])


def test_own_listener(new_postfix):
    port = free_port()
    postfix = new_postfix(listeners={port: {'smtpd_recipient_restrictions': 'reject'}})
    assert smtpclient.send(port, ALICE).rcpts[0].code == 554
    assert postfix.send(ALICE).rcpts[0].code == 250


def test_smtpd_in_its_jail(new_postfix, sink):
    postfix = new_postfix(chroot=True)
    sent = postfix.send(ALICE)
    submitted = postfix.submit('dave@example.com')
    postfix.wait_empty()
    assert sink.recipients(sent.message_id) == {ALICE: 1}
    assert sink.recipients(submitted) == {'dave@example.com': 1}
    assert postfix.complaints() == []


def test_local_submission(new_postfix, sink):
    plain = new_postfix()
    message_id = plain.submit([ALICE, 'dave@example.com'], options=['-N', 'never'])
    sink.wait(message_id)
    plain.wait_empty()
    assert sink.recipients(message_id) == {ALICE: 1, 'dave@example.com': 1}
    assert 'NOTIFY=NEVER' in sink.of(message_id)[0].args(ALICE)


def test_no_milter_no_mail(mta, sink):
    """The milter of the default world, which does not run."""
    assert mta.send(ALICE).mail.code == 451
    assert sink.transactions == []


def test_nothing_to_complain_about(plain):
    plain.send(ALICE)
    plain.wait_empty()
    assert plain.complaints() == []


# --- helpers ---

@pytest.mark.parametrize('raw, path, arguments', [
    ('<a@b>', 'a@b', ''),
    ('<a@b> NOTIFY=NEVER ORCPT=rfc822;a@b', 'a@b', 'NOTIFY=NEVER ORCPT=rfc822;a@b'),
    ('<"a> b"@c> NOTIFY=NEVER', '"a> b"@c', 'NOTIFY=NEVER'),
    ('<"a\\"> b"@c> X=1', '"a\\"> b"@c', 'X=1'),
    ('<"a\\\\"@example.com>', '"a\\\\"@example.com', ''),
    ('<"\\\\\\""@c> X=1', '"\\\\\\""@c', 'X=1'),
    ('<"a b@c> X=1', '<"a b@c> X=1', ''),
    ('<a"@c>', '<a"@c>', ''),
    ('a@b', 'a@b', ''),
    ('<>', '', ''),
])
def test_split_path(raw, path, arguments):
    assert split_path(raw) == (path, arguments)


def test_configuration_text():
    text = world.conf(main={'loop-limit': None}, site_hosted=None,
                      directory_corp={'uri': ['ldap://a', 'ldap://b']},
                      **{'domain example.net': {'alias-of': 'example.com'}})
    assert text.startswith('this-site = onprem\n') and 'loop-limit' not in text
    assert '[site hosted]' not in text
    assert 'uri = ldap://a\nuri = ldap://b\n' in text
    assert text.endswith('[domain example.net]\nalias-of = example.com\n')
