"""test_dovecot.py - clients of people who have moved are passed on by Dovecot (doc/5-clients.md)

SPDX-License-Identifier: BSD-2-Clause
"""
import imaplib
import smtplib
import ssl

import pytest

import paths
from dovecot import IMAP, SUBMISSION, Dovecot, version
from samba import free_address
from sink import Sink
from slapd import READER_PASSWORD, SUFFIX

FILES = paths.ROOT / 'doc/5-clients/mail.example.com/etc/dovecot'
ALICE, BOTH, DAVE = 'alice@example.com', 'both@example.com', 'dave@example.com'
# All have mailboxes at either site, with different passwords.
HERE = {user: f'{user} here' for user in (ALICE, BOTH, DAVE)}
THERE = {user: f'{user} there' for user in (ALICE, BOTH, DAVE)}


def adapted(name, changes):
    text = (FILES / name).read_text(encoding='utf-8')
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


# No name server here knows the other site's host: hostip is its address.

def recipe_2_3(scratch, slapd, address, _):
    table = scratch / 'sdr-hosted.conf.ext'
    table.write_text(adapted('sdr-hosted.conf.ext', {
        'ldap://ldap.example.com': slapd.uri, 'tls = yes': 'tls = no', '@PASSWORD@': READER_PASSWORD,
        '=ssl=yes': f'=ssl=yes, =hostip={address}'}))
    return adapted('sdr-auth.conf.ext', {'/etc/dovecot/sdr-hosted.conf.ext': str(table)})


def recipe_2_4(_, slapd, address, ca):
    return adapted('sdr-auth-2.4.conf.ext', {
        '/etc/ssl/certs/ca-certificates.crt': str(ca.cert),
        'ldap://ldap.example.com': slapd.uri, 'ldap_starttls = yes': 'ldap_starttls = no',
        '@PASSWORD@': READER_PASSWORD, '    ssl = yes\n': f'    ssl = yes\n    hostip = {address}\n'})


RECIPES = {'2.3': recipe_2_3, '2.4': recipe_2_4}


@pytest.fixture
def other_sink(stop_later):
    server = Sink()
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def new_dovecot(scratch, ca, stop_later):
    """new_dovecot(folder, name of the host, more, its certificate's name): at an address of its own."""
    def start(folder, host, *arguments, named=None, **options):
        certificate = ca.issue(folder, f'DNS:{named or host}')
        server = Dovecot(scratch / folder, free_address(), host, certificate, *arguments, **options)
        stop_later(server.stop)
        return server.start()
    return start


@pytest.fixture
def pair(scratch, slapd, new_dovecot, sink, other_sink, ca):
    """pair(name in the other site's certificate): the Dovecot here, with the files of the chapter."""
    def start(named=None):
        there = new_dovecot('there', 'imap.example.org', other_sink.port, THERE, named=named)
        return new_dovecot('here', 'mail.example.com', sink.port, HERE,
                           first=RECIPES[version()](scratch, slapd, there.address, ca))
    return start


@pytest.fixture
def trust(ca):
    context = ssl.create_default_context(cafile=ca.cert)
    context.check_hostname = False  # they are asked at their addresses
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # a CA with few extensions will do
    return context


@pytest.fixture
def log_in(trust):
    """log_in(dovecot, user, password): the subject of the first message there; or the error."""
    def start(dovecot, user, password):
        with imaplib.IMAP4_SSL(dovecot.address, IMAP, ssl_context=trust) as client:
            try:
                client.login(user, password)
            except imaplib.IMAP4.error as error:
                return error.args[0].decode()
            client.select('INBOX')
            return client.fetch('1', 'BODY[HEADER.FIELDS (SUBJECT)]')[1][0][1].decode().strip()
    return start


def test_imap(pair, log_in, slapd):
    """Log-ins of people who have moved are passed on; those of people with a mailbox here are not."""
    dovecot = pair()
    assert log_in(dovecot, ALICE, THERE[ALICE]) == 'Subject: there'
    assert log_in(dovecot, ALICE, HERE[ALICE]).startswith('[AUTHENTICATIONFAILED]')
    assert log_in(dovecot, BOTH, HERE[BOTH]) == 'Subject: here'
    assert log_in(dovecot, DAVE, HERE[DAVE]) == 'Subject: here'
    slapd.modify(f'''dn: uid=dave,ou=people,{SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: hosted
''')
    assert log_in(dovecot, DAVE, THERE[DAVE]) == 'Subject: there'
    # Nobody can log in to the old mailbox.
    slapd.stop()
    assert log_in(dovecot, DAVE, HERE[DAVE]).startswith('[UNAVAILABLE]')


def test_submission(pair, trust, sink, other_sink):
    dovecot = pair()
    for user, password, end in [(ALICE, THERE[ALICE], other_sink), (DAVE, HERE[DAVE], sink)]:
        with smtplib.SMTP_SSL(dovecot.address, SUBMISSION, context=trust) as client:
            client.login(user, password)
            client.sendmail(user, 'world@outside.test', f'From: {user}\r\nMessage-ID: <{user}>\r\n\r\nHello\r\n')
        assert end.wait(user)[0].mail == user
    assert [len(end.transactions) for end in (sink, other_sink)] == [1, 1]


def test_certificate_of_another_host(pair, log_in):
    """The password is not sent to it."""
    dovecot = pair(named='imap.example.net')
    assert log_in(dovecot, ALICE, THERE[ALICE]).startswith('[UNAVAILABLE]')
    assert ALICE not in (dovecot.folder.parent / 'there/log').read_text()
