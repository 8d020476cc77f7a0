"""test_names.py - a directory server with a host name, and name servers that fail

SPDX-License-Identifier: BSD-2-Clause
"""
import socket

import pytest

import world
from ask import IDLE_SHARE, ask, cpu_seconds, timed_rcpt
from badserver import CONNECT, BadServer
from nameserver import NameServer
from proc import PATIENCE
from slapd import Slapd

ALICE, ALICE_HOSTED = 'alice@example.com', 'alice@hosted.example.com'
AWAY, KNOWN = '451 4.4.3', '250 2.1.5'
TIMEOUT = 8  # if a silent server comes before one that answers
SHORT = 4    # if no server answers, or there is only one
IDLE = IDLE_SHARE * SHORT

NAME = 'ldap.example.test'
HERE, SILENT, NOBODY = '127.0.0.1', '127.0.0.2', '127.0.0.3'
HOSTS = '127.0.0.1 localhost\n'
RESOLV = 'nameserver 127.0.0.1\n'


def named(*records):
    return {NAME: list(records)}


# what the name server answers, and how; then the content of the files
FOUND = {
    'address': dict(names=named(('A', HERE))),
    'address of IP version 6': dict(names=named(('AAAA', '::1'))),
    'address of each version, not there by 6': dict(names=named(('AAAA', 'fd00::1'), ('A', HERE))),
    'alias': dict(names={NAME: [('CNAME', 'a.test')], 'a.test': [('CNAME', 'b.test')],
                         'b.test': [('A', HERE)]}),
    'first address silent': dict(names=named(('A', SILENT), ('A', HERE))),
    'second address silent': dict(names=named(('A', HERE), ('A', SILENT))),
    'first address refuses': dict(names=named(('A', NOBODY), ('A', HERE))),
    'never an answer for AAAA': dict(names=named(('A', HERE)), manners={'AAAA': 'silent'}),
    'never an answer for A': dict(names=named(('AAAA', '::1')), manners={'A': 'silent'}),
    'failure for AAAA': dict(names=named(('A', HERE)), manners={'AAAA': 'servfail'}),
    'first name server silent': dict(names=named(('A', HERE)), dead='silent',
                                     resolv=f'nameserver {SILENT}\n' + RESOLV),
    'first name server not there': dict(names=named(('A', HERE)),
                                        resolv=f'nameserver {NOBODY}\n' + RESOLV),
    'first name server fails': dict(names=named(('A', HERE)), dead='servfail',
                                    resolv=f'nameserver {SILENT}\n' + RESOLV),
    'only in the hosts file': dict(manners='silent', hosts=f'{HOSTS}{HERE} {NAME}\n'),
    'no name': dict(manners='silent', host=HERE),
    'no name, IP version 6': dict(manners='silent', host='[::1]'),
    'localhost': dict(manners='silent', host='localhost'),
    'options of resolv.conf': dict(
        names=named(('A', HERE)),
        resolv=RESOLV + 'search a.test b.test c.test\noptions ndots:5 rotate use-vc attempts:9\n'),
}
NOT_FOUND = {
    'silent': dict(manners='silent'),
    'all silent': dict(manners='silent', dead='silent',
                       resolv=f'{RESOLV}nameserver {SILENT}\nnameserver {NOBODY}\n'),
    'silent for longer': dict(manners='silent',
                              resolv=RESOLV + 'options timeout:30 attempts:5\n'),
    'garbage': dict(manners='garbage'),
    'failure': dict(manners='servfail'),
    'no such name': dict(),
    'no address': dict(names=named()),
    'truncated': dict(manners='truncated'),
    'truncated, then silent': dict(manners='truncated', tcp=True),
    'alias of nobody': dict(names=named(('CNAME', 'a.test'))),
    'alias of itself': dict(names=named(('CNAME', NAME))),
    'not there': dict(resolv=f'nameserver {NOBODY}\n'),
    'no name server': dict(resolv='\n'),
    'all addresses silent': dict(names=named(('A', SILENT), ('A', SILENT))),
}


