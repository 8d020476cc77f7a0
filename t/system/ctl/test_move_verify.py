"""test_move_verify.py - sdrctl move --verify: the new site is asked before anything is changed

SPDX-License-Identifier: BSD-2-Clause
"""
from functools import partial

import pytest

import world
from mailhost import drip, endless
from nameserver import NameServer
from office import Office
from proc import free_port
from sockets import deaf
from tap import Tap

FIRST, SECOND, HERE = '127.0.0.2', '127.0.0.3', '127.0.0.1'
SHORT, LONG = 3, 60  # seconds, for hosts that are silent and for those that answer
OK, MISTAKE, NOT_NOW, BAD_USE = 0, 65, 75, 64

THEIRS = 'hosted.example.com'
DAVE, PLAIN = 'dave@example.com', 'plain@example.com'
MAILBOXES = [f'dave@{THEIRS}', f'plain@{THEIRS}']
ONE_HOST = {THEIRS: [('MX', (10, 'mx1.hosted.test'))], 'mx1.hosted.test': [('A', FIRST)]}
TWO_HOSTS = {THEIRS: [('MX', (10, 'mx1.hosted.test')), ('MX', (20, 'mx2.hosted.test'))],
             'mx1.hosted.test': [('A', FIRST)], 'mx2.hosted.test': [('A', SECOND)]}
MANY = [f'u{n}' for n in range(40)]


@pytest.fixture
def port():
    return free_port(FIRST)


@pytest.fixture
def office(scratch):
    return partial(Office, scratch)


@pytest.fixture
def there(office, slapd):
    return office(slapd)


@pytest.fixture
def verify(stop_later, port):
    """verify(office, who..., code=, names=): what `move --to hosted --verify` says."""
    def run(there, *who, code=OK, names=ONE_HOST, port=port, manners='', timeout=LONG):
        server = NameServer(names, manners, port=0)
        stop_later(server.stop)
        server.start()
        return there.run('move', '--to', 'hosted', '--verify', '--resolver', server.at, '--port',
                         str(port), '--timeout', str(timeout), *who, code=code)
    return run


def people(names):
    return ''.join(map(world.person, names)), [f'{name}@example.com' for name in names]


def verbs(host):
    return [line.split()[0] for line in host.said]


# --- what the site says ---

def test_taken(there, verify, new_host, port):
    """One session for all, which sends nothing after the recipients."""
    host = new_host(FIRST, port, MAILBOXES)
    assert '2 moved' in verify(there, DAVE, PLAIN)
    assert there.verdicts(DAVE, PLAIN) == ['redirect', 'redirect']
    assert verbs(host) == ['EHLO', 'MAIL', 'RCPT', 'RCPT', 'RCPT', 'RSET', 'QUIT']
    assert host.said[1] == 'MAIL FROM:<>'
    assert host.said[2:4] == [f'RCPT TO:<{m}>' for m in MAILBOXES]


def test_encrypted(there, verify, new_host, port, ca):
    host = new_host(FIRST, port, MAILBOXES, tls=ca.issue('mx1', 'DNS:mx1.hosted.test'))
    assert '1 moved' in verify(there, DAVE)
    assert verbs(host)[:3] == ['EHLO', 'STARTTLS', 'EHLO']


def test_handshake_that_fails(there, verify, new_host, port):
    new_host(FIRST, port, MAILBOXES, tls='garbage')
    assert '1 moved' in verify(there, DAVE)


def test_refused(there, verify, new_host, port, scratch):
    """A rejection is an error like any other: all are reported with their line, and nothing is changed."""
    new_host(FIRST, port, [f'dave@{THEIRS}'])
    before = there.state()
    batch = scratch / 'batch'
    batch.write_text(f'{DAVE}\n\n{PLAIN}\nnobody@example.com\nalice@example.com\n')
    reported = verify(there, '--file', str(batch), code=MISTAKE)
    assert (f'{batch}:3: {PLAIN}: site hosted rejects plain@{THEIRS}: 550 5.1.1 Unknown\n'
            in reported)
    assert f'{batch}:4: nobody@example.com: no entry with this address\n' in reported
    assert f'{batch}:5: alice@example.com: already at hosted\n' in reported
    assert '3 errors; nothing was changed' in reported
    assert there.state() == before and not list(there.journals.iterdir())


def test_dry_run_asks_as_well(there, verify, new_host, port):
    new_host(FIRST, port, [f'dave@{THEIRS}'])
    assert 'site hosted rejects' in verify(there, '--dry-run', DAVE, PLAIN, code=MISTAKE)
    assert 'add: sdrOwner' in verify(there, '--dry-run', DAVE)
    assert there.verdicts(DAVE) == ['pass']


