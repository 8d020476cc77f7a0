"""test_check_dns.py - sdrctl check dns: where mail in each domain leads

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import sdrctl
import world
from nameserver import NameServer
from proc import PATIENCE

OK, SILENT, WRONG, BAD_USE = 0, 75, 78, 64
HERE, THERE, THIRD = '127.0.0.1', '203.0.113.1', '203.0.113.2'
SHORT, LONG = 1, 60  # seconds, for name servers that are silent and for those that answer

SPLIT, OURS, THEIRS = 'example.com', 'onprem.example.com', 'hosted.example.com'
MX_HERE = [('MX', (10, 'mx.onprem.test'))]
SPF, DMARC = 'v=spf1 mx -all', 'v=DMARC1; p=none'
SOUND = {
    SPLIT: [('MX', (10, 'mx.onprem.test'), 300), ('TXT', 'site-verification=x'), ('TXT', SPF)],
    f'_dmarc.{SPLIT}': [('TXT', DMARC)],
    OURS: MX_HERE,
    THEIRS: [('MX', (20, 'mx2.hosted.test')), ('MX', (10, 'mx1.hosted.test'))],
    'mx.onprem.test': [('A', HERE)],
    'mx1.hosted.test': [('A', THERE), ('AAAA', '2001:db8::1')],
    'mx2.hosted.test': [('A', THIRD)],
}


@pytest.fixture
def check(scratch, stop_later):
    """check(names, manners, more options, timeout, what the name server has validated, sections of
    sdr.conf): (exit code, output)."""
    def run(names, manners='', options=(), timeout=LONG, secure=(), **sections):
        server = NameServer(names, manners, port=0, secure=secure, tcp=True)
        stop_later(server.stop)
        server.start()
        conf = sdrctl.write_conf(scratch, world.conf(
            directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None},
            **sections))
        done = sdrctl.run(conf, 'check', 'dns', '--resolver', server.at, '--timeout', str(timeout),
                          *options, env={'no_proxy': '*'})  # for curl
        return done.returncode, done.stdout
    return run


def test_sound(check):
    code, output = check(SOUND)
    # The addresses of this host depend on the machine.
    assert output.partition('dns: this host')[0] == f"""\
dns: split domain {SPLIT}
  ok         MX: 10 mx.onprem.test ({HERE}): this host
  ok         TLSA: mx.onprem.test has none: DANE is not used for it
  ok         TTL: the MX records of {SPLIT} are cached for up to 300 s
  ok         MTA-STS: {SPLIT} has no policy
  ok         SPF: {SPF}
  ok         DMARC: {DMARC}
dns: this site, routing domain {OURS}
  ok         MX: 10 mx.onprem.test ({HERE}): this host
  ok         TLSA: mx.onprem.test has none: DANE is not used for it
dns: site hosted, routing domain {THEIRS}
  ok         MX: 10 mx1.hosted.test ({THERE}, 2001:db8::1)
  ok         MX: 20 mx2.hosted.test ({THIRD})
  ok         TLSA: mx1.hosted.test has none: DANE is not used for it
  ok         TLSA: mx2.hosted.test has none: DANE is not used for it
