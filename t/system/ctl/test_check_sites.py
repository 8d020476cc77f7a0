"""test_check_sites.py - sdrctl check sites: whether the other sites take their mail

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import time

import pytest

import sdrctl
import world
from mailhost import drip, endless
from nameserver import NameServer
from proc import free_port
from sockets import deaf
from tls import DAY, NOW

OK, SILENT, WRONG, BAD_USE = 0, 75, 78, 64
FIRST, SECOND = '127.0.0.2', '127.0.0.3'
SHORT, LONG = 4, 60  # seconds, for hosts that are silent and for those that answer

THEIRS = 'hosted.example.com'
VERIFIED = f'alice@{THEIRS}'
ONE_HOST = {THEIRS: [('MX', (10, 'mx1.hosted.test'))], 'mx1.hosted.test': [('A', FIRST)]}
TWO_HOSTS = {THEIRS: [('MX', (10, 'mx1.hosted.test')), ('MX', (20, 'mx2.hosted.test'))],
             'mx1.hosted.test': [('A', FIRST)], 'mx2.hosted.test': [('A', SECOND)]}
VERIFY = {'verify-address': 'alice@example.com'}


@pytest.fixture(scope='module')
def good(ca):
    """A certificate of the host that most tests use."""
    return ca.issue('mx1', 'DNS:mx1.hosted.test')


@pytest.fixture
def check(scratch, stop_later, ca):
    """check(port, names=..., site=..., timeout=..., names of sites): (exit code, output)."""
    def run(port, *arguments, names=ONE_HOST, manners='', site=VERIFY, timeout=LONG, before=(),
            **sections):
        server = NameServer(names, manners, port=0)
        stop_later(server.stop)
        server.start()
        conf = sdrctl.write_conf(scratch, world.conf(
            directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None},
            site_hosted=site, **sections))
        done = sdrctl.run(conf, 'check', 'sites', *arguments, '--resolver', server.at,
                          '--port', str(port), '--timeout', str(timeout),
                          '--tls-ca-file', str(ca.cert), before=before)
        assert all(c.isprintable() or c == '\n' for c in done.stdout)
        return done.returncode, done.stdout
    return run


@pytest.fixture
def port():
    return free_port(FIRST)


def test_sound(check, new_host, good, port):
    host = new_host(FIRST, port, [VERIFIED], tls=good)
    code, output = check(port)
    output = re.sub('check-[0-9a-f]+', 'check-0', output)
    assert output == f"""\
site hosted, {THEIRS}
site hosted, {THEIRS}, mx1.hosted.test [{FIRST}]:{port}
  ok         greeting: mx.test ESMTP (it calls itself mx.test)
  ok         STARTTLS: TLS1.3, and the certificate is valid
  ok         recipient: {VERIFIED} is accepted: 250 2.1.5 Ok
  ok         unknown: sdrctl-check-0@{THEIRS} is rejected: 550 5.1.1 Unknown
