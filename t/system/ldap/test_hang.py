"""test_hang.py - a server that fails in every way at every stage: answers are in time, and cheap

A whole query ends after `timeout`. A busy machine is slower, so the tests allow more time; a wait without a
deadline would never end.

SPDX-License-Identifier: BSD-2-Clause
"""
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import paths
import world
from ask import IDLE_SHARE, SANITIZED, ask, cpu_seconds, descriptors, most_memory, timed_rcpt
from badserver import (ACCEPT, BIND, BOUND, COMPARE, CONNECT, FLIGHT, HELLO, SEARCH, START_TLS,
                       BadServer)
from milter import Milter
from postfix import Postfix
from proc import PATIENCE, wait_for
from slapd import Slapd

ALICE, ALICE_HOSTED = 'alice@example.com', 'alice@hosted.example.com'
AWAY, KNOWN = '451 4.4.3', '250 2.1.5'
TIMEOUT = 2
PAIRED = 8  # half of it is for the working server of two, which may be slow
PATIENT = 15  # a working server takes seconds for a query of half a megabyte, on a busy machine
LATEST = TIMEOUT + PATIENCE
IDLE = IDLE_SHARE * TIMEOUT  # seconds of processor time for a query
MEMORY = 50 << 20  # octets that sdr-milter may have in memory

EVERY = ('ldap', 'ldaps', 'start-tls')
ENCRYPTED = ('ldaps', 'start-tls')
ANSWERS = ('silent', 'half', 'cut', 'drip', 'close', 'reset', 'garbage', 'huge', 'notice',
           'wrong_number')
MATRIX = [
    (CONNECT, EVERY, ['dropped']),
    (ACCEPT, EVERY, ['silent', 'close', 'reset', 'garbage']),
    (START_TLS, ['start-tls'], ANSWERS),
    (HELLO, ENCRYPTED, ['silent', 'close', 'reset', 'garbage']),
    (FLIGHT, ENCRYPTED, ['half', 'cut', 'drip']),
    (BIND, EVERY, ANSWERS),
    (BOUND, EVERY, ['close', 'reset', 'garbage', 'huge', 'notice']),
    (SEARCH, EVERY, ANSWERS),
    (COMPARE, EVERY, ['silent', 'half', 'close', 'wrong_number']),
]
ROWS = [(transport, stage, manner) for stage, transports, manners in MATRIX
        for transport in transports for manner in manners]


class Office:
    """A slapd behind a server that can fail; an MTA, a milter and sdrctl that query it."""

    def __init__(self, folder, transport, certificate, stop_later, narrow=False, timeout=TIMEOUT,
                 **options):
        """narrow: see BadServer; timeout: of one server alone; options: more of the directory"""
        self.folder = folder
        slapd = Slapd(folder / 'slapd', world.PEOPLE)
        stop_later(slapd.stop)
        slapd.start()
        self.server = BadServer(slapd.folder / 'ldapi', ldaps=transport == 'ldaps', narrow=narrow,
                                tls=certificate if transport in ENCRYPTED else None)
        stop_later(self.server.stop)
        self.server.start()
        self._postfix = Postfix(folder / 'postfix', 1, milters=[f'unix:{world.SOCKET}'])
        stop_later(self._postfix.stop)
        self._postfix.start()
        self._options = {
            'password-file': str(world.password_file(folder)), 'tls-ca-file': str(certificate.ca),
            'start-tls': 'yes' if transport == 'start-tls' else 'no', **options}
        self.alone = self._write('alone.conf', self.server.uri, timeout)
        spare = BadServer(slapd.folder / 'ldapi', ldaps=self.server.ldaps, tls=certificate).start()
        stop_later(spare.stop)
        self.paired = self._write('paired.conf', [self.server.uri, spare.uri], PAIRED)
        self.milter = Milter(folder / 'milter', self.alone.read_text())
        stop_later(self.milter.close)
        self.milter.start()

    def _write(self, name, uri, timeout):
        path = self.folder / name
        path.write_text(world.conf(
            directory_corp={**self._options, 'uri': uri, 'timeout': str(timeout)},
            milter={'socket': f'unix:{self._postfix.queue_folder / world.SOCKET}'}))
        return path

    def ask_milter(self):
        """The reply of Postfix to ALICE, and how long it took."""
        return timed_rcpt(self._postfix, ALICE)

    def wait_known(self):
        """A working server may need more time than the timeout."""
        wait_for(lambda: self.ask_milter()[0] == KNOWN, what='an answer')


@pytest.fixture(scope='module')
def office(request, certificate):
    with paths.scratch() as folder, ExitStack() as stack:
        yield Office(folder, request.param, certificate, stack.callback)


@pytest.fixture
def office_of(scratch, certificate, stop_later):
    """office_of(transport, ...): for one test."""
    return lambda transport, **options: Office(scratch, transport, certificate, stop_later,
                                               **options)


@pytest.mark.milter
@pytest.mark.parametrize('office, stage, manner', ROWS, indirect=['office'],
                         ids=map('-'.join, ROWS))
def test_bad_server(office, stage, manner):
    office.wait_known()
    idle = descriptors(office.milter.pid)
    start = ask(office.alone, ALICE).cpu
    office.server.turn(stage, manner)

    with ThreadPoolExecutor() as pool:
        alone, paired = pool.submit(ask, office.alone, ALICE), pool.submit(ask, office.paired, ALICE)
        before = cpu_seconds(office.milter.pid)
        reply, seconds = office.ask_milter()
        cpu = cpu_seconds(office.milter.pid) - before
        alone, paired = alone.result(), paired.result()

    assert (reply, alone.reply) == (AWAY, AWAY)
    assert max(seconds, alone.seconds) < LATEST
    assert max(cpu, alone.cpu - start) < IDLE
    assert (paired.verdict, paired.targets) == ('redirect', [ALICE_HOSTED])

    office.server.heal()
    office.wait_known()
    wait_for(lambda: descriptors(office.milter.pid) <= idle, 10, 'everything closed again')


def big_filter(size):
    """A filter of this many octets that every entry matches, with few terms, which take less time."""
    terms = ''.join(f'(cn={i:01000})' for i in range(size // 1005))
    return f'(|(objectClass=*){terms})'


@pytest.mark.milter
@pytest.mark.parametrize('transport', EVERY)
def test_server_that_stops_reading(office_of, transport):
    """The query is larger than the kernel's buffers for a server that does not read."""
    office = office_of(transport, narrow=True, timeout=PATIENT, filter=big_filter(600_000))
    office.wait_known()
    office.server.turn(BOUND, 'silent')
    before = cpu_seconds(office.milter.pid)
    reply, seconds = office.ask_milter()
    cpu = cpu_seconds(office.milter.pid) - before
    assert reply == AWAY
    assert seconds < PATIENT + PATIENCE
    assert cpu < IDLE_SHARE * PATIENT
    office.server.heal()
    office.wait_known()


@pytest.mark.milter
@pytest.mark.parametrize('transport', EVERY)
def test_endless_answer(office_of, transport):
    """Reading takes processor time. The answer is in time nevertheless, and the entries are not kept."""
    office = office_of(transport)
    office.wait_known()
    office.server.turn(SEARCH, 'stream')
    reply, seconds = office.ask_milter()
    assert reply == AWAY
    assert seconds < LATEST
    if not SANITIZED:
        assert most_memory(office.milter.pid) < MEMORY
    assert ask(office.paired, ALICE).targets == [ALICE_HOSTED]
    office.server.heal()
    office.wait_known()