"""
    assert code == OK


def leading_to(*hosts, **more):
    """SOUND with these MX records for the routing domain of the other site, and more names."""
    return {**SOUND, THEIRS: [('MX', host) for host in hosts], **more}


@pytest.mark.parametrize('names, code, lines', [
    pytest.param({name: SOUND[name] for name in SOUND if name != THEIRS}, WRONG, [
        f'WRONG      MX: no such domain: {THEIRS}\n',
        '-> publish an MX record that points to the site\n'], id='no domain'),
    pytest.param({**SOUND, THEIRS: []}, WRONG, [
        f'WRONG      MX: {THEIRS} has neither an MX record nor an address\n'], id='no record'),
    pytest.param({**SOUND, THEIRS: [('A', THERE)]}, OK, [
        f"ok         MX: none: the domain's own address is used ({THERE})\n"], id='implicit'),
    pytest.param({**SOUND, THEIRS: [('AAAA', '2001:db8::1')]}, OK, [
        "ok         MX: none: the domain's own address is used (2001:db8::1)\n"],
        id='implicit, IP version 6'),
    pytest.param({**SOUND, THEIRS: [('A', HERE)]}, WRONG, [
        f'WRONG      loop: {THEIRS} points to this host: mail for the site loops back\n'],
        id='implicit, here'),
    pytest.param(leading_to((0, '.')), WRONG, [
        'WRONG      MX: the domain accepts no mail (null MX)\n'], id='null MX'),
    pytest.param(leading_to((0, '.'), (10, 'mx1.hosted.test')), OK, [
        'ok         MX: 10 mx1.hosted.test',
        'warning    MX: a null MX among other MX records (RFC 7505, 3)\n'], id='null MX among others'),
    pytest.param({**SOUND, THEIRS: [('CNAME', 'elsewhere.test')],
                  'elsewhere.test': [('MX', (10, 'mx1.hosted.test'))]}, OK, [
        'ok         MX: 10 mx1.hosted.test',
        f'warning    CNAME: {THEIRS} is an alias of elsewhere.test\n',
        '-> give it MX records of its own: '], id='alias'),
    pytest.param({**SOUND, THEIRS: [('CNAME', THEIRS)]}, WRONG, [
        'WRONG      MX: '], id='alias of itself'),
    pytest.param(leading_to((10, 'www.hosted.test'),
                            **{'www.hosted.test': [('CNAME', 'mx1.hosted.test')]}), OK, [
        'warning    MX: www.hosted.test is an alias (CNAME) of mx1.hosted.test (RFC 5321, 5.1)\n'],
        id='MX names an alias'),
    pytest.param(leading_to((10, 'gone.test'), (20, 'mx2.hosted.test')), OK, [
        'warning    MX: 10 gone.test: the host does not exist\n',
        'ok         MX: 20 mx2.hosted.test'], id='one host of two does not exist'),
    pytest.param(leading_to((10, 'gone.test'), (20, 'bare.test'), **{'bare.test': []}), WRONG, [
        'WRONG      MX: 10 gone.test: the host does not exist\n',
        'WRONG      MX: 20 bare.test: the host has no address\n',
        '-> give the host an address, or name another\n'], id='no host with an address'),
    pytest.param(leading_to((10, '203.0.113.1')), WRONG, [
        '-> an MX record must name a host, not an address\n'], id='MX names an address'),
    pytest.param(leading_to((10, 'mx.onprem.test'), (20, 'mx1.hosted.test')), WRONG, [
        'loops back\n'], id='this host first'),
    pytest.param(leading_to((10, 'mx.onprem.test'), (10, 'mx1.hosted.test')), WRONG, [
        'loops back\n'], id='this host among the best'),
    pytest.param(leading_to((20, 'mx.onprem.test'), (10, 'mx1.hosted.test')), OK, [
        'ok         loop: this host is a backup: only the 1 hosts preferred to it are used\n'],
        id='this host as a backup'),
    pytest.param({**SOUND, SPLIT: SOUND[THEIRS]}, OK, [
        'warning    MX: mail from outside arrives at the site hosted first\n'],
        id='the split domain at the other site'),
    pytest.param({**SOUND, SPLIT: [('MX', (10, 'filter.test'))], 'filter.test': [('A', '203.0.113.9')]},
                 OK, ['warning    MX: mail from outside does not arrive at this host first\n'],
                 id='the split domain elsewhere'),
    pytest.param({**SOUND, SPLIT: [('MX', (0, '.'))]}, OK, [
        'warning    MX: the domain accepts no mail (null MX)\n'],
        id='the split domain takes no mail'),
    pytest.param({**SOUND, OURS: SOUND[THEIRS]}, WRONG, [
        'WRONG      loop: the routing domain of this site points to the site hosted: '],
        id='our routing domain at the other site'),
    pytest.param({**SOUND, OURS: [('MX', (10, 'filter.test'))], 'filter.test': [('A', '203.0.113.9')]},
                 OK, [f'warning    MX: {OURS} does not point to this host\n'],
                 id='our routing domain elsewhere'),
    pytest.param(leading_to((10, 'a\x1b[2Jb.test')), WRONG, [
        r'MX: 10 a\027[2Jb.test: the host does not exist'], id='a name that is none'),
])
def test_records(check, names, code, lines):
    status, output = check(names)
    for line in lines:
        assert line in output, output
    assert status == code, output
    assert output.isprintable() or all(c.isprintable() or c == '\n' for c in output)


@pytest.mark.parametrize('manners, words', [
    ('silent', 'no name server answered in time'),
    # c-ares 1.34 gives up, while 1.18 waits for another answer.
    ('garbage', '(no name server answered in time|Misformatted DNS reply)'),
    ('servfail', r'the name server failed \(SERVFAIL\)'),
    ('refused', r'the name server refuses to answer \(REFUSED\)'),
])
def test_no_answer_is_not_wrong(check, manners, words):
    begin = time.monotonic()
    code, output = check(SOUND, {THEIRS: manners}, timeout=SHORT)
    assert re.search(f'NO ANSWER  MX: {words}', output), output
    assert code == SILENT
    assert time.monotonic() - begin < PATIENCE


@pytest.mark.parametrize('manners, code, line', [
    ({'mx2.hosted.test': 'servfail'}, OK, 'warning    MX: 20 mx2.hosted.test: the name server failed'),
    ({'mx1.hosted.test': 'servfail', 'mx2.hosted.test': 'servfail'}, SILENT,
     'NO ANSWER  MX: 10 mx1.hosted.test: the name server failed'),
    ({'AAAA': 'servfail'}, OK, f'ok         MX: 10 mx1.hosted.test ({THERE})\n'),
    ({'A': 'servfail'}, SILENT, 'ok         MX: 10 mx1.hosted.test (2001:db8::1)\n'),
])
def test_hosts_without_answer(check, manners, code, line):
    status, output = check(SOUND, manners)
    assert line in output
    assert status == code, output


def test_address_that_no_interface_has(check):
    """For example behind a NAT."""
    assert check({**SOUND, THEIRS: [('A', THERE)]})[0] == OK
    assert check({**SOUND, THEIRS: [('A', THERE)]}, options=['--here', THERE])[0] == WRONG
    assert check(SOUND, options=['--here', 'mx'])[0] == BAD_USE


@pytest.mark.parametrize('options', [
    ['--resolver', 'ns.example.com'], ['--resolver', ''], ['--here', '127.0.0.1:25'],
    ['--port', '0'], ['--port', '65536'], ['--port', 'smtp'], ['--timeout', '0'],
    ['--timeout', '301'], ['--bogus'], ['hosted'],
], ids=' '.join)
def test_bad_use(check, options):
    assert check(SOUND, options=options) == (BAD_USE, '')


@pytest.mark.parametrize('next_hop, names, code, line', [
    ('mx1.hosted.test:2525', SOUND, OK, 'ok         MX: none: '),
    ('[mx1.hosted.test]:2525', SOUND, OK, 'ok         MX: none: '),
    ('203.0.113.7', SOUND, OK, 'ok         MX: none: '),
    ('gone.test:25', SOUND, WRONG, 'WRONG      MX: no such domain: gone.test\n'),
    ('mx.onprem.test:25', SOUND, WRONG, 'loops back\n'),
    ('mx1.hosted.test:smtp', SOUND, WRONG, 'WRONG      next-hop: mx1.hosted.test:smtp is not a host'),
])
def test_next_hop(check, next_hop, names, code, line):
    status, output = check(names, site_hosted={'delivery': 'route', 'next-hop': next_hop})
    assert line in output
    assert THEIRS not in output
    assert status == code, output


def test_other_domains(check):
    """An alias of the split domain gets mail from outside; an accept-domain gets routed mail."""
    code, output = check({**SOUND, 'tenant.test': SOUND[THEIRS], 'example.net': MX_HERE},
                         site_hosted={'accept-domain': 'tenant.test'},
                         **{'domain example.net': {'alias-of': 'example.com'}})
    assert 'dns: split domain example.net\n' in output
    assert 'dns: site hosted, accept-domain tenant.test\n' in output
    assert 'hosted.example.net' not in output
    assert code == OK


# --- what other mail systems read of the domain ---

def with_texts(name, *texts):
    """SOUND with these TXT records of this name."""
    return {**SOUND, name: [row for row in SOUND.get(name, []) if row[0] != 'TXT']
            + [('TXT', text) for text in texts]}


@pytest.mark.parametrize('names, lines', [
    pytest.param({**SOUND, SPLIT: [('MX', (10, 'mx.onprem.test'), 3601)]}, [
        f'warning    TTL: the MX records of {SPLIT} are cached for up to 3601 s: after a switch, mail ',
        '-> before you switch the MX, lower the TTL'], id='TTL'),
    pytest.param(with_texts(SPLIT, 'other'), [f'warning    SPF: {SPLIT} has no SPF record: '], id='no SPF'),
    pytest.param(with_texts(SPLIT, SPF, 'V=SPF1 ~all'), [
        f'warning    SPF: {SPLIT} has 2 SPF records: ', '-> make one record of them'], id='two of SPF'),
    pytest.param(with_texts(SPLIT, 'v=spf1,mx'), [
        f'warning    SPF: the record of {SPLIT} is ignored: v=spf1,mx\n'], id='SPF misspelt'),
    pytest.param(with_texts(SPLIT, 'v=spf1'), ['ok         SPF: v=spf1\n'], id='SPF empty'),
    pytest.param(with_texts(SPLIT, 'v=spf1 ' + 30 * 'ip4:203.0.113.1 ' + '-all'), [
        '203.0.113.1 -all\n'], id='SPF of several strings'),
    pytest.param(with_texts(f'_dmarc.{SPLIT}'), [
        f'warning    DMARC: _dmarc.{SPLIT} has no DMARC record: '], id='no DMARC'),
    pytest.param(with_texts(f'_dmarc.{SPLIT}', DMARC, DMARC), [
        f'warning    DMARC: _dmarc.{SPLIT} has 2 DMARC records: '], id='two of DMARC'),
    pytest.param(with_texts(f'_dmarc.{SPLIT}', 'v=DMARC1; pct=50; sp=none; p=quarantined'), [
        f'warning    DMARC: the record of _dmarc.{SPLIT} has no policy'], id='DMARC without a policy'),
    pytest.param(with_texts(f'_dmarc.{SPLIT}', 'v=DMARC1; pct=50 ;P = Reject;'), [
        'ok         DMARC: v=DMARC1; '], id='DMARC spelt otherwise'),
    pytest.param(with_texts(f'_mta-sts.{SPLIT}', 'v=STSv1; id=1', 'v=STSv1; id=2'), [
        f'warning    MTA-STS: _mta-sts.{SPLIT} has 2 TXT records of MTA-STS: '], id='two of MTA-STS'),
])
def test_what_the_domain_publishes(check, names, lines):
    code, output = check(names)
    for line in lines:
        assert line in output, output
    assert code == OK


@pytest.mark.parametrize('name, code, line', [
    (f'_dmarc.{SPLIT}', OK, f'warning    DMARC: _dmarc.{SPLIT}: the name server failed'),
    (f'_mta-sts.{SPLIT}', SILENT, f'NO ANSWER  MTA-STS: _mta-sts.{SPLIT}: the name server failed'),
])
def test_no_answer_is_as_bad_as_the_worst_one(check, name, code, line):
    status, output = check(SOUND, {name: 'servfail'})
    assert line in output, output
    assert status == code


TLSA = [('TLSA', '030101' + 32 * 'ab')]


@pytest.mark.parametrize('secure, manners, line', [
    ((THEIRS, '_25._tcp.mx1.hosted.test'), '',
     'ok         TLSA: mx1.hosted.test has TLSA records, and the name server says that DNSSEC proves them\n'),
    ((THEIRS,), '', 'warning    TLSA: mx1.hosted.test has TLSA records, but the name server does not say that '
     'DNSSEC proves them: '),
    (('_25._tcp.mx1.hosted.test',), '', 'does not say that DNSSEC proves the MX records: '),
    ((), {'_25._tcp.mx1.hosted.test': 'servfail'},
     'warning    TLSA: no answer for _25._tcp.mx1.hosted.test: the name server failed'),
])
def test_tlsa(check, secure, manners, line):
    code, output = check({**SOUND, '_25._tcp.mx1.hosted.test': TLSA}, manners, secure=secure)
    assert line in output, output
    assert 'ok         TLSA: mx2.hosted.test has none' in output
    assert code == OK


US, US_NAME = '198.51.100.7', '7.100.51.198.in-addr.arpa'
V6, V6_NAME = '2001:db8::7', '7.' + 23 * '0.' + '8.b.d.0.1.0.0.2.ip6.arpa'


@pytest.mark.parametrize('address, names, manners, code, line', [
    (US, {US_NAME: [('PTR', 'mail.onprem.test')], 'mail.onprem.test': [('A', US)]}, '', OK,
     f'ok         PTR: {US} is mail.onprem.test\n'),
    (V6, {V6_NAME: [('PTR', 'mail.onprem.test')], 'mail.onprem.test': [('AAAA', V6)]}, '', OK,
     f'ok         PTR: {V6} is mail.onprem.test\n'),
    (US, {US_NAME: [('CNAME', '7.0-25.test')], '7.0-25.test': [('PTR', 'mail.onprem.test')],
          'mail.onprem.test': [('A', US)]}, '', OK, f'ok         PTR: {US} is mail.onprem.test\n'),
    (US, {}, '', OK, f'warning    PTR: {US} has no name (PTR): '),
    (US, {US_NAME: [('PTR', 'mx.onprem.test')]}, '', OK,
     f'warning    PTR: {US} has the name mx.onprem.test, which does not have that address: '),
    (US, {}, {US_NAME: 'servfail'}, OK, f'warning    PTR: {US}: the name server failed'),
])
def test_name_of_this_host(check, address, names, manners, code, line):
    status, output = check({**SOUND, **names}, manners, options=['--here', address])
    assert line in output, output
    assert status == code


# --- the policy, from a web server ---

POLICY = """\
version: STSv1
mode: {}
mx: {}
mx: *.hosted.test
max_age: 604800
"""


@pytest.fixture
def publish(ca, stop_later):
    """publish(policy, san of the certificate): more names for SOUND."""
    def start(policy, san=f'DNS:mta-sts.{SPLIT}'):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                text = (policy or '').encode()
                self.send_response(200 if policy and self.path == '/.well-known/mta-sts.txt' else 404)
                # Without it, only the end of the connection ends the answer, and OpenSSL wants its close_notify.
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        # curl needs port 443: no other test uses this address.
        address = '.'.join(['127', *(str(random.randint(1, 254)) for _ in range(3))])
        server = HTTPServer((address, 443), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = ca.issue('mta-sts', san)
        context.load_cert_chain(certificate.cert, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stop_later(server.server_close)
        stop_later(server.shutdown)
        return {f'_mta-sts.{SPLIT}': [('TXT', 'v=STSv1; id=20261130')], f'mta-sts.{SPLIT}': [('A', address)]}
    return start


@pytest.mark.parametrize('policy, san, code, line', [
    (POLICY.format('enforce', 'MX.onprem.test').replace('\n', '\r\n'), SPLIT, OK,
     f'ok         MTA-STS: the policy of {SPLIT} names all its MX hosts (mode enforce)\n'),
    (POLICY.format('enforce', '*.test'), SPLIT, WRONG,
     f'WRONG      MTA-STS: the policy of {SPLIT} does not name the MX host mx.onprem.test: '),
    (POLICY.format('testing', 'onprem.test'), SPLIT, OK,
     f'warning    MTA-STS: the policy of {SPLIT} does not name the MX host mx.onprem.test: '),
    (POLICY.format('none', 'x.test'), SPLIT, OK, 'is switched off (mode none)'),
    (POLICY.format('enforced', 'x.test'), SPLIT, OK, f'the policy of {SPLIT} is ignored: it has no line "mode: '),
    ('<html>', SPLIT, OK, f'the policy of {SPLIT} is ignored: it has no line "version: STSv1"\n'),
    (POLICY.format('enforce', 'x.test'), 'other.test', OK,
     f'warning    MTA-STS: {SPLIT} announces a policy that cannot be read, '),
    (None, SPLIT, OK, f'warning    MTA-STS: {SPLIT} announces a policy that cannot be read, '),
])
def test_mta_sts(check, publish, ca, policy, san, code, line):
    names = {**SOUND, **publish(policy, f'DNS:mta-sts.{san}')}
    status, output = check(names, options=['--tls-ca-file', str(ca.cert)])
    assert line in output, output
    assert status == code
    assert 'switch the MX' not in output.replace('before you switch the MX, lower', '')


def test_mta_sts_before_a_switch(check, publish, ca):
    """The policy lacks the hosts of the other site: they must be added before the switch, but are no error
    now."""
    policy = POLICY.format('enforce', 'mx.onprem.test').replace('*.', 'mx1.')
    code, output = check({**SOUND, **publish(policy)}, options=['--tls-ca-file', str(ca.cert)])
    assert f'ok         MTA-STS: before you switch the MX of {SPLIT} to the site hosted, add "mx: ' \
           'mx2.hosted.test" to the policy, and wait 604800 s (max_age)\n' in output, output
    assert 'mx: mx1.hosted.test' not in output
    assert code == OK
