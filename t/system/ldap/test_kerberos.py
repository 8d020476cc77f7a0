"""test_kerberos.py - bind = gssapi: with only the keytab, for any length of time

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

import krb5
import samba
import sdrctl
import world
from adldif import person
from proc import free_port, run, wait_for
from sdrctl import assert_deferred, assert_routed
from slapd import READER_DN
from socketmap import Socketmap
from tap import Tap

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
PEOPLE = person('alice', sdrOwner='hosted') + person('dave', sdrOwner='onprem')
AWAY = '451 4.4.3'
OVER_TLS = 'ldap server require strong auth = allow_sasl_over_tls'


def samba_version():
    said = run(samba.laid_over_usr(['samba', '--version'])).stdout
    return tuple(int(part) for part in re.match(r'Version (\d+)\.(\d+)', said).groups())


@pytest.fixture
def people(ad):
    ad.add(PEOPLE)
    return ad


@pytest.fixture
def kerberos(realm, people):
    return realm(people)


@pytest.fixture
def options(ca):
    """The options of the directory for this server and this keytab."""
    def make(server, keytab, **changes):
        changes = {name.replace('_', '-'): value for name, value in changes.items()}
        return {'uri': server.uri, 'bind': 'gssapi', 'bind-dn': None, 'keytab-file': str(keytab),
                'tls-ca-file': str(ca.cert), **changes}
    return make


@pytest.fixture
def write(scratch, options):
    """write(server, keytab, ...): an sdr.conf."""
    def make(*arguments, **changes):
        return sdrctl.write_conf(scratch, world.conf(
            directory_corp=options(*arguments, **changes)))
    return make


# --- how it binds ---

def test_from_the_keytab_alone(people, kerberos, write):
    assert_routed(write(people, kerberos.keytab()))
    assert not kerberos.default_cache.exists()


def test_principal_that_is_not_the_first_of_the_keytab(people, kerberos, write):
    people.add(samba.user('gone', 'a password'))
    keytab = kerberos.keytab('gone@EXAMPLE.COM', krb5.READER)
    people.remove('CN=gone,OU=services,DC=example,DC=com')
    assert_routed(write(people, keytab, principal=krb5.READER))


def test_nothing_can_be_read_on_the_wire(people, kerberos, write, stop_later):
    tap = Tap(people.address, 389)
    stop_later(tap.stop)
    assert_routed(write(people, kerberos.keytab(), uri=f'{people.uri}:{tap.port}'))
    assert b'GSSAPI' in tap.heard()
    for secret in [b'alice', b'nobody', b'sdrOwner', b'hosted', b'DC=example']:
        assert secret not in tap.heard()


@pytest.mark.parametrize('tls', ['ldaps', 'start-tls'])
def test_over_tls(new_ad, realm, write, tls):
    """With channel binding, if the server accepts Kerberos over TLS at all."""
    server = new_ad(PEOPLE, options=OVER_TLS)
    changes = {'uri': server.ldaps_uri} if tls == 'ldaps' else {'start_tls': 'yes'}
    assert_routed(write(server, realm(server).keytab(), **changes))


def test_over_tls_by_default(people, kerberos, write):
    """Samba accepts it since 4.21, with channel binding."""
    conf = write(people, kerberos.keytab(), uri=people.ldaps_uri)
    if samba_version() >= (4, 21):
        assert_routed(conf)
    else:
        why = assert_deferred(conf)
        assert 'use ldap:// without start-tls' in why and 'use ldaps' not in why


# --- keys that do not fit ---

def test_wrong_keys(new_ad, realm, write):
    """The account's password has changed since the keytab was made."""
    server = new_ad(PEOPLE)
    keytab = realm(server).keytab()
    server.set_password(READER_DN, 'another one')
    assert 'Kerberos: Preauthentication failed' in assert_deferred(write(server, keytab))


def test_account_that_is_gone(people, kerberos, write):
    people.add(samba.user('gone', 'a password'))
    keytab = kerberos.keytab('gone@EXAMPLE.COM')
    people.remove('CN=gone,OU=services,DC=example,DC=com')
    assert 'not found in Kerberos database' in assert_deferred(write(people, keytab))


def test_principal_that_is_not_in_the_keytab(people, kerberos, write):
    why = assert_deferred(write(people, kerberos.keytab(), principal='somebody@EXAMPLE.COM'))
    assert 'Kerberos: no key of somebody@EXAMPLE.COM in ' in why


def test_keytab_without_keys(people, kerberos, write):
    keytab = kerberos.keytab()
    keytab.write_text('no keys')
    assert f'Kerberos: no key in {keytab}' in assert_deferred(write(people, keytab))


def test_server_that_the_realm_does_not_know(people, kerberos, write, stop_later):
    """Another address of the same server, for which the realm has no key."""
    tap = Tap('127.0.0.1', 389, to=people.address)
    stop_later(tap.stop)
    why = assert_deferred(write(people, kerberos.keytab(), uri=f'ldap://127.0.0.1:{tap.port}'))
    assert 'the Kerberos realm has no LDAP server with the host name in uri' in why


# --- the KDC is away ---

def test_kdc_away_with_a_ticket(new_ad, realm, write, talk):
    """A new connection uses the existing ticket."""
    server = new_ad(PEOPLE)
    kerberos = realm(server)
    asked = talk(write(server, kerberos.keytab()))
    assert asked.ask(ALICE)['verdict'] == 'redirect'
    kerberos.configure(kdc=f'127.0.0.1:{free_port()}')
    server.stop()
    assert asked.ask(ALICE)['reply'].startswith(AWAY)
    server.start()
    assert asked.ask(ALICE)['verdict'] == 'redirect'
    assert asked.ask(NOBODY)['verdict'] == 'reject'


