"""test_certificate.py - a rejected certificate: the error gives the reason

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import subprocess
from contextlib import ExitStack

import pytest

import paths
import world
from ask import ask, timed_rcpt
from badserver import BadServer
from ldapwire import EXTENDED, UNBIND, parse_tag
from daemon import environment
from slapd import Slapd, uses_openssl
from tls import CA, DAY, NOW, with_chain

ALICE, ALICE_HOSTED = 'alice@example.com', 'alice@hosted.example.com'
AWAY = '451 4.4.3'
YEAR = 365 * DAY
RSA_1024, RSA_2048, ED25519 = ['rsa:1024'], ['rsa:2048'], ['ed25519']


def said(when):
    return when.strftime('%Y-%m-%d %H:%M:%S UTC')


class Authorities:
    """A trusted CA, one below it, and an untrusted one."""

    def __init__(self, folder):
        self.ours = CA(folder / 'ours', 'Ours')
        self.below = CA(folder / 'below', 'Below Ours', issuer=self.ours)
        self.other = CA(folder / 'other', 'Other CA')
        self.nothing = folder / 'nothing.pem'
        self.nothing.write_text('# no certificate\n')


@pytest.fixture(scope='module')
def authorities():
    with paths.scratch() as folder:
        yield Authorities(folder)


@pytest.fixture(scope='module')
def slapd():
    """The server behind the TLS servers of this file."""
    with paths.scratch() as folder, ExitStack() as stack:
        server = Slapd(folder / 'slapd', world.PEOPLE)
        stack.callback(server.stop)
        yield server.start()


# the server's certificate, made by a function of the Authorities; the error
REFUSED = {
    'another name': (
        lambda by: by.ours.issue('n1', 'DNS:other.example.com'),
        'is for "other.example.com", not for "127.0.0.1" .issued by "CN=Ours".'),
    'several other names': (
        lambda by: by.ours.issue('n2', 'DNS:a.test,DNS:b.test,IP:127.0.0.2,IP:::1'),
        'is for "a.test", "b.test", 127.0.0.2, ::1, not for "127.0.0.1" '),
    'this address as a name': (
        lambda by: by.ours.issue('n3', 'DNS:127.0.0.1'),
        'is for "127.0.0.1", not for "127.0.0.1" '),
    'this address as the common name, beside another name': (
        lambda by: by.ours.issue('127.0.0.1', 'DNS:a.test'), 'is for "a.test", not for "127.0.0.1" '),
    'no name at all': (
        lambda by: by.ours.issue('n4', None), 'is for "n4", not for "127.0.0.1" '),
    'wildcard': (
        lambda by: by.ours.issue('n5', 'DNS:*.example.com,DNS:*'),
        r'is for "\*.example.com", "\*", not for "127.0.0.1" '),
    'expired': (
        lambda by: by.ours.issue('d1', start=NOW - YEAR, end=NOW - DAY),
        f'expired on {said(NOW - DAY)}'),
    'not yet valid': (
        lambda by: by.ours.issue('d2', start=NOW + DAY, end=NOW + YEAR),
        f'is not valid before {said(NOW + DAY)}'),
    'expired, another name': (
        lambda by: by.ours.issue('d3', 'DNS:a.test', start=NOW - YEAR, end=NOW - DAY),
        f'is for "a.test", not for "127.0.0.1", and expired on {said(NOW - DAY)}'),
    'another issuer': (
        lambda by: by.other.issue('i1'),
        'was issued by "CN=Other CA", which tls-ca-file {ca} does not trust'),
    'another issuer and name': (
        lambda by: by.other.issue('i2', 'DNS:a.test'), 'is for "a.test", .*"CN=Other CA"'),
    'self-signed': (
        lambda by: by.ours.self_signed('s1'),
        'was issued by "CN=s1", which tls-ca-file {ca} does not trust'),
    'no intermediate': (
        lambda by: by.below.issue('c1'),
        'was issued by "CN=Below Ours", which tls-ca-file {ca} does not trust'),
    'for clients': (
        lambda by: by.ours.issue('u1', usage='clientAuth'), 'is not for servers .issued by "CN=Ours".'),
    'for programs': (lambda by: by.ours.issue('u2', usage='codeSigning'), 'is not for servers '),
    'for smart cards': (lambda by: by.ours.issue('u3', usage='1.3.6.1.4.1.311.20.2.2,OCSPSigning'),
                        'is not for servers '),
    'for clients, with another name': (lambda by: by.ours.issue('u4', 'DNS:a.test', usage='clientAuth'),
                                       'is for "a.test", not for "127.0.0.1", and is not for servers '),
    'short key': (
        lambda by: by.ours.issue('k1', kind=RSA_1024), 'has a key of 1024 bits .RSA., which is too weak '),
    'short key, expired': (
        lambda by: by.ours.issue('k2', kind=RSA_1024, start=NOW - YEAR, end=NOW - DAY),
        f'expired on {said(NOW - DAY)}, and has a key of 1024 bits .RSA., which is too weak '),
    'old signature': (
        lambda by: by.ours.issue('k3', digest='sha1'), 'is signed by ECDSA-SHA1, which is too weak '),
}
ACCEPTED = {
    'for servers and clients': lambda by: by.ours.issue('a4', usage='serverAuth,clientAuth'),
    'RSA': lambda by: by.ours.issue('a6', kind=RSA_2048),
    'Ed25519': lambda by: by.ours.issue('a7', kind=ED25519, usage='serverAuth'),
    # as libldap does; RFC 6125 allows it for domain names only
    'its address as the common name, and no other name': lambda by: by.ours.issue('127.0.0.1', None),
    'its address': lambda by: by.ours.issue('a1'),
    'its address among others': lambda by: by.ours.issue('a2', 'DNS:a.test,IP:127.0.0.1'),
    'with its intermediate': lambda by: with_chain(by.below.issue('a3'), by.below),
}
# for a server with a name
NAMED_REFUSED = {
    'common name alone, and another': (
        lambda by: by.ours.issue('other.test', None),
        'is for "other.test", not for "ldap.example.test"'),
    'common name beside other names': (
        lambda by: by.ours.issue('ldap.example.test', 'DNS:other.test'),
        'is for "other.test", not for "ldap.example.test"'),
    'its address': (
        lambda by: by.ours.issue('i', 'IP:127.0.0.1'),
        'is for 127.0.0.1, not for "ldap.example.test"'),
    'wildcard of another level': (
        lambda by: by.ours.issue('w', 'DNS:*.test,DNS:*.ldap.example.test'),
        r'is for "\*.test", "\*.ldap.example.test", not for "ldap.example.test"'),
}
NAMED_ACCEPTED = {
    'common name alone': lambda by: by.ours.issue('ldap.example.test', None),
    'name': lambda by: by.ours.issue('x1', 'DNS:ldap.example.test'),
    'name in other letters': lambda by: by.ours.issue('x2', 'DNS:LDAP.Example.Test'),
    'wildcard': lambda by: by.ours.issue('x3', 'DNS:*.example.test'),
}


@pytest.fixture(params=['ldaps', 'start-tls'])
def new_conf(request, scratch, stop_later, slapd, authorities):
    """new_conf(certificate, host): the text of a configuration; its server shows this certificate."""
    ldaps = request.param == 'ldaps'

    def make(certificate, host='127.0.0.1', *, ca=authorities.ours.cert, **sections):
        server = BadServer(slapd.folder / 'ldapi', tls=certificate, ldaps=ldaps).start()
        stop_later(server.stop)
        make.server = server
        return world.conf(directory_corp={
            'uri': server.uri_for(host), 'tls-ca-file': str(ca),
            'start-tls': 'no' if ldaps else 'yes',
            'password-file': str(world.password_file(scratch))}, **sections)
    make.step = 'TLS' if ldaps else 'StartTLS'
    return make


@pytest.fixture
def asked(new_conf, scratch, authorities):
    """asked(certificate's function, ...): an Answer of sdrctl."""
    def make(issue, *args, **options):
        path = scratch / 'sdr.conf'
        path.write_text(new_conf(issue(authorities), *args, **options))
        return ask(path, ALICE)
    return make


@pytest.fixture
def assert_refused(asked, new_conf, authorities):
    """Rejected with these words, before any LDAP message was sent."""
    def check(issue, words, *args, **options):
        answer = asked(issue, *args, **options)
        ca = options.get('ca', authorities.ours.cert)
        assert answer.reply == AWAY
        assert re.search(f'//[^ ]*: {new_conf.step}: {words.format(ca=re.escape(str(ca)))}',
                         answer.reason), answer.reason
        assert {parse_tag(r) for r in new_conf.server.requests} <= {EXTENDED, UNBIND}
    return check


@pytest.mark.parametrize('issue, words', REFUSED.values(), ids=REFUSED)
def test_refused(assert_refused, issue, words):
    assert_refused(issue, "the server's certificate " + words)


@pytest.mark.parametrize('issue', ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(asked, issue):
    assert asked(issue).targets == [ALICE_HOSTED]


def test_for_any_purpose(asked):
    """GnuTLS accepts it for servers, too."""
    answer = asked(lambda by: by.ours.issue('a5', usage='anyExtendedKeyUsage'))
    if uses_openssl():
        assert answer.reply == AWAY and 'unsuitable certificate purpose' in answer.reason
    else:
        assert answer.targets == [ALICE_HOSTED]


def test_intermediate_authority_alone(asked, authorities):
    """GnuTLS trusts each certificate in the file."""
    answer = asked(lambda by: by.below.issue('i1'), ca=authorities.below.cert)
    if uses_openssl():
        assert answer.reply == AWAY and 'unable to get issuer certificate' in answer.reason
    else:
        assert answer.targets == [ALICE_HOSTED]


def test_authorities_file_without_certificates(assert_refused, authorities):
    assert_refused(lambda by: by.ours.issue('f1'), '(cannot use tls-ca-file|the server.s certificate .*) {ca}',
                   ca=authorities.nothing)


@pytest.fixture
def name_in_hosts(namespace):
    namespace.write('/etc/hosts', '127.0.0.1 localhost ldap.example.test\n')


@pytest.mark.usefixtures('name_in_hosts')
@pytest.mark.parametrize('issue, words', NAMED_REFUSED.values(), ids=NAMED_REFUSED)
def test_name_refused(assert_refused, issue, words):
    assert_refused(issue, "the server's certificate " + words, 'ldap.example.test')


@pytest.mark.usefixtures('name_in_hosts')
@pytest.mark.parametrize('issue', NAMED_ACCEPTED.values(), ids=NAMED_ACCEPTED)
def test_name_accepted(asked, issue):
    assert asked(issue, 'ldap.example.test').targets == [ALICE_HOSTED]


@pytest.mark.parametrize('case', ['another name', 'expired', 'another issuer'])
def test_milter_says_it_too(new_conf, new_postfix, new_milter, authorities, case):
    issue, words = REFUSED[case]
    postfix = new_postfix(milters=[f'unix:{world.SOCKET}'])
    milter = new_milter(new_conf(issue(authorities), milter={
        'socket': f'unix:{postfix.queue_folder / world.SOCKET}'})).start()
    assert timed_rcpt(postfix, ALICE)[0] == AWAY
    # quotes within the quotes of a log line
    words = words.replace('"', r'\\x22').format(ca=authorities.ours.cert)
    assert re.search(f'<[34]>.*{new_conf.step}: the server.s certificate {words}', milter.log()), \
        milter.log()


def test_explanation_says_it_too(new_conf, scratch, authorities):
    issue, words = REFUSED['expired']
    path = scratch / 'sdr.conf'
    path.write_text(new_conf(issue(authorities)))
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', path, 'route', '--explain', ALICE],
                          env=environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 75
    assert re.search(f'{new_conf.step}: the server.s certificate {words}', done.stdout)
