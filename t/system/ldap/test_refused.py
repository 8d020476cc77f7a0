"""test_refused.py - a wrong password is not tried for every recipient: that would lock the account

SPDX-License-Identifier: BSD-2-Clause
"""
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import krb5
import samba
import sdrctl
import slapd as ldap
import world
from adldif import person
from asker import ask

pytestmark = pytest.mark.threads

ALICE = 'alice@example.com'
AWAY, KNOWN = 451, 250
MANY = 20
OTHER_PASSWORD = 'another password'
LATER = 'not tried again for 15 minutes, to avoid locking the account'


@pytest.fixture
def start(new_milter, conf, scratch):
    """start(servers, password): a running milter that asks these."""
    def make(servers, password):
        world.password_file(scratch, password)
        return new_milter(conf(directory_corp={'uri': [s.uri for s in servers]})).start()
    return make


@pytest.fixture
def many(postfix):
    """many(): what so many clients are answered, one after the other or all at once."""
    def run(at_once=1):
        with ExitStack() as stack, ThreadPoolExecutor(at_once) as pool:
            clients = [stack.enter_context(postfix.client()) for _ in range(MANY)]
            answers = pool.map(lambda client: ask(client, [ALICE], data=False), clients)
            return {answer.codes[0] for answer in answers}
    return run


def set_password(slapd, password):
    slapd.modify(f'dn: {ldap.READER_DN}\nchangetype: modify\n'
                 f'replace: userPassword\nuserPassword: {password}\n')


def refused(slapd):
    """The number of failed binds."""
    return slapd.log().count('RESULT tag=97 err=49')


@pytest.mark.parametrize('at_once', [1, MANY], ids=['in a row', 'at once'])
def test_one_server(slapd, start, many, at_once):
    milter = start([slapd], OTHER_PASSWORD)
    assert many(at_once) == {AWAY}
    assert refused(slapd) == 1
    lines = milter.lines('verdict=defer')
    assert len(lines) == MANY
    assert all('bind: Invalid credentials' in line for line in lines)
    assert any(LATER in line for line in lines)


def test_two_servers(slapd, new_slapd, start, many):
    servers = [slapd, new_slapd()]
    start(servers, OTHER_PASSWORD)
    assert many() == {AWAY}
    assert [refused(server) for server in servers] == [1, 1]


def test_until_reload(slapd, start, many):
    milter = start([slapd], OTHER_PASSWORD)
    assert many() == {AWAY}
    set_password(slapd, OTHER_PASSWORD)
    assert many() == {AWAY}
    assert refused(slapd) == 1
    milter.reload()
    assert many() == {KNOWN}


@pytest.mark.parametrize('at_once', [1, MANY], ids=['in a row', 'at once'])
def test_password_that_was_good(slapd, new_slapd, start, many, at_once):
    """The server may have the problem, so the password is tried a second and a third time, and no more."""
    servers = [slapd, new_slapd()]
    milter = start(servers, ldap.READER_PASSWORD)
    assert many() == {KNOWN}
    for server in servers:
        set_password(server, OTHER_PASSWORD)
        server.kill()
        server.start()
    assert many(at_once) == {AWAY}
    assert sum(refused(server) for server in servers) == 3
    assert milter.lines(LATER)


def test_one_of_two_refuses(slapd, new_slapd, start, many):
    second = new_slapd()
    set_password(slapd, OTHER_PASSWORD)
    start([slapd, second], ldap.READER_PASSWORD)
    assert many() == {KNOWN}
    assert refused(slapd) == 1


# --- Active Directory, which locks it ---

THRESHOLD = 3
ACCOUNT = f'CN=other,OU=services,{ldap.SUFFIX}'


@pytest.fixture
def account(ad):
    """An account that is locked after a few failed attempts."""
    domain = f'dn: {ldap.SUFFIX}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: '
    ad.add(person('alice', sdrOwner='hosted') + samba.user('other', OTHER_PASSWORD))
    ad.modify(f'{domain}{THRESHOLD}\n')
    yield ad
    ad.modify(f'{domain}0\n')
    ad.remove(ACCOUNT)


@pytest.fixture
def write(account, scratch, ca):
    """write(name, ...): an sdr.conf with this name."""
    def make(name, **options):
        folder = scratch / name
        folder.mkdir()
        return sdrctl.write_conf(folder, world.conf(directory_corp={
            'uri': account.ldaps_uri, 'tls-ca-file': str(ca.cert),
            'bind-dn': 'other@example.com', **options}))
    return make


@pytest.fixture
def is_locked(write, scratch):
    """is_locked(): with the right password."""
    def run():
        conf = write('right', **{'password-file': str(world.password_file(scratch, OTHER_PASSWORD))})
        return 'the account is locked' in sdrctl.run(conf, 'route', ALICE).stdout
    return run


def test_password(write, scratch, talk, is_locked):
    asked = talk(write('wrong', **{'password-file': str(world.password_file(scratch, 'hunter2'))}))
    assert {asked.ask(ALICE)['verdict'] for _ in range(MANY)} == {'defer'}
    assert not is_locked()


def test_keytab(account, write, scratch, talk, is_locked, monkeypatch):
    """Failures at the KDC count, too."""
    kerberos = krb5.Client(scratch / 'client', account)
    monkeypatch.setenv('KRB5_CONFIG', str(kerberos.conf))
    account.set_password(ACCOUNT, 'a third password')
    keytab = kerberos.keytab('other@EXAMPLE.COM')
    account.set_password(ACCOUNT, OTHER_PASSWORD)
    asked = talk(write('wrong', **{'uri': account.uri, 'bind': 'gssapi', 'bind-dn': None,
                                   'keytab-file': str(keytab)}))
    answers = [asked.ask(ALICE) for _ in range(MANY)]
    assert all('Preauthentication failed' in answer['reason'] for answer in answers)
    assert not is_locked()
