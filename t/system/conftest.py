"""conftest.py - real servers for the system tests, one set for each test

A fixture called new_* makes a server with options of its own; without the
prefix it is that of the default world (t/lib/world.py). All of them stop when
the test ends.

SPDX-License-Identifier: BSD-2-Clause
"""
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))

import paths
import world
from milter import Milter
from postfix import Postfix
from samba import Samba
from sdrctl import Conversation
from sink import Sink
from slapd import Slapd
from tls import CA

MILTER_FIXTURES = {'milter', 'new_milter'}


def pytest_configure(config):
    config.addinivalue_line('markers', 'milter: runs sdr-milter, set by itself: worth a run '
                                       'under ThreadSanitizer')


def pytest_collection_modifyitems(items):
    for item in items:
        if MILTER_FIXTURES.intersection(item.fixturenames):
            item.add_marker('milter')


@pytest.fixture(scope='session')
def ca():
    """A tls.CA; ca.issue() makes certificates."""
    with paths.scratch() as folder:
        yield CA(folder)


@pytest.fixture(scope='session')
def certificate(ca):
    """For a server at 127.0.0.1."""
    return ca.issue('server')


@pytest.fixture
def scratch():
    """A folder in /tmp with a short path that every user may enter."""
    with paths.scratch() as folder:
        yield folder


@pytest.fixture
def stop_later():
    """stop_later(server.stop): called when the test has ended, the last one first."""
    with ExitStack() as stack:
        yield stack.callback


@pytest.fixture
def new_slapd(scratch, stop_later, certificate):
    """new_slapd(ldif, ...): a started Slapd with TLS."""
    numbers = count()

    def make(ldif=world.PEOPLE, *, tls=certificate, **options):
        server = Slapd(scratch / f'slapd{next(numbers)}', ldif, tls=tls, **options)
        stop_later(server.stop)
        return server.start()
    return make


@pytest.fixture
def new_ad(scratch, stop_later, ca):
    """new_ad(ldif, ...): a started Samba."""
    numbers = count()

    def make(ldif='', **options):
        server = Samba(scratch / f'ad{next(numbers)}', ca, **options)
        stop_later(server.stop)
        server.start()
        if ldif:
            server.add(ldif)
        return server
    return make


@pytest.fixture(scope='session')
def shared_ad(ca):
    with paths.scratch() as folder:
        server = Samba(folder / 'ad', ca)
        try:
            yield server.start()
        finally:
            server.stop()


@pytest.fixture
def ad(shared_ad):
    """A Samba without people, that is emptied after the test."""
    yield shared_ad
    shared_ad.empty()


@pytest.fixture
def talk(stop_later):
    """talk(conf): an sdrctl that keeps its connections."""
    def make(conf):
        conversation = Conversation(conf)
        stop_later(conversation.close)
        return conversation
    return make


@pytest.fixture
def new_postfix(scratch, stop_later, sink):
    """new_postfix(...): a started Postfix that hands on to the sink."""
    numbers = count()

    def make(**options):
        server = Postfix(scratch / f'postfix{next(numbers)}', sink.port, **options)
        stop_later(server.stop)
        return server.start()
    return make


@pytest.fixture
def new_milter(scratch, stop_later):
    """new_milter(conf_text): a Milter that is not started yet."""
    numbers = count()

    def make(conf_text):
        server = Milter(scratch / f'milter{next(numbers)}', conf_text)
        stop_later(server.close)
        return server
    return make


@pytest.fixture
def sink(stop_later):
    server = Sink()
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def slapd(new_slapd):
    """The people of the default world."""
    return new_slapd()


@pytest.fixture
def postfix(new_postfix):
    """Asks the milter of the default world, which a test starts with the fixture milter."""
    return new_postfix(milters=[f'unix:{world.SOCKET}'])


@pytest.fixture
def conf(scratch, slapd, postfix):
    """conf(**sections): world.conf() for slapd and postfix of this test."""
    password = world.password_file(scratch)

    def make(**sections):
        directory = {'uri': slapd.uri, 'password-file': str(password)}
        listen = {'socket': f'unix:{postfix.queue_folder / world.SOCKET}'}
        sections['directory_corp'] = {**directory, **sections.get('directory_corp', {})}
        sections['milter'] = {**listen, **sections.get('milter', {})}
        return world.conf(**sections)
    return make


@pytest.fixture
def milter(new_milter, conf):
    """A running milter between postfix and slapd."""
    return new_milter(conf()).start()


@pytest.fixture
def deliver(postfix, sink):
    """deliver(rcpts, ...): send, wait for the queue; (Sent, Counter of who got it)."""
    def send(rcpts, **options):
        sent = postfix.send(rcpts, **options)
        postfix.wait_empty()
        return sent, sink.recipients(sent.message_id)
    return send