"""
    assert code == OK
    verbs = [line.split()[0] for line in host.said]
    assert verbs == ['EHLO', 'STARTTLS', 'EHLO', 'MAIL', 'RCPT', 'RCPT', 'RSET', 'QUIT']
    assert 'MAIL FROM:<>' in host.said


@pytest.mark.parametrize('replies, code, lines', [
    pytest.param({'RCPT': '250 2.1.5 Ok'}, OK, [
        'warning    unknown: even sdrctl-check-',
        '-> make the site reject unknown recipients'], id='catch-all'),
    pytest.param({f'RCPT {VERIFIED}': '550 5.1.1 No such user'}, WRONG, [
        f'WRONG      recipient: {VERIFIED} is rejected: 550 5.1.1 No such user\n',
        '-> make the site accept mail for its routing domain, or correct verify-address\n'],
        id='verify-address refused'),
    pytest.param({f'RCPT {VERIFIED}': '554 5.7.1 Relaying denied'}, WRONG, [
        'is rejected: 554 5.7.1 Relaying denied\n'], id='routing domain not known there'),
    pytest.param({'RCPT': '451 4.7.1 Greylisted', f'RCPT {VERIFIED}': '451 4.7.1 Greylisted'},
                 SILENT, [f'NO ANSWER  recipient: {VERIFIED} is temporarily refused: 451 4.7.1 Greylisted\n',
                          'warning    unknown: not known whether unknown recipients are rejected'],
                 id='greylisting'),
    pytest.param({f'RCPT {VERIFIED}': '421 4.7.0 Go away'}, SILENT, ['is temporarily refused: 421'],
                 id='closing'),
    pytest.param({'MAIL': '550 5.7.1 We take no bounces'}, WRONG, [
        'WRONG      sender: MAIL FROM:<>, the sender of bounces, is rejected: 550 5.7.1 We take'],
        id='null sender refused'),
    pytest.param({'MAIL': '452 4.3.1 Full'}, SILENT, ['NO ANSWER  sender: mail is temporarily refused: 452'],
                 id='disk full'),
    pytest.param({'greeting': '554 5.7.1 You are on our block list'}, WRONG, [
        'WRONG      greeting: this host is rejected: 554 5.7.1 You are on our block list\n',
        '-> ask the site why: a block list'], id='blocked'),
    pytest.param({'greeting': '421 4.3.2 Too busy'}, SILENT, [
        'NO ANSWER  greeting: this host is temporarily refused: 421 4.3.2 Too busy\n'], id='busy'),
    pytest.param({'EHLO': '550 5.7.1 Bad name', 'HELO': '550 5.7.1 Bad name'}, WRONG, [
        'this host is rejected: 550 5.7.1 Bad name\n'], id='own name refused'),
    pytest.param({'EHLO': '502 5.5.1 What?'}, OK, ['is accepted', 'STARTTLS: not offered'],
                 id='old'),
    pytest.param({'STARTTLS': '454 4.7.0 TLS not available'}, OK, [
        'warning    STARTTLS: offered, then refused: 454 4.7.0', 'is accepted'],
        id='STARTTLS refused'),
])
def test_replies(check, new_host, good, port, replies, code, lines):
    host = new_host(FIRST, port, [VERIFIED], replies, good)
    status, output = check(port)
    for line in lines:
        assert line in output, output
    assert status == code, output
    assert not any(line.startswith(('DATA', 'BDAT')) for line in host.said)


def test_without_starttls(check, new_host, port):
    new_host(FIRST, port, [VERIFIED])
    code, output = check(port)
    assert 'warning    STARTTLS: not offered: mail is sent unencrypted\n' in output
    assert code == OK


@pytest.mark.parametrize('name, options, flaw', [
    ('other', {'san': 'DNS:www.hosted.test'}, 'it is not for this name'),
    ('self-signed', {}, 'it is not issued by a trusted CA'),
    ('client', {'usage': 'clientAuth'}, 'it is not for servers'),
    ('short', {'kind': ['rsa:1024']}, 'a key or signature is too weak'),
    ('old', {'start': NOW - 2 * DAY, 'end': NOW - DAY}, 'it has expired'),
])
def test_certificates(check, new_host, ca, port, name, options, flaw):
    make = ca.self_signed if name == 'self-signed' else ca.issue
    new_host(FIRST, port, [VERIFIED], tls=make(name, **{'san': 'DNS:mx1.hosted.test', **options}))
    code, output = check(port)
    assert 'warning    certificate: TLS1.3, but the certificate does not prove the identity of ' \
           f'mx1.hosted.test: ' \
           f'{flaw}\n' in output
    assert 'is accepted' in output
    assert code == OK


@pytest.mark.parametrize('days', [0.05, 20])
def test_certificate_that_expires_soon(check, new_host, ca, port, days):
    end = NOW + days * DAY
    new_host(FIRST, port, [VERIFIED], tls=ca.issue('soon', 'DNS:mx1.hosted.test', end=end))
    code, output = check(port)
    assert 'warning    certificate: TLS1.3, but the certificate expires on ' \
           f'{end:%Y-%m-%d %H:%M:%S} UTC\n             -> ask the site to renew it\n' in output
    assert code == OK


def test_certificate_that_is_good_for_a_while(check, new_host, ca, port):
    new_host(FIRST, port, [VERIFIED], tls=ca.issue('later', 'DNS:mx1.hosted.test', end=NOW + 22 * DAY))
    assert 'ok         STARTTLS: TLS1.3, and the certificate is valid\n' in check(port)[1]


@pytest.mark.parametrize('greeting, ehlo, shown', [
    ('220 MX1.Hosted.Test ESMTP', '250 mx1.Hosted.test', 'ok         greeting: MX1.Hosted.Test ESMTP'),
    ('220 ESMTP ready', '250 ok', 'ok         greeting: ESMTP ready'),
    ('220 MX1.Hosted.Test', '250 hello', 'ok         greeting: MX1.Hosted.Test'),
    ('220', '250', 'ok         greeting: '),
    ('220 mx1.hosted.test', '250 other.test hello', 'warning    greeting: mx1.hosted.test (it calls itself '
     'other.test, and no certificate proves that it is mx1.hosted.test: mail may go to a wrong host)'),
    ('220 other.test', '502 what?', 'warning    greeting: other.test (it calls itself mx.test, and '),
])
def test_whom_the_greeting_names(check, new_host, port, greeting, ehlo, shown):
    """A host that proves its name by a certificate may use another name in its greeting: see test_sound."""
    new_host(FIRST, port, [VERIFIED], {'greeting': greeting, 'EHLO': ehlo})
    code, output = check(port)
    assert f'  {shown}' in output
    assert code == OK


def test_greeting_with_our_own_name(check, new_host, good, port):
    """Postfix and Sendmail do not deliver to such a host, whatever its certificate says."""
    name = 'onprem.test'
    new_host(FIRST, port, [VERIFIED], {'EHLO': f'250-{name}\r\n250 STARTTLS'}, good)
    code, output = check(port, before=['unshare', '--uts', 'sh', '-c', f'hostname {name}; exec "$@"', 'sh'])
    assert f'WRONG      greeting: mx1.hosted.test calls itself {name}, as this host does: ' in output
    assert code == WRONG


def test_handshake_that_fails(check, new_host, port):
    """Then it tries again without TLS, as a mail server does."""
    new_host(FIRST, port, [VERIFIED], tls='garbage')
    code, output = check(port)
    assert 'warning    STARTTLS: the handshake failed: ' in output
    assert 'is accepted' in output
    assert code == OK


@pytest.mark.parametrize('greeting, timeout, words', [
    (None, SHORT, 'no answer in time'),
    (lambda: drip('220 mx.test ' + 100 * 'x'), SHORT, 'no answer in time'),
    (lambda: endless(b'x' * 1000), LONG, 'the server sends an endless line'),
    (lambda: endless(b'220-x\r\n' * 100), LONG, 'the server sends an endless reply'),
    ('SSH-2.0-OpenSSH_9.2', LONG, 'not an SMTP reply: SSH-2.0-OpenSSH_9.2'),
    ('', LONG, 'not an SMTP reply: '),
    ('220-a\r\n250 b', LONG, 'not an SMTP reply: 250 b'),
    ('999 x', LONG, 'not an SMTP reply: 999 x'),
])
def test_hostile_greetings(check, new_host, port, greeting, timeout, words):
    new_host(FIRST, port, replies={'greeting': greeting() if callable(greeting) else greeting})
    code, output = check(port, timeout=timeout)
    assert f'NO ANSWER  session: ended early: {words}' in output
    assert code == SILENT


def test_slow_at_each_step(check, new_host, port):
    """Each step is in time, but all together take too long."""
    replies = {'greeting': drip('220 x', 0.2), 'EHLO': drip('250 x', 0.2), 'MAIL': drip('250 x', 0.2),
               f'RCPT {VERIFIED}': drip('250 ok', 0.2), 'RCPT': drip('550 x', 0.2)}
    new_host(FIRST, port, replies=replies)
    begin = time.monotonic()
    assert check(port, timeout=SHORT)[0] == OK
    assert time.monotonic() - begin > SHORT


def test_control_characters_are_not_printed(check, new_host, port):
    new_host(FIRST, port, [VERIFIED], {'greeting': '220 \x1b[2J\x00\x9b\r\x07',
                                       'RCPT': '550 \x1b]0;x\x07'})
    code, output = check(port)
    assert r'greeting: \x1B[2J?\x9B' in output
    assert r'550 \x1B]0;x\x07' in output
    assert code == OK


# --- hosts ---

def test_all_addresses_are_tried(check, new_host, good, ca, port):
    new_host(FIRST, port, [VERIFIED], tls=good)
    new_host(SECOND, port, tls=ca.issue('mx2', 'DNS:mx2.hosted.test'))
    code, output = check(port, names=TWO_HOSTS)
    assert f'mx2.hosted.test [{SECOND}]:{port}\n' in output
    assert f'WRONG      recipient: {VERIFIED} is rejected' in output
    assert code == WRONG


def test_host_that_is_away_beside_one_that_is_not(check, new_host, good, port):
    new_host(FIRST, port, [VERIFIED], tls=good)
    code, output = check(port, names=TWO_HOSTS)
    assert (f'warning    connection: mx2.hosted.test: connect to {SECOND} port {port}: '
            'Connection refused\n') in output
    assert code == OK


def test_all_hosts_away(check, port):
    code, output = check(port, names=TWO_HOSTS)
    assert output.count('NO ANSWER  connection: ') == 2
    assert '-> check that the host is up and no firewall blocks this host\n' in output
    assert code == SILENT


def test_packets_dropped(check, port):
    with deaf(port, FIRST):
        code, output = check(port, timeout=SHORT)
    assert f'NO ANSWER  connection: mx1.hosted.test: connect to {FIRST} port {port}: timed out' in output
    assert code == SILENT


@pytest.mark.parametrize('names, manners, code, line', [
    ({}, '', WRONG, f'WRONG      MX: mail for {THEIRS} has no usable host\n'),
    ({THEIRS: [('MX', (0, '.'))]}, '', WRONG, 'has no usable host\n'),
    ({THEIRS: [('A', '127.0.0.1')]}, '', WRONG, f'mail for {THEIRS} is routed to this host\n'),
    (ONE_HOST, 'servfail', SILENT, f'NO ANSWER  MX: no name server knows now where mail for {THEIRS} goes\n'),
    (ONE_HOST, {'mx1.hosted.test': 'servfail'}, SILENT, 'no name server knows now where'),
])
def test_no_host(check, port, names, manners, code, line):
    status, output = check(port, names=names, manners=manners)
    assert line in output
    assert '-> see sdrctl check dns\n' in output
    assert status == code


def test_implicit_mx(check, new_host, port):
    new_host(FIRST, port, [VERIFIED])
    code, output = check(port, names={THEIRS: [('A', FIRST)]})
    assert f'{THEIRS} [{FIRST}]:{port}\n' in output and 'is accepted' in output
    assert code == OK


def test_next_hop(check, new_host, port):
    """The recipient stays; the port is that of the next hop."""
    host = new_host(FIRST, port, ['alice@example.com'])
    code, output = check(25, site={**VERIFY, 'delivery': 'route', 'next-hop': f'{FIRST}:{port}'})
    assert 'recipient: alice@example.com is accepted' in output
    assert THEIRS not in output and len(host.said) > 3
    assert code == OK


# --- which ---

def test_without_verify_address(check, new_host, good, port):
    new_host(FIRST, port, tls=good)
    code, output = check(port, site={})
    assert f"warning    verify-address: none for {THEIRS}: " in output
    assert 'ok         unknown: ' in output
    assert code == OK


def test_each_split_domain_has_its_own(check, new_host, port):
    names = {**ONE_HOST, 'hosted.example.org': [('MX', (10, 'mx1.hosted.test'))]}
    new_host(FIRST, port, [VERIFIED, 'bob@hosted.example.org'])
    code, output = check(port, names=names, **{'domain example.org': {}},
                         site={'verify-address': ['alice@example.com', 'bob@example.org']})
    assert output.count('is accepted') == 2
    assert code == OK


def test_named_sites(check, new_host, port):
    new_host(FIRST, port, [VERIFIED])
    assert check(port, 'HOSTED')[0] == OK
    assert check(port, 'nobody') == (BAD_USE, '')
    code, output = check(port, 'onprem')
    assert code == OK and 'this site: only other sites are checked' in output
