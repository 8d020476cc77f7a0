"""conftest.py - real servers for the system tests, one set for each test

A fixture called new_* makes a server with options of its own; without the
prefix it is that of the default world (t/lib/world.py). All of them stop when
the test ends.

A test that needs an MTA, by whichever fixture, runs once with each: with
Postfix, with Sendmail and, if no milter comes into it, with Exim; one that asks
for the fixture of one of them, with that alone.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import socket
import sys
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# A test can import from tests in any folder.
sys.path[:0] = map(str, [HERE.parent / 'lib', HERE, *(path for path in HERE.iterdir() if path.is_dir())])

import paths
import world
from ds389 import DS389
from exim import Exim
from krb5 import Client
from mailhost import MailHost
from milter import Milter
from namespace import Namespace
from postfix import Postfix
from samba import Samba
from sdrctl import Conversation
from sendmail import Sendmail
from sink import Sink
from slapd import Slapd
from sync import Sync
from tls import CA

MILTER_FIXTURES = {'milter', 'new_milter'}
MTAS = ['postfix', 'sendmail', 'exim']
FOLDERS_WITH_THREADS = {'milter', 'ldap'}
FOLDERS_OF_SHORT_RUNS = {'ctl', 'exim'}


def pytest_configure(config):
    for marker in ('milter: runs sdr-milter, set by itself from the fixtures',
                   'input: in each case a program of ours reads something else that is malformed',
                   'whole: none of its cases may be left out',
                   'memory: worth a run under AddressSanitizer, set by itself',
                   'more: one of many cases, left to "check all", set by itself',
                   'threads: in each case its threads meet in another way',
                   'races: worth a run under ThreadSanitizer, set by itself',
                   'own_engine: what sdr-milter with libmilter cannot do, see sdr-milter(8)',
                   'slow: takes much longer than others, and so begins before them'):
        config.addinivalue_line('markers', marker)


def possible(fixturenames):
    """All MTAs for a test without a milter, else those that support milters."""
    return MTAS if 'plain' in fixturenames else [name for name in MTAS if name != 'exim']


def pytest_generate_tests(metafunc):
    if 'mta' in metafunc.fixturenames:
        wanted = [name for name in MTAS if name in metafunc.fixturenames]
        metafunc.parametrize('mta', wanted or possible(metafunc.fixturenames), indirect=True)


def pytest_collection_modifyitems(items):
    """
    Memory: all cases where the input is the point; in a folder, the first case of each test. A program
    takes longer to start with AddressSanitizer than to run once: of FOLDERS_OF_SHORT_RUNS the first test
    of each file, for "check all" every test. Races: of each test that runs sdr-milter, and is not
    about an MTA, all where threads are the point; for "check all" the first case of the others, too.
    More: from the third case of a test on seven of eight; for "check all" none.
    """
    seen = Counter()
    for item in items:
        number = seen[item.function]
        marked = item.get_closest_marker
        if MILTER_FIXTURES.intersection(item.fixturenames):
            item.add_marker('milter')
        if marked('input') or number == 0 and item.path.parent != HERE and not (
                item.path.parent.name in paths.thorough([], FOLDERS_OF_SHORT_RUNS) and seen[item.path]):
            item.add_marker('memory')
        if marked('milter') and (marked('threads') or paths.thorough(number == 0, False)
                                 and item.path.parent.name in FOLDERS_WITH_THREADS):
            item.add_marker('races')
        if paths.thorough(False, number >= 2 and number % 8 != 0) and not marked('whole'):
            item.add_marker('more')
        seen.update([item.function, item.path])
    items.sort(key=lambda item: not item.get_closest_marker('slow'))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Add the logs of our daemons to the report of a failed test: the failure may not recur."""
    report = (yield).get_result()
    if call.when == 'call' and report.failed and 'scratch' in item.funcargs:
        for path in sorted(item.funcargs['scratch'].rglob('sdr-*.log')):
            report.sections.append((path.name, what_matters(path.read_text(errors='replace'))))