def test_kdc_away_without_a_ticket(people, kerberos, write, talk):
    asked = talk(write(people, kerberos.keytab()))
    kerberos.configure(kdc=f'127.0.0.1:{free_port()}')
    answer = asked.ask(ALICE)
    assert answer['reply'].startswith(AWAY)
    assert 'Kerberos: Cannot contact any KDC for realm' in answer['reason']
    kerberos.configure()
    wait_for(lambda: asked.ask(ALICE)['verdict'] == 'redirect', what='a ticket')


# --- OpenLDAP and MIT's KDC, which gives out tickets for seconds ---

@pytest.fixture
def mit(scratch, stop_later):
    kdc = krb5.Kdc(scratch / 'kdc')
    stop_later(kdc.stop)
    return kdc.start()


@pytest.fixture
def client(realm, mit):
    return realm(mit)


@pytest.fixture
def openldap(mit, client, new_slapd, monkeypatch):
    """A slapd that authenticates the reader by Kerberos."""
    monkeypatch.setenv('KRB5_KTNAME', str(mit.service_keytab))
    return new_slapd(options=krb5.SLAPD_OPTIONS)


def test_openldap(client, openldap, write):
    assert_routed(write(openldap, client.keytab()))
    assert f'BIND dn="{READER_DN}" mech=GSSAPI bind_ssf=256 ssf=256' in openldap.log()


@pytest.mark.parametrize('tls', ['ldaps', 'start-tls'])
def test_openldap_over_tls(client, openldap, write, tls):
    changes = {'uri': openldap.ldaps_uri} if tls == 'ldaps' else {'start_tls': 'yes'}
    assert_routed(write(openldap, client.keytab(), **changes))
    assert f'BIND dn="{READER_DN}" mech=GSSAPI bind_ssf=0 ssf=256' in openldap.log()


LIFETIME = 16  # seconds; a restart and a bind must take less


@pytest.fixture
def short_lived(client, openldap, write, talk):
    """An sdrctl that has made a query with a ticket that will expire soon."""
    client.configure(f'ticket_lifetime = {LIFETIME}s')
    asked = talk(write(openldap, client.keytab()))
    assert asked.ask(ALICE)['verdict'] == 'redirect'
    asked.expires = time.monotonic() + LIFETIME + 1
    return asked


def wait_expired(asked):
    wait_for(lambda: time.monotonic() > asked.expires, what='the end of the ticket')


def restart(server):
    """The next query has to bind again."""
    server.stop()
    server.start()


def test_tickets_are_renewed(short_lived, openldap):
    """On the connection that outlives the ticket, and on a new one."""
    wait_expired(short_lived)
    assert short_lived.ask(ALICE)['verdict'] == 'redirect'
    restart(openldap)
    answer = short_lived.ask(ALICE)
    assert answer['verdict'] == 'redirect', answer['reason']


def test_ticket_that_expires_while_the_kdc_is_away(short_lived, mit, openldap):
    mit.stop()
    restart(openldap)
    answer = short_lived.ask(ALICE)
    assert answer['verdict'] == 'redirect', answer['reason']
    restart(openldap)
    wait_expired(short_lived)
    assert short_lived.ask(ALICE)['reply'].startswith(AWAY)
    mit.start()
    answer = short_lived.ask(ALICE)
    assert answer['verdict'] == 'redirect', answer['reason']


# --- the milter ---

def test_reload_with_another_principal(client, openldap, options, new_milter, scratch):
    """A ticket of the old principal is not used, however often the configuration is reloaded."""
    keytab = client.keytab(krb5.READER, krb5.ADMIN)
    run = scratch / 'run'
    run.mkdir(mode=0o755)
    shutil.chown(run, 'sdr')
    listen = {'socket': f'unix:{run}/milter.sock', 'map-socket': f'unix:{run}/map.sock',
              'rewrite': 'tables'}

    def text(principal):
        return world.conf(milter=listen, directory_corp=options(openldap, keytab, principal=principal))
    milter = new_milter(text(krb5.READER)).start()
    for principal in [krb5.READER, krb5.ADMIN, krb5.ADMIN, krb5.READER, krb5.READER, krb5.ADMIN]:
        milter.conf.write_text(text(principal))
        milter.reload()
        with Socketmap(run / 'map.sock') as table:
            assert table.ask('route', ALICE) == 'OK alice@hosted.example.com', milter.log()


def test_pool_of_the_milter(people, kerberos, options, new_milter, conf, postfix, sink):
    keytab = kerberos.keytab()
    milter = new_milter(conf(directory_corp={
        **options(people, keytab), 'password-file': None, 'max-connections': '3'}))
    milter.start('-v')
    for _ in range(2):
        with ThreadPoolExecutor(20) as pool:
            all_sent = list(pool.map(postfix.send, [[ALICE, NOBODY, DAVE]] * 20))
        postfix.wait_empty(30)
        for sent in all_sent:
            assert [r.code for r in sent.rcpts] == [250, 550, 250]
            assert sink.recipients(sent.message_id) == Counter(
                ['alice@hosted.example.com', DAVE])
        milter.reload()
    key = keytab.read_bytes()[-20:-4]  # a version follows
    assert key.hex() not in milter.log().lower() and 'GSSAPI Error' not in milter.log()
