"""test_exim_binds.py - Exim with each kind of bind; the plug-ins of Cyrus SASL are loaded only where they are
needed

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import sdrctl
import world
from adldif import person
from slapd import READER_DN

ALICE, DAVE, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'nobody'))
ANSWERS = ['<alice@hosted.example.com>', '', ':fail: 550 5.1.1 User unknown']
AD_PEOPLE = person('alice', sdrOwner='hosted') + person('dave', sdrOwner='onprem')


def taken_for_reader(identity):
    return f'authz-regexp "{identity}" "{READER_DN}"\n'


@pytest.fixture
def plugins(new_exim, scratch):
    """plugins(**options of the directory): the plug-ins of a process of Exim, which has given the right
    answers."""
    def ask(**changes):
        options = {name.replace('_', '-'): value for name, value in changes.items()}
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp=options))
        exim = new_exim(None)
        exim.configure()
        lines = [exim.call('sdr_route', r, '', conf) for r in (ALICE, DAVE, NOBODY)]
        done = exim.run('-be', input='\n'.join([*lines, '${readfile{/proc/self/maps}}', '']))
        shown = done.stdout.removeprefix('> ').split('\n> ')
        assert shown[:3] == ANSWERS, done.stderr
        return set(re.findall(r'/sasl2/(\w+)\.so', shown[3]))
    return ask


def test_password(plugins, slapd, scratch):
    assert not plugins(uri=slapd.uri, password_file=str(world.password_file(scratch)))


def test_password_over_tls(plugins, slapd, scratch, ca):
    assert not plugins(uri=slapd.ldaps_uri, tls_ca_file=str(ca.cert),
                       password_file=str(world.password_file(scratch)))


def test_user_id(plugins, new_slapd):
    identity = r'^gidNumber=[0-9]+\\+uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth$'
    server = new_slapd(options=taken_for_reader(identity))
    assert not plugins(uri=server.ldapi_uri, bind='external', bind_dn=None)


def test_certificate(plugins, new_slapd, ca):
    server = new_slapd(options='TLSVerifyClient demand\n' + taken_for_reader('^cn=router$'))
    router = ca.issue('router')
    assert not plugins(uri=server.ldaps_uri, bind='external', bind_dn=None, tls_ca_file=str(ca.cert),
                       tls_cert_file=str(router.cert), tls_key_file=str(router.key))


def test_kerberos(plugins, ad, realm, ca):
    ad.add(AD_PEOPLE)
    found = plugins(uri=ad.uri, bind='gssapi', bind_dn=None, tls_ca_file=str(ca.cert),
                    keytab_file=str(realm(ad).keytab()))
    assert 'libgssapiv2' in found