class Place:
    """A directory server in a namespace: it works at HERE and ::1, and is silent at SILENT."""

    def __init__(self, namespace, folder, stop_later):
        self._namespace = namespace
        self._folder = folder
        self._stop_later = stop_later
        self.name_server = None
        slapd = self._started(Slapd(folder / 'slapd', world.PEOPLE))
        good = self._started(BadServer(slapd.folder / 'ldapi', host=HERE))
        self.port = good.port
        self._started(BadServer(slapd.folder / 'ldapi', host='::1', port=self.port))
        self._started(BadServer(slapd.folder / 'ldapi', host=SILENT, port=self.port)).turn(
            CONNECT, 'dropped')

    def _started(self, server):
        self._stop_later(server.stop)
        return server.start()

    def set_up(self, names=None, manners='', dead='', tcp=False, resolv=RESOLV, hosts=HOSTS,
               host=NAME, timeout=SHORT):
        """The name servers and files of a row; the directory's options."""
        self._namespace.write('/etc/resolv.conf', resolv)
        self._namespace.write('/etc/hosts', hosts)
        self.name_server = self._started(NameServer(names, manners))
        if dead:
            self._started(NameServer(manners=dead, address=SILENT))
        if tcp:
            listener = socket.create_server((HERE, 53))
            self._stop_later(listener.close)
        return {'uri': f'ldap://{host}:{self.port}', 'timeout': str(timeout),
                'password-file': str(world.password_file(self._folder)),
                'allow-plaintext-bind': 'yes'}


@pytest.fixture
def place(namespace, scratch, stop_later):
    return Place(namespace, scratch, stop_later)


@pytest.fixture
def answer(place, scratch):
    """answer(row): of sdrctl."""
    def make(row):
        conf = scratch / 'sdr.conf'
        conf.write_text(world.conf(directory_corp=place.set_up(**row)))
        return ask(conf, ALICE)
    return make


@pytest.fixture
def milter_of(place, new_postfix, new_milter):
    """milter_of(options of the directory): (Postfix, Milter), inside as well."""
    del place
    postfix = new_postfix(milters=[f'unix:{world.SOCKET}'])

    def make(directory):
        listen = {'socket': f'unix:{postfix.queue_folder / world.SOCKET}'}
        return postfix, new_milter(world.conf(directory_corp=directory, milter=listen)).start()
    return make


@pytest.mark.parametrize('row', FOUND.values(), ids=FOUND)
def test_found(answer, row):
    said = answer({**row, 'timeout': TIMEOUT})
    assert (said.verdict, said.targets) == ('redirect', [ALICE_HOSTED]), said.reason


@pytest.mark.parametrize('row', ['only in the hosts file', 'no name', 'no name, IP version 6',
                                 'localhost'])
def test_found_without_name_servers(place, answer, row):
    assert answer(FOUND[row]).targets == [ALICE_HOSTED]
    assert place.name_server.asked == []


@pytest.mark.parametrize('row', NOT_FOUND.values(), ids=NOT_FOUND)
def test_not_found(answer, row):
    said = answer(row)
    assert said.reply == AWAY
    assert f'ldap://{NAME}:' in said.reason
    assert said.seconds < SHORT + PATIENCE


# --- sdr-milter, which lives on ---

def assert_answers(postfix, milter, code):
    """It answers in time, and uses no processor time while it waits."""
    before = cpu_seconds(milter.pid)
    reply, seconds = timed_rcpt(postfix, ALICE)
    assert reply == code
    assert seconds < SHORT + PATIENCE
    assert cpu_seconds(milter.pid) - before < IDLE


@pytest.mark.threads
@pytest.mark.parametrize('name', ['silent', 'garbage', 'truncated, then silent', 'no such name'])
def test_name_servers_that_recover(place, milter_of, name):
    """The files are read again for each connection; the failure is not remembered."""
    postfix, milter = milter_of(place.set_up(**NOT_FOUND[name]))
    assert_answers(postfix, milter, AWAY)
    place.name_server.names, place.name_server.manners = named(('A', HERE)), ''
    assert_answers(postfix, milter, KNOWN)


def test_name_servers_that_die(place, milter_of):
    """An open connection needs no name server."""
    postfix, milter = milter_of(place.set_up(names=named(('A', HERE))))
    assert_answers(postfix, milter, KNOWN)
    place.name_server.manners = 'silent'
    assert_answers(postfix, milter, KNOWN)


def test_name_that_moves(place, milter_of):
    postfix, milter = milter_of(place.set_up(names=named(('A', SILENT))))
    assert_answers(postfix, milter, AWAY)
    place.name_server.names = named(('A', HERE))
    assert_answers(postfix, milter, KNOWN)
