"""test_binds.py - bind = external: the identity that the server sees; client certificates; TLS versions

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import sdrctl
import world
from sdrctl import assert_deferred, assert_routed
from slapd import READER_DN
from tls import CA

WANTS_CERTIFICATE = 'does it require another client certificate (tls-cert-file)?'
DEMANDS_CERTIFICATE = 'TLSVerifyClient demand\n'


def taken_for_reader(identity):
    return f'authz-regexp "{identity}" "{READER_DN}"\n'


BY_CERTIFICATE = DEMANDS_CERTIFICATE + taken_for_reader('^cn=router$')
BY_USER_ID = taken_for_reader(r'^gidNumber=0\\+uidNumber=0,cn=peercred,cn=external,cn=auth$')


@pytest.fixture
def write(scratch, ca):
    """write(uri, ...): an sdr.conf; bind = external unless stated otherwise."""
    def make(uri, **changes):
        changes = {name.replace('_', '-'): value for name, value in changes.items()}
        return sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': uri, 'bind': 'external', 'bind-dn': None, 'tls-ca-file': str(ca.cert),
            **changes}))
    return make


@pytest.fixture(params=['ldaps', 'start-tls'])
def encrypted(request):
    """(uri, options) for TLS with this server, by ldaps or StartTLS."""
    def options(server):
        if request.param == 'ldaps':
            return server.ldaps_uri, {}
        return server.uri, {'start_tls': 'yes'}
    return options


def shown(certificate):
    """The options of a client that presents this certificate."""
    return {'tls_cert_file': str(certificate.cert), 'tls_key_file': str(certificate.key)}


def simple(scratch):
    """The options of a bind with a password."""
    return {'bind': 'simple', 'bind_dn': READER_DN,
            'password_file': str(world.password_file(scratch))}


# --- external ---

def test_by_user_id(new_slapd, write):
    assert_routed(write(new_slapd(options=BY_USER_ID).ldapi_uri))


def test_by_user_id_without_access(slapd, write):
    assert_deferred(write(slapd.ldapi_uri))


def test_by_certificate(new_slapd, write, ca, encrypted):
    server = new_slapd(options=BY_CERTIFICATE)
    uri, options = encrypted(server)
    assert_routed(write(uri, **options, **shown(ca.issue('router'))))
    assert f'BIND dn="{READER_DN}" mech=EXTERNAL' in server.log()


def test_by_certificate_of_somebody_else(new_slapd, write, ca, encrypted):
    uri, options = encrypted(new_slapd(options=BY_CERTIFICATE))
    assert_deferred(write(uri, **options, **shown(ca.issue('somebody'))))


def test_external_without_certificate(slapd, write, encrypted):
    uri, options = encrypted(slapd)
    assert 'bind: ' in assert_deferred(write(uri, **options))


# --- the client's certificate ---

def test_no_certificate_where_one_is_demanded(new_slapd, write, scratch, encrypted):
    server = new_slapd(options=DEMANDS_CERTIFICATE)
    uri, options = encrypted(server)
    assert WANTS_CERTIFICATE in assert_deferred(write(uri, **options, **simple(scratch)))
    assert ' BIND ' not in server.log()


def test_certificate_that_the_server_does_not_trust(new_slapd, write, scratch, encrypted):
    uri, options = encrypted(new_slapd(options=BY_CERTIFICATE))
    stranger = CA(scratch / 'other').issue('router')
    assert WANTS_CERTIFICATE in assert_deferred(write(uri, **options, **shown(stranger)))


def test_certificate_beside_a_password(new_slapd, write, ca, scratch, encrypted):
    uri, options = encrypted(new_slapd(options=DEMANDS_CERTIFICATE))
    assert_routed(write(uri, **options, **shown(ca.issue('mailserver')), **simple(scratch)))


def test_key_of_another_certificate(slapd, write, ca, scratch, encrypted):
    uri, options = encrypted(slapd)
    mine, other = ca.issue('mine'), ca.issue('other')
    why = assert_deferred(write(uri, **options, **simple(scratch), tls_cert_file=str(mine.cert),
                                tls_key_file=str(other.key)))
    assert f'tls-cert-file {mine.cert} with tls-key-file {other.key}' in why


# --- the version of TLS ---

@pytest.mark.parametrize('oldest', [None, '1.2', '1.3'])
def test_server_with_tls_1_3(slapd, write, scratch, encrypted, oldest):
    uri, options = encrypted(slapd)
    assert_routed(write(uri, **options, **simple(scratch), tls_min_version=oldest))


@pytest.mark.parametrize('oldest', [None, '1.2'])
def test_server_with_tls_1_2(new_slapd, write, scratch, encrypted, oldest):
    uri, options = encrypted(new_slapd(tls_version='1.2'))
    assert_routed(write(uri, **options, **simple(scratch), tls_min_version=oldest))


def test_server_whose_tls_is_too_old(new_slapd, write, scratch, encrypted):
    server = new_slapd(tls_version='1.2')
    uri, options = encrypted(server)
    why = assert_deferred(write(uri, **options, **simple(scratch), tls_min_version='1.3'))
    assert 'TLS: ' in why and 'certificate' not in why
    assert ' BIND ' not in server.log()


@pytest.mark.parametrize('oldest', [None, '1.2'])
def test_tls_1_1_is_not_taken(new_slapd, write, scratch, encrypted, oldest):
    server = new_slapd(tls_version='1.1')
    uri, options = encrypted(server)
    assert_deferred(write(uri, **options, **simple(scratch), tls_min_version=oldest))
    assert ' BIND ' not in server.log()
