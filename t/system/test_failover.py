"""test_failover.py - two servers that mirror each other, and all that befalls one of them

Somebody asks all the time; while one of the two lives, nobody may be deferred,
refused or sent to the wrong site.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
from collections import Counter

import pytest

import slapd as ldap
import sockets
import world
from asker import Asker
from mirror import Mirror
from tls import CA

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
ALICE_HOSTED = 'alice@hosted.example.com'
TIMEOUT = 3
CONNECTIONS = 2

CONFIG, DATABASE = 'cn=config', 'olcDatabase={1}mdb,cn=config'
REFERRAL = f'dn: {CONFIG}\nchangetype: modify\nadd: olcReferral\nolcReferral: ldap://127.0.0.1:9/\n\n'
# Nobody may bind as the reader, whatever the password.
NO_BIND = 'access to attrs=userPassword by * none\naccess to * by * read\n'


@pytest.fixture
def mirror(new_slapd, certificate):
    return Mirror(new_slapd, world.PEOPLE, certificate)


@pytest.fixture
def slapd(mirror):
    """conf() is about this one."""
    return mirror.first


@pytest.fixture
def start(new_milter, conf, ca):
    """start(servers, ...): a running milter that asks these."""
    def make(servers, **options):
        directory = {'uri': [s.ldaps_uri for s in servers], 'tls-ca-file': str(ca.cert),
                     'timeout': str(TIMEOUT), 'max-connections': str(CONNECTIONS)}
        return new_milter(conf(directory_corp={**directory, **options})).start()
    return make


@pytest.fixture
def asking(postfix, sink):
    """with asking() as asker: when it ends, every answer was right, in time and obeyed."""
    @contextlib.contextmanager
    def ask():
        with Asker(postfix, [ALICE, NOBODY, DAVE]) as asker:
            yield asker
        postfix.wait_empty()
        assert Counter(tuple(a.codes) for a in asker.answers).keys() == {(250, 550, 250)}
        assert max(max(a.seconds) for a in asker.answers) < TIMEOUT + 1
        for answer in asker.answers:
            assert answer.data == 250
            assert sink.recipients(answer.message_id) == Counter([ALICE_HOSTED, DAVE])
    return ask


# --- what may befall a server, and how it ends ---

@contextlib.contextmanager
def killed(server, **_):
    server.kill()
    yield
    server.start()


@contextlib.contextmanager
def stopped(server, **_):
    server.stop()
    yield
    server.start()


@contextlib.contextmanager
def frozen(server, **_):
    server.freeze()
    yield
    server.thaw()


@contextlib.contextmanager
def deaf(server, **_):
    server.stop()
    with sockets.deaf(server.ldaps_port):
        yield
    server.start()


def configured(**changes):
    """Started again with another configuration, and once more with its own."""
    @contextlib.contextmanager
    def disturbance(server, **_):
        before = {name: getattr(server, f'_{name}') for name in changes}
        server.set(**changes)
        yield
        server.set(**before)
    return disturbance


def disguised(issue):
    """With a certificate that must not be believed."""
    @contextlib.contextmanager
    def disturbance(server, ca, certificate, scratch):
        server.set(tls=issue(ca, scratch))
        yield
        server.set(tls=certificate)
    return disturbance


def changed(ldif):
    """Without a restart: open connections stay."""
    @contextlib.contextmanager
    def disturbance(server, **_):
        server.modify(ldif)
        yield
        server.stop()
        server.start()
    return disturbance


def database(attribute, value):
    return f'dn: {DATABASE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n'


DISTURBANCES = {
    'killed': killed,
    'stopped': stopped,
    'frozen': frozen,
    'deaf': deaf,
    'another authority': disguised(lambda ca, scratch: CA(scratch / 'other').issue('other')),
    'another name': disguised(lambda ca, scratch: ca.issue('name', 'DNS:elsewhere.test')),
    'expired': disguised(lambda ca, scratch: ca.issue('expired', days=-1)),
    'no such object': changed(database('olcHidden', 'TRUE')),
    'referral': changed(REFERRAL + database('olcHidden', 'TRUE')),
    'unwilling': changed(database('olcRestrict', 'search')),
    'another password': configured(acl=NO_BIND),
    'blind': configured(acl=ldap.BLIND),
}


@pytest.fixture
def befall(ca, certificate, scratch):
    """with befall(name, server): the disturbance lasts so long."""
    return lambda name, server: DISTURBANCES[name](
        server, ca=ca, certificate=certificate, scratch=scratch)


@pytest.mark.parametrize('name', DISTURBANCES)
def test_one_fails_then_the_other(mirror, start, asking, befall, name):
    start(mirror.servers)
    with sockets.Watch('sdr') as watch, asking() as asker:
        asker.wait(3)
        for server in mirror.servers:
            with befall(name, server):
                asker.wait(5)
                before = len(mirror.other(server).searches(ALICE))
                asker.wait(5)
                assert len(mirror.other(server).searches(ALICE)) > before
            asker.wait(3)
        peaks = watch.peaks()
        assert max(peaks[s.ldaps_port] for s in mirror.servers) <= CONNECTIONS