def what_matters(text):
    """The last warnings and errors of a log, and its end."""
    lines = text.splitlines()
    return '\n'.join([*[line for line in lines[:-20] if re.match('<[0-4]>', line)][-40:],
                      '...', *lines[-20:]])


@pytest.fixture(scope='session')
def ca():
    """A tls.CA; ca.issue() makes certificates."""
    with paths.scratch() as folder:
        yield CA(folder)


@pytest.fixture(scope='session')
def certificate(ca):
    """A tls.Certificate for a server at 127.0.0.1."""
    return ca.issue('server')


@pytest.fixture
def scratch():
    """A folder in /tmp with a short path that every user may enter."""
    with paths.scratch() as folder:
        yield folder


@pytest.fixture
def namespace(scratch):
    """The Namespace of the test, for fixtures that are set up before all servers."""
    with Namespace(scratch) as inside:
        yield inside


@pytest.fixture
def stop_later():
    """stop_later(server.stop): call it when the test has ended, in reverse order."""
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
    """A Samba without recipients, emptied after the test."""
    yield shared_ad
    shared_ad.empty()


@pytest.fixture
def new_ds(scratch, stop_later, certificate):
    """new_ds(ldif, ...): a started DS389 with TLS."""
    numbers = count()

    def make(ldif=world.PEOPLE, *, tls=certificate, **options):
        server = DS389(scratch / f'ds{next(numbers)}', ldif, tls=tls, **options)
        stop_later(server.close)
        return server.start()
    return make


@pytest.fixture(scope='session')
def shared_ds(certificate):
    with paths.scratch() as folder:
        server = DS389(folder / 'ds', tls=certificate)
        try:
            yield server.start()
        finally:
            server.close()


@pytest.fixture
def ds(shared_ds):
    """A DS389 without recipients, emptied after the test."""
    yield shared_ds
    shared_ds.thaw()
    shared_ds.empty()


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
    """new_postfix(...): a started Postfix that relays to the sink."""
    numbers = count()

    def make(**options):
        server = Postfix(scratch / f'postfix{next(numbers)}', sink.port, **options)
        stop_later(server.stop)
        return server.start()
    return make


@pytest.fixture
def new_sendmail(scratch, stop_later, sink):
    """new_sendmail(...): a started Sendmail that relays to the sink."""
    numbers = count()

    def make(**options):
        server = Sendmail(scratch / f'sendmail{next(numbers)}', sink.port, **options)
        stop_later(server.stop)
        return server.start()
    return make


@pytest.fixture
def new_exim(scratch, stop_later, sink):
    """new_exim(conf, ...): an Exim, not started, that relays to the sink."""
    numbers = count()

    def make(conf, **options):
        server = Exim(scratch / f'exim{next(numbers)}', sink.port, conf, **options)
        stop_later(server.stop)
        return server
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
def new_bare_milter(new_milter, slapd, scratch):
    """new_bare_milter(**sections): a running milter of the default world without any MTA."""
    def make(**sections):
        run = scratch / 'run'
        run.mkdir(mode=0o755)
        shutil.chown(run, 'sdr')
        directory = {'uri': slapd.uri, 'password-file': str(world.password_file(scratch))}
        sections['directory_corp'] = {**directory, **sections.get('directory_corp', {})}
        sections['milter'] = {'socket': f'unix:{run}/milter.sock', **sections.get('milter', {})}
        return new_milter(world.conf(**sections)).start()
    return make


@pytest.fixture
def bare_milter(new_bare_milter):
    return new_bare_milter()


@pytest.fixture
def new_host(stop_later):
    """new_host(address, port, ...): a started MailHost."""
    def make(*arguments, **options):
        host = MailHost(*arguments, **options)
        stop_later(host.stop)
        return host.start()
    return make