@pytest.mark.parametrize('replies, words', [
    ({'RCPT': '450 4.7.1 Greylisted'}, f'{DAVE}: site hosted temporarily refuses dave@{THEIRS}: 450 4.7.1'),
    ({'RCPT': '421 4.7.0 Go away'}, f'mx1.hosted.test: dave@{THEIRS}: 421 4.7.0 Go away'),
    ({'MAIL': '550 5.7.1 No bounces'}, 'mx1.hosted.test: MAIL FROM:<>: 550 5.7.1 No bounces'),
    ({'MAIL': '452 4.3.1 Full'}, 'MAIL FROM:<>: 452 4.3.1 Full'),
    ({'greeting': '554 5.7.1 Blocked'}, 'the site refuses this host: 554 5.7.1 Blocked'),
    ({'greeting': '421 4.3.2 Too busy'}, 'the site refuses this host: 421 4.3.2 Too busy'),
    ({'greeting': None}, 'no answer in time'),
    ({'greeting': drip('220 mx.test ' + 100 * 'x')}, 'no answer in time'),
    ({'greeting': endless(b'220-x\r\n' * 100)}, 'an endless reply'),
    ({'RCPT': endless(b'250-x\r\n' * 100)}, 'an endless reply'),
    ({'RCPT': endless(b'x' * 1000)}, 'an endless line'),
    ({'RCPT': None}, 'no answer in time'),
    ({'RCPT': '250 \x1b[2J'}, None),
    ({'RCPT': '999 x'}, 'not an SMTP reply'),
])
def test_replies(there, verify, new_host, port, replies, words):
    """People who are neither accepted nor rejected are not moved now."""
    new_host(FIRST, port, replies=replies)
    reported = verify(there, DAVE, code=NOT_NOW if words else OK,
                  timeout=SHORT if words == 'no answer in time' else LONG)
    assert words is None or words in reported and 'nothing was changed' in reported, reported
    assert '\x1b' not in reported
    assert there.verdicts(DAVE) == (['pass'] if words else ['redirect'])


def test_catch_all(there, verify, new_host, port):
    new_host(FIRST, port, replies={'RCPT': '250 2.1.5 Ok'})
    reported = verify(there, DAVE)
    assert f'sdrctl move: warning: site hosted accepts any recipient in {THEIRS}' in reported and '1 moved' in reported


# --- many people ---

@pytest.fixture
def crowd(new_slapd, office):
    """An office, and the addresses of many people."""
    ldif, addresses = people(MANY)
    return office(new_slapd(ldif)), addresses


def counting(*, good, bad, at):
    """A reply that is bad at every Nth call."""
    calls = []

    def reply():
        calls.append(None)
        return bad if len(calls) % at == 0 else good
    return reply


@pytest.mark.parametrize('full', ['452 4.5.3 Too many recipients', '552 5.5.3 Too many recipients'])
def test_too_many_recipients(crowd, verify, new_host, port, full):
    """The site accepts ten recipients per message; the session continues with another message."""
    there, addresses = crowd
    host = new_host(FIRST, port, replies={
        'RCPT': counting(good='250 2.1.5 Ok', bad=full, at=11)})
    assert f'{len(MANY)} moved' in verify(there, *addresses)
    assert verbs(host).count('EHLO') == 1 and verbs(host).count('MAIL') > len(MANY) / 10


def test_hangs_up_again_and_again(crowd, verify, new_host, port):
    """As Postfix does after too many errors; sdrctl opens another session."""
    there, addresses = crowd
    host = new_host(FIRST, port, replies={
        'RCPT': counting(good='550 5.1.1 Unknown', bad='421 4.7.0 Too many errors', at=10)})
    reported = verify(there, *addresses, code=MISTAKE)
    assert f'{len(MANY)} errors' in reported
    assert verbs(host).count('EHLO') == 5


def test_slow(crowd, verify, new_host, port):
    """It takes so long that sdrctl gives up."""
    there, addresses = crowd
    new_host(FIRST, port, replies={'greeting': None, 'RCPT': '250 2.1.5 Ok'})
    assert 'no answer in time' in verify(there, *addresses, code=NOT_NOW, timeout=SHORT)


# --- which hosts are asked, and about which recipients ---

def test_next_host(there, verify, new_host, port):
    new_host(SECOND, port, MAILBOXES)
    assert '1 moved' in verify(there, DAVE, names=TWO_HOSTS)


def test_next_host_when_the_first_hangs_up(there, verify, new_host, port):
    new_host(FIRST, port, replies={'MAIL': '421 4.3.2 Shutting down'})
    new_host(SECOND, port, MAILBOXES)
    assert '1 moved' in verify(there, DAVE, names=TWO_HOSTS)


@pytest.mark.parametrize('names, manners, words', [
    ({}, '', f'mail for {THEIRS} has no usable host'),
    ({THEIRS: [('MX', (0, '.'))]}, '', 'has no usable host'),
    ({THEIRS: [('A', HERE)]}, '', f'mail for {THEIRS} is routed to this host'),
    (ONE_HOST, 'servfail', 'has no usable host'),
    (ONE_HOST, '', 'Connection refused'),
])
def test_nobody_to_ask(there, verify, names, manners, words):
    reported = verify(there, DAVE, names=names, manners=manners, code=NOT_NOW)
    assert words in reported and 'nothing was changed' in reported


