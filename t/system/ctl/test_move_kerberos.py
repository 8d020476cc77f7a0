"""test_move_kerberos.py - sdrctl move --gssapi: with the administrator's own ticket

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import adldif
import krb5
import world
from office import Office

DAVE, PLAIN = 'dave@example.com', 'plain@example.com'
NO_OTHER = {'admin-bind-dn': None, 'admin-password-file': None}
AD_ADMIN = f'Administrator@{krb5.REALM}'


@pytest.fixture
def openldap(scratch, realm, stop_later, new_slapd, monkeypatch):
    """(Office, Client, principal): a slapd and MIT's KDC."""
    kdc = krb5.Kdc(scratch / 'kdc')
    stop_later(kdc.stop)
    kerberos = realm(kdc.start())
    monkeypatch.setenv('KRB5_KTNAME', str(kdc.service_keytab))
    server = new_slapd(options=krb5.SLAPD_OPTIONS)
    monkeypatch.delenv('KRB5_KTNAME')
    return Office(scratch, server, directory_corp=NO_OTHER), kerberos, krb5.ADMIN


@pytest.fixture
def samba(scratch, realm, ad):
    ad.add(adldif.people(world.PEOPLE))
    there = Office(scratch, ad, directory_corp={
        **NO_OTHER, 'bind': 'none', 'bind-dn': None, 'password-file': None})
    return there, realm(ad), AD_ADMIN


@pytest.fixture(params=['openldap', 'samba'])
def either(request):
    return request.getfixturevalue(request.param)


def test_with_the_own_ticket(either, monkeypatch):
    """The first run gets a service ticket, as after kinit; the second run finds it."""
    there, kerberos, principal = either
    monkeypatch.setenv('KRB5_CLIENT_KTNAME', str(kerberos.keytab(principal)))
    there.run('move', '--to', 'hosted', '--gssapi', DAVE)
    assert f'# administrator: {principal} (' in there.journal().read_text()
    monkeypatch.delenv('KRB5_CLIENT_KTNAME')
    there.run('undo', '--gssapi', there.journal())
    assert 'sdrOwner=hosted->onprem' in there.run('history', DAVE)


def test_without_a_ticket(openldap):
    there, _, _ = openldap
    reported = there.run('move', '--to', 'hosted', '--gssapi', DAVE, code=75)
    assert 'No Kerberos credentials available' in reported and 'nothing was changed' in reported


def test_account_that_may_not_write(openldap, monkeypatch):
    there, kerberos, _ = openldap
    monkeypatch.setenv('KRB5_CLIENT_KTNAME', str(kerberos.keytab(krb5.READER)))
    reported = there.run('move', '--to', 'hosted', '--gssapi', DAVE, PLAIN, code=77)
    assert 'nsufficient access' in reported and f'{PLAIN}: not tried' in reported


def test_one_account_at_a_time(openldap):
    there, _, _ = openldap
    assert 'and --gssapi' in there.run('hold', '--gssapi', '--external', DAVE, code=64)