@pytest.fixture
def realm(scratch, monkeypatch):
    """realm(server): a Client of the server; programs started from now on use its realm."""
    def make(server):
        kerberos = Client(scratch / 'client', server)
        for name in ['KRB5_CLIENT_KTNAME', 'KRB5_KTNAME', 'KRB5CCNAME']:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv('KRB5_CONFIG', str(kerberos.conf))
        return kerberos
    return make


@pytest.fixture
def new_sync(scratch, stop_later):
    """new_sync(server, **sections): a Sync, not started, of this Slapd, or of None."""
    numbers = count()

    def make(server, **sections):
        folder = scratch / f'sync{next(numbers)}'
        folder.mkdir()
        directory = {'uri': server and server.uri,
                     'password-file': str(world.password_file(folder)),
                     **sections.pop('directory_corp', {})}
        replica = sections.pop('replica', {})

        def conf_text(path):
            return world.conf(directory_corp=directory, replica={'path': str(path), **replica},
                              **sections)
        sync = Sync(folder, conf_text)
        stop_later(sync.close)
        return sync
    return make


@pytest.fixture
def reported(scratch):
    """reported(): the next word for the service manager, whose socket is reported.path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        def receive(seconds=180):
            notify.settimeout(seconds)
            return notify.recv(100).split(b'\n')[0]
        receive.path = str(scratch / 'notify.socket')
        notify.bind(receive.path)
        Path(receive.path).chmod(0o666)
        yield receive


@pytest.fixture
def sink(stop_later):
    server = Sink()
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def slapd(new_slapd):
    """A slapd with the recipients of the default world."""
    return new_slapd()


@pytest.fixture
def postfix(new_postfix):
    """A Postfix that calls the milter of the default world. The fixture milter starts that."""
    return new_postfix(milters=[f'unix:{world.SOCKET}'])


@pytest.fixture
def sendmail(new_sendmail):
    """A Sendmail, as the fixture postfix."""
    return new_sendmail(milters=[f'unix:{world.SOCKET}'])


@pytest.fixture
def exim_conf(scratch, slapd):
    """exim_conf(**sections): the path of an sdr.conf for Exim and slapd of this test."""
    password = world.password_file(scratch, group='Debian-exim')
    (scratch / 'sdr').mkdir()

    def make(**sections):
        directory = {'uri': slapd.uri, 'password-file': str(password)}
        sections['directory_corp'] = {**directory, **sections.get('directory_corp', {})}
        path = scratch / 'sdr/sdr.conf'
        path.write_text(world.conf(**sections), encoding='utf-8')
        return path
    return make


@pytest.fixture
def exim(new_exim, exim_conf):
    """An Exim that queries slapd."""
    return new_exim(exim_conf()).start()


@pytest.fixture
def mta(request):
    """postfix, sendmail or exim: pytest_generate_tests() decides."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def conf(scratch, slapd, mta):
    """conf(**sections): world.conf() for slapd and mta of this test."""
    password = world.password_file(scratch)

    def make(**sections):
        directory = {'uri': slapd.uri, 'password-file': str(password)}
        listen = {'socket': f'unix:{mta.queue_folder / world.SOCKET}', 
                  'socket-group': mta.manners.group}
        sections['directory_corp'] = {**directory, **sections.get('directory_corp', {})}
        sections['milter'] = {**listen, **sections.get('milter', {})}
        return world.conf(**sections)
    return make


@pytest.fixture
def milter(new_milter, conf):
    """A running milter between mta and slapd."""
    return new_milter(conf()).start()


@pytest.fixture
def deliver(mta, sink):
    """deliver(rcpts, ...): send a message and wait for the queue. Returns (Sent, Counter of recipients that got it)."""
    def send(rcpts, **options):
        sent = mta.send(rcpts, **options)
        mta.wait_empty()
        return sent, sink.recipients(sent.message_id)
    return send