def test_packets_dropped(there, verify, port):
    with deaf(port, FIRST):
        assert 'timed out' in verify(there, DAVE, code=NOT_NOW, timeout=SHORT)


def test_next_hop(office, slapd, verify, new_host, port):
    """The recipient stays; the port is that of the next hop."""
    there = office(slapd, site_hosted={'delivery': 'route', 'next-hop': f'{FIRST}:{port}'})
    host = new_host(FIRST, port, [DAVE])
    assert '1 moved' in verify(there, DAVE, port=1)
    assert f'RCPT TO:<{DAVE}>' in host.said


def test_routing_address_in_the_new_site(new_slapd, office, verify, new_host, port):
    """The site is asked for the address that his mail will be sent to."""
    server = new_slapd(world.person('dave', sdrOwner='onprem',
                                    sdrRoutingAddress=f'd.smith@{THEIRS}'))
    host = new_host(FIRST, port, [f'd.smith@{THEIRS}'])
    verify(office(server), DAVE)
    assert f'RCPT TO:<d.smith@{THEIRS}>' in host.said


def test_each_domain_has_its_own_hosts(new_slapd, office, verify, new_host, port):
    server = new_slapd(world.person('dave') + world.person('eve', mail='eve@example.org'))
    there = office(server, **{'domain example.org': {}})
    first = new_host(FIRST, port, MAILBOXES)
    second = new_host(SECOND, port, ['eve@hosted.example.org'])
    verify(there, DAVE, 'eve@example.org', names={
        **ONE_HOST, 'hosted.example.org': [('A', SECOND)]})
    assert verbs(first).count('RCPT') == verbs(second).count('RCPT') == 2


@pytest.mark.parametrize('offered', [False, True])
def test_addresses_that_are_not_ascii(new_slapd, office, verify, new_host, port, offered):
    server = new_slapd(world.person('dave', sdrAddress='dävid@example.com') + world.person('plain'))
    there = office(server)
    theirs = f'dävid@{THEIRS}'.encode().decode('latin-1')
    host = new_host(FIRST, port, [theirs, f'plain@{THEIRS}'], replies={
        'EHLO': '250-mx.test\r\n250 SMTPUTF8'} if offered else None)
    reported = verify(there, 'dävid@example.com', PLAIN, code=OK if offered else MISTAKE)
    assert ('MAIL FROM:<> SMTPUTF8' in host.said) == offered
    assert offered or 'non-ASCII addresses are not supported' in reported


def test_quoted_local_part(new_slapd, office, verify, new_host, port):
    server = new_slapd(world.person('dave', sdrAddress='"d smith"@example.com'))
    host = new_host(FIRST, port, [f'"d smith"@{THEIRS}'])
    verify(office(server), '"d smith"@example.com')
    assert f'RCPT TO:<"d smith"@{THEIRS}>' in host.said


# --- bad use ---

@pytest.mark.parametrize('arguments, words', [
    (['hold', '--verify', DAVE], '--verify is only for move'),
    (['move', '--to', 'onprem', '--verify', DAVE], 'this site cannot verify'),
    (['move', '--to', 'hosted', '--verify', '--port', 'x', DAVE], '--port: "x" is not a number'),
    (['move', '--to', 'hosted', '--verify', '--resolver', 'x', DAVE], '--resolver: "x" is not'),
])
def test_misuse(there, arguments, words):
    assert words in there.run(*arguments, code=BAD_USE)


# --- real mail servers ---

ONLY_DAVE = """\
nobody:
  driver = redirect
  condition = ${if !eqi{$local_part}{dave}}
  data = :fail: unknown
  allow_fail
"""


@pytest.fixture
def site_postfix(new_postfix):
    """A Postfix that closes the connection after an error."""
    return new_postfix(main={
        'relay_domains': 'example.com', 'smtpd_hard_error_limit': '1',
        'relay_recipient_maps': f'inline:{{ {{ {DAVE} = x }} }}'})


@pytest.fixture
def site_exim(new_exim):
    return new_exim(None, routers=ONLY_DAVE).start()


@pytest.mark.parametrize('kind', ['postfix', 'exim'])
def test_real_site(request, office, slapd, stop_later, kind):
    site = request.getfixturevalue(f'site_{kind}')
    relay = Tap(FIRST, site.port, to=HERE)  # or the site were this host
    stop_later(relay.stop)
    there = office(slapd, site_hosted={'delivery': 'route', 'next-hop': f'{FIRST}:{relay.port}'})
    others = [f'{name}@example.com' for name in ('plain', 'both')]
    reported = there.run('move', '--to', 'hosted', '--verify', DAVE, *others, code=MISTAKE)
    assert reported.count('site hosted rejects') == reported.count(': 550 ') == 2, reported
    assert '1 moved' in there.run('move', '--to', 'hosted', '--verify', DAVE)
    assert site.queue() == []
