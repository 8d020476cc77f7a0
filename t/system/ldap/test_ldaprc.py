"""test_ldaprc.py - settings in ldap.conf(5) change no request, no handshake and no answer

The server records every request as octets, and the result of the TLS handshake. They must be the same with
and without a setting.

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import os
import re
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

import paths
import world
from ask import ask, timed_rcpt
from badserver import BadServer
from ldapwire import UNBIND, parse_tag
from daemon import environment
from namespace import Namespace
from postfix import Postfix
from slapd import Slapd
from tls import CA, DAY, NOW

ALICE, ALICE_HOSTED = 'alice@example.com', 'alice@hosted.example.com'
AWAY, KNOWN = '451 4.4.3', '250 2.1.5'

# {other} is a CA that did not sign the server's certificate, {cert} and {key} a client's
# certificate, {pin} a key that is not the server's, {junk} a file with garbage.
SETTINGS = {
    'URI': ['ldap://127.0.0.1:1', 'ldapi://%2Fnowhere', ':::'],
    'HOST': ['127.0.0.1:1'],
    'PORT': ['1'],
    'BASE': ['dc=nowhere'],
    'BINDDN': ['cn=nobody'],
    'VERSION': ['2'],
    'DEBUG': ['-1'],
    'DEREF': ['always', 'finding'],
    'REFERRALS': ['on', 'off'],
    'RESTART': ['off', 'on'],
    'SIZELIMIT': ['1'],
    'TIMELIMIT': ['1'],
    'TIMEOUT': ['0', '1', '-1', '1000'],
    'NETWORK_TIMEOUT': ['0', '1', '-1', '1000'],
    'KEEPALIVE_IDLE': ['1'],
    'KEEPALIVE_PROBES': ['1'],
    'KEEPALIVE_INTERVAL': ['1'],
    'TCP_USER_TIMEOUT': ['1'],
    'SOCKET_BIND_ADDRESSES': ['127.0.0.77', '192.0.2.1'],
    'SASL_MECH': ['EXTERNAL'],
    'SASL_REALM': ['nowhere'],
    'SASL_AUTHCID': ['nobody'],
    'SASL_AUTHZID': ['u:nobody'],
    'SASL_SECPROPS': ['minssf=256'],
    'SASL_NOCANON': ['on'],
    'SASL_CBINDING': ['tls-unique'],
    'TLS': ['never', 'hard', 'try'],
    'TLS_CACERT': ['{other}', '/nowhere', '{junk}'],
    'TLS_CACERTDIR': ['/nowhere', '/etc/ssl/certs'],
    'TLS_CERT': ['{cert}', '/nowhere'],
    'TLS_KEY': ['{key}', '/nowhere'],
    'TLS_REQCERT': ['never', 'allow', 'try', 'hard'],
    'TLS_REQSAN': ['never', 'allow', 'try', 'hard'],
    'TLS_CIPHER_SUITE': ['NONE', 'SECURE256:-VERS-TLS-ALL:+VERS-TLS1.2', 'nonsense'],
    'TLS_PROTOCOL_MIN': ['9', '3.4', '0'],
    'TLS_PROTOCOL_MAX': ['3.3', '3.1', '0'],
    'TLS_PEERKEY_HASH': ['{pin}', 'nonsense'],
    'TLS_ECNAME': ['secp521r1'],
    'TLS_CRLCHECK': ['all'],
    'TLS_CRLFILE': ['/nowhere', '{junk}'],
    'TLS_RANDFILE': ['/nowhere'],
}
ROWS = [(name, value) for name, values in SETTINGS.items() for value in values]
# Settings that must not make a wrong certificate valid.
LENIENT = [('TLS_REQCERT', 'never'), ('TLS_REQCERT', 'allow'), ('TLS_REQSAN', 'never'),
           ('TLS_REQSAN', 'allow'), ('TLS', 'never'), ('TLS_CACERT', '{other}'),
           ('TLS_CACERTDIR', '{others}'), ('TLS_CIPHER_SUITE', 'NORMAL'),
           ('TLS_PROTOCOL_MIN', '0'), ('TLS_CRLCHECK', 'none')]


PLAIN, LDAPS, START_TLS = 'ldap', 'ldaps', 'start-tls'


class Office:
    """A slapd, and for each transport a server in front of it that records the requests."""

    def __init__(self, folder, stop_later):
        self.folder = folder
        self._stop_later = stop_later
        self.ours, self.other = CA(folder / 'ours', 'Ours'), CA(folder / 'other', 'Other')
        self._settings = self._prepare_settings()
        slapd = Slapd(folder / 'slapd', world.PEOPLE)
        stop_later(slapd.stop)
        self._ldapi = slapd.start().folder / 'ldapi'
        self._password = str(world.password_file(folder))
        good = self.ours.issue('server')
        self.servers = {transport: self.new_server(transport, good)
                        for transport in (PLAIN, LDAPS, START_TLS)}

    def _prepare_settings(self):
        client = self.ours.issue('client')
        shutil.chown(client.key, 'sdr')
        junk = self.folder / 'junk'
        junk.write_text('no sense\n')
        return {'other': self.other.cert, 'cert': client.cert, 'key': client.key, 'junk': junk,
                'others': self.other.cert.parent, 'pin': f'sha256:{"A" * 43}='}

    def setting(self, value):
        return value.format(**self._settings)

    def new_server(self, transport, certificate):
        server = BadServer(self._ldapi, ldaps=transport == LDAPS, tls=certificate,
                           client_ca=self.ours.cert)
        self._stop_later(server.stop)
        return server.start()

    def conf(self, transport, server=None, **sections):
        return world.conf(directory_corp={
            'uri': (server or self.servers[transport]).uri, 'tls-ca-file': str(self.ours.cert),
            'start-tls': 'yes' if transport == START_TLS else 'no',
            'password-file': self._password}, **sections)

    def seen(self, transport, **options):
        """The answer of sdrctl, and what its server received."""
        conf = self.folder / f'{transport}.conf'
        conf.write_text(self.conf(transport))
        server = self.servers[transport]
        server.requests, server.peers = [], []
        answer = ask(conf, ALICE, **options)
        # the unbind may have arrived or not
        requests = [r for r in server.requests if parse_tag(r) != UNBIND]
        return answer.verdict, answer.targets, answer.reason, requests, server.peers


@pytest.fixture(scope='module')
def office():
    with paths.scratch() as folder, ExitStack() as stack:
        yield Office(folder, stack.callback)


# --- where a setting may stand ---

def write(path, name, value):
    path.write_text(f'{name} {value}\n')
    path.chmod(0o644)
    return str(path)


def in_environment(_, name, value):
    return {'env': {**environment(), f'LDAP{name}': value}}


def in_system_file(files, name, value):
    if not Path('/etc/ldap/ldap.conf').exists():
        pytest.skip('libldap-common is not installed')
    files.write('/etc/ldap/ldap.conf', f'{name} {value}\n')
    return {}


def in_file_of_environment(files, name, value):
    return {'env': {**environment(), 'LDAPCONF': write(files.folder / 'ldap.conf', name, value)}}


def in_home(files, name, value):
    write(files.folder / '.ldaprc', name, value)
    return {'env': {**environment(), 'HOME': str(files.folder)}}


def in_working_folder(files, name, value):
    write(files.folder / 'ldaprc', name, value)
    return {'cwd': files.folder}


def in_named_file(files, name, value):
    write(files.folder / 'otherrc', name, value)
    return {'cwd': files.folder, 'env': {**environment(), 'LDAPRC': 'otherrc'}}


# libldap reads settings from the environment, from files of the system, and from files of the user, where
# other options are valid. All settings are tried in one place of each kind. In the other places only those
# are tried that show that libldap has read the file.
IN_ALL_WAYS = [(in_environment, PLAIN), (in_environment, LDAPS), (in_environment, START_TLS),
               (in_system_file, START_TLS), (in_home, START_TLS)]
IN_OTHER_PLACES = [(in_file_of_environment, START_TLS), (in_working_folder, START_TLS),
                   (in_named_file, START_TLS)]
REPORTING = ['BASE', 'DEREF', 'SIZELIMIT', 'TLS', 'TLS_CACERT', 'TLS_CERT', 'TLS_REQCERT']


def tried(rows, ways, places):
    return [*((*way, *row) for way in ways for row in rows),
            *((*place, *row) for place in places for row in rows if row[0] in REPORTING)]


@pytest.fixture
def files(scratch, monkeypatch):
    """A Namespace with private files, none of which sets an option yet."""
    for name in [n for n in os.environ if n.startswith('LDAP')]:
        monkeypatch.delenv(name)
    with Namespace(scratch, network=False) as inside:
        yield inside


@pytest.fixture(scope='module')
def without(office):
    """{transport: what is seen if nothing is set}"""
    return {transport: office.seen(transport) for transport in office.servers}


def test_without_settings(without):
    assert all(seen[:2] == ('redirect', [ALICE_HOSTED]) for seen in without.values())
    assert [len(seen[-1]) for seen in without.values()] == [0, 1, 1]


@pytest.mark.parametrize('where, transport, name, value', tried(ROWS, IN_ALL_WAYS, IN_OTHER_PLACES))
def test_changes_nothing(office, without, files, where, transport, name, value):
    setting = where(files, name, office.setting(value))
    assert office.seen(transport, **setting) == without[transport]


WRONG = {
    'issuer': lambda office: office.other.issue('wrong'),
    'name': lambda office: office.ours.issue('elsewhere', 'DNS:elsewhere.test'),
    'date': lambda office: office.ours.issue('old', start=NOW - 2 * DAY, end=NOW - DAY),
}


@pytest.fixture(scope='module')
def wrong_server(office):
    """wrong_server(transport, what is wrong): a server like that; always the same."""
    return functools.cache(lambda transport, wrong: office.new_server(
        transport, WRONG[wrong](office)))


@pytest.mark.parametrize('wrong', WRONG)
@pytest.mark.parametrize('where, transport, name, value',
                         tried(LENIENT, IN_ALL_WAYS[1:], IN_OTHER_PLACES))
def test_makes_no_certificate_good(office, wrong_server, files, where, transport, name, value,
                                   wrong):
    conf = files.folder / 'sdr.conf'
    conf.write_text(office.conf(transport, wrong_server(transport, wrong)))
    assert ask(conf, ALICE, **where(files, name, office.setting(value))).reply == AWAY


# --- sdr-milter ---

@pytest.fixture(scope='module')
def postfix():
    """One Postfix for all tests of this file."""
    with paths.scratch() as folder, ExitStack() as stack:
        server = Postfix(folder / 'postfix', 1, milters=[f'unix:{world.SOCKET}'])
        stack.callback(server.stop)
        yield server.start()


@pytest.mark.parametrize('name, value', ROWS)
def test_changes_nothing_for_the_milter(office, postfix, new_milter, monkeypatch, name, value):
    monkeypatch.setenv(f'LDAP{name}', office.setting(value))
    listen = {'socket': f'unix:{postfix.queue_folder / world.SOCKET}'}
    milter = new_milter(office.conf(START_TLS, milter=listen)).start()
    assert timed_rcpt(postfix, ALICE)[0] == KNOWN
    assert re.fullmatch('<5>.*is ready\n', milter.log())
