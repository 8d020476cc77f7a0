"""test_failover.py - two servers that mirror each other, and the failures of one of them

A client sends queries all the time. While one of the two servers works, no recipient may be deferred,
rejected or routed to the wrong site.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import functools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import paths
import sdrctl
import slapd as ldap
import sockets
import tls
import world
from asker import ALICE, ALICE_HOSTED, DAVE, NOBODY, all_right, ask
from befall import frozen, killed, restarted, stopped
from fakeldap import FakeLdap
from mirror import Mirror
from proc import PATIENCE, free_port, wait_for
from tls import CA
from world import person

AWAY = 451
TIMEOUT = 10  # a silent server takes half of it: a busy one must need less than the other half
CONNECTIONS = 2
MANY = 60

CONFIG, DATABASE = 'cn=config', 'olcDatabase={1}mdb,cn=config'
REFERRAL = f'dn: {CONFIG}\nchangetype: modify\nadd: olcReferral\nolcReferral: ldap://127.0.0.1:9/\n\n'
# The reader cannot bind, whatever the password.
NO_BIND = 'access to attrs=userPassword by * none\naccess to * by * read\n'


@pytest.fixture
def mirror(new_slapd, certificate):
    return Mirror(new_slapd, world.PEOPLE, certificate)


@pytest.fixture
def postfix(new_postfix):
    return new_postfix(milters=[f'unix:{world.SOCKET}'],
                       main={'default_process_limit': str(MANY + 50)})


@pytest.fixture
def slapd(mirror):
    """The server that conf() configures."""
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
    return functools.partial(all_right, postfix, sink, TIMEOUT + PATIENCE)


def owner(uid, site):
    return (f'dn: uid={uid},ou=people,{ldap.SUFFIX}\nchangetype: modify\n'
            f'replace: sdrOwner\nsdrOwner: {site}\n')


# --- what else may befall a server, and how it ends ---

@contextlib.contextmanager
def deaf(server, **_):
    server.stop()
    with sockets.deaf(server.port), sockets.deaf(server.ldaps_port):
        yield
    server.start()


@contextlib.contextmanager
def emptied(server, mirror, **_):
    """It starts again without data. At first it cannot reach the other server, then that one fills it."""
    replication = server.options
    server.stop()
    server.empty()
    server.set(options='')
    server.start()
    yield
    server.set(options=replication)
    mirror.wait_synchronized()


def configured(**changes):
    """Restarted with another configuration, and again with its own."""
    @contextlib.contextmanager
    def disturbance(server, **_):
        before = {name: getattr(server, name) for name in changes}
        server.set(**changes)
        yield
        server.set(**before)
    return disturbance


def disguised(issue):
    """It presents a certificate that is not valid for it."""
    @contextlib.contextmanager
    def disturbance(server, ca, certificate, scratch, **_):
        server.set(tls=issue(ca, scratch))
        yield
        server.set(tls=certificate)
    return disturbance


def changed(ldif):
    """Without a restart: open connections stay open."""
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
    'restarted': restarted,
    'frozen': frozen,
    'deaf': deaf,
    'another authority': disguised(lambda ca, scratch: CA(scratch / 'other').issue('other')),
    'another name': disguised(lambda ca, scratch: ca.issue('name', 'DNS:elsewhere.test')),
    'expired': disguised(lambda ca, scratch: ca.issue(
        'expired', start=tls.NOW - 2 * tls.DAY, end=tls.NOW - tls.DAY)),
    'no such object': changed(database('olcHidden', 'TRUE')),
    'referral': changed(REFERRAL + database('olcHidden', 'TRUE')),
    'unwilling': changed(database('olcRestrict', 'search')),
    'another password': configured(acl=NO_BIND),
    'blind': configured(acl=ldap.BLIND),
    'emptied': emptied,
}


@pytest.fixture
def befall(mirror, ca, certificate, scratch):
    """with befall(name, server): the disturbance lasts so long."""
    return lambda name, server: DISTURBANCES[name](
        server, mirror=mirror, ca=ca, certificate=certificate, scratch=scratch)


# --- one of two ---

@pytest.mark.threads
@pytest.mark.parametrize('name', DISTURBANCES)
def test_one_fails_then_the_other(mirror, start, asking, befall, name):
    """The second time the first server is still being avoided, but is asked nevertheless."""
    start(mirror.servers)
    with sockets.Watch('sdr') as watch, asking() as asker:
        asker.wait(3)
        for server in mirror.servers:
            with befall(name, server):
                asker.wait(3)
                before = len(mirror.other(server).searches(DAVE))
                asker.wait(3)
                assert len(mirror.other(server).searches(DAVE)) > before or name == 'restarted'
        asker.wait(3)
        peaks = watch.peaks()
        assert max(peaks[s.ldaps_port] for s in mirror.servers) <= CONNECTIONS


@pytest.mark.parametrize('name', ['stopped', 'frozen', 'deaf'])
@pytest.mark.parametrize('uri', ['uri', 'ldaps_uri'])
def test_first_is_away_from_the_beginning(mirror, start, asking, befall, name, uri):
    with befall(name, mirror.first):
        start(mirror.servers, uri=[getattr(s, uri) for s in mirror.servers])
        with asking() as asker:
            asker.wait(3)


def test_read_only_does_no_harm(mirror, start, asking):
    start(mirror.servers, **{'max-connections': '8', 'timeout': '28'})
    mirror.first.modify(database('olcReadOnly', 'TRUE'))
    with asking() as asker:
        asker.wait(5)
    assert mirror.second.searches(DAVE) == []


def test_one_asker_tries_a_server_that_rested(mirror, start, asking):
    """If the server works, it is preferred again."""
    timeout = 18
    start(mirror.servers, timeout=str(timeout))
    port = mirror.first.ldaps_port

    def is_connected():
        return any(other.endswith(f':{port:04X}') for _, other in sockets.connections('sdr'))
    with sockets.Watch('sdr') as watch, asking(at_once=8, pause=0.5) as asker:
        asker.wait(8)
        mirror.first.freeze()
        wait_for(lambda: not is_connected(), what='the failure noted')
        watch.peaks()
        wait_for(is_connected, what='a trial')
        trial = len(asker.answers)
        wait_for(lambda: not is_connected(), what='end of the trial')
        assert len([a for a in asker.answers[trial:] if max(a.seconds) > timeout / 3]) <= 1
        assert watch.peaks()[port] == 1

        mirror.first.thaw()
        before = len(mirror.first.searches(DAVE))
        wait_for(lambda: len(mirror.first.searches(DAVE)) > before,
                 what='a search at the first server')
        asker.wait(3)
        before = len(mirror.second.searches(DAVE))
        asker.wait(8)
        assert len(mirror.second.searches(DAVE)) == before
        assert watch.peaks()[port] <= CONNECTIONS


def test_the_only_one_that_is_well_gets_most_of_the_time(scratch, stop_later, talk):
    """It gets more than half of the time, while a failed server is being avoided."""
    def answer(search):
        if search.whole:
            time.sleep(0.6 * TIMEOUT)
            yield f'cn=dave,{ldap.SUFFIX}', {'mail': [DAVE], 'sdrOwner': ['onprem']}
    slow_one = FakeLdap(answer).start()
    stop_later(slow_one.stop)
    asked = talk(sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': [f'ldap://127.0.0.1:{free_port()}', slow_one.uri], 'timeout': str(TIMEOUT),
        'bind': None, 'bind-dn': None})))
    assert [asked.ask(DAVE)['verdict'] for _ in range(2)] == ['pass', 'pass']


# --- many askers ---

def ask_at_once(postfix, count):
    """The answers to this many clients that ask for Dave at the same moment. All must be in time, even on a
    busy machine."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        clients = [stack.enter_context(postfix.client()) for _ in range(count)]
        answers = list(pool.map(lambda client: ask(client, [DAVE], data=False), clients))
    assert max(a.seconds[0] for a in answers) < TIMEOUT + PATIENCE
    return Counter(a.codes[0] for a in answers)


@contextlib.contextmanager
def slow(server):
    """It pauses for half a second before each answer."""
    ended = threading.Event()

    def answers():
        return server.log().count(' SEARCH RESULT ')

    def doze():
        while not ended.is_set():
            server.freeze()
            ended.wait(0.5)
            before = answers()
            server.thaw()
            wait_for(lambda: ended.is_set() or answers() > before)
    thread = threading.Thread(target=doze)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def ask_until(postfix, count, condition):
    """The answers to this many clients that ask for Dave repeatedly until this is true."""
    ended = threading.Event()

    def run(client):
        codes = []
        while not ended.is_set():
            codes += ask(client, [DAVE], data=False).codes
            client.command('RSET')
        return codes
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        clients = [stack.enter_context(postfix.client()) for _ in range(count)]
        codes = [pool.submit(run, client) for client in clients]
        try:
            wait_for(condition)
        finally:
            ended.set()
        return {code for each in codes for code in each.result()}


def test_busy_is_not_failed(mirror, start, postfix):
    """A server that is too slow for all its clients is still preferred when they have gone."""
    # No search takes half of that; a query that waits for all the others takes longer.
    start(mirror.servers, **{'max-connections': '1', 'timeout': '20'})
    assert ask_at_once(postfix, 1) == {250: 1}
    with slow(mirror.first):
        assert ask_until(postfix, MANY, lambda: mirror.second.searches(DAVE)) == {250}
    asked = [len(server.searches(DAVE)) for server in mirror.servers]
    assert ask_at_once(postfix, 1) == {250: 1}
    assert [len(server.searches(DAVE)) for server in mirror.servers] == [asked[0] + 1, asked[1]]


def test_many_at_a_frozen_server(mirror, start, postfix):
    """A query that waits for a connection waits no longer than one that has a connection; then the second
    server is asked."""
    start(mirror.servers, **{'timeout': str(TIMEOUT), 'max-connections': '4'})
    mirror.first.freeze()
    assert ask_at_once(postfix, MANY) == {250: MANY}
    mirror.second.freeze()
    assert ask_at_once(postfix, MANY) == {AWAY: MANY}
    mirror.first.thaw()
    assert ask_at_once(postfix, MANY) == {250: MANY}


# --- both ---

@pytest.mark.parametrize('back', [0, 1], ids=['first', 'second'])
@pytest.mark.parametrize('name', ['stopped', 'frozen', 'another password'])
def test_both_fail_then_one_is_back(mirror, start, postfix, befall, name, back):
    """A password that all servers have rejected is not tried again without a reload: see test_refused.py."""
    milter = start(mirror.servers)
    with postfix.client() as client, contextlib.ExitStack() as stack:
        with befall(name, mirror.servers[back]):
            stack.enter_context(befall(name, mirror.servers[1 - back]))
            answer = ask(client, [ALICE, NOBODY])
            assert answer.codes == [AWAY] * 2
            assert max(answer.seconds) < TIMEOUT + PATIENCE
        if name == 'another password':
            milter.reload()
        client.command('RSET')
        assert ask(client, [ALICE, NOBODY, DAVE], data=False).codes == [250, 550, 250]


# --- what they do not have in common ---

def test_move_written_to_the_other(mirror, start, deliver):
    start(mirror.servers)
    for server, site, reached in [(mirror.second, 'onprem', ALICE),
                                  (mirror.first, 'hosted', ALICE_HOSTED)]:
        server.modify(owner('alice', site))
        mirror.wait_synchronized()
        for asked in mirror.servers:
            with frozen(mirror.other(asked)):
                _, got = deliver([ALICE])
            assert got == Counter([reached])


def test_move_that_the_other_has_not_seen(mirror, start, deliver):
    """The other server answers with the old site until it has received the change."""
    start(mirror.servers)
    with stopped(mirror.second):
        mirror.first.modify(owner('alice', 'onprem'))
        _, got = deliver([ALICE])
        assert got == Counter([ALICE])
        mirror.first.kill()
    sent, got = deliver([ALICE, NOBODY, DAVE])
    assert [r.code for r in sent.rcpts] == [250, 550, 250]
    assert got == Counter([ALICE_HOSTED, DAVE])
    mirror.first.start()
    mirror.wait_synchronized()
    mirror.first.kill()
    _, got = deliver([ALICE])
    assert got == Counter([ALICE])


@pytest.mark.parametrize('order', [1, -1], ids=['first', 'second'])
def test_mirror_that_is_being_filled(new_slapd, start, asking, order):
    """It has only some of the people: a recipient is unknown only if neither server has it."""
    full, half = new_slapd(), new_slapd(person('bob', sdrOwner='hosted'))
    start([half, full][::order])
    with asking() as asker:
        asker.wait(5)
    assert half.searches(NOBODY) and full.searches(NOBODY)


def test_stronger_key_of_the_other(new_slapd, start, deliver):
    """The catch-all is not used while the other server has the address itself."""
    half = new_slapd(person('any', mail='@example.com', sdrOwner='onprem'))
    start([half, new_slapd()])
    _, got = deliver([ALICE, 'alice+news@example.com'])
    assert got == Counter([ALICE_HOSTED, 'alice+news@hosted.example.com'])


# --- all of it ---

def resident(pid):
    """Memory in kB."""
    status = Path(f'/proc/{pid}/status').read_text()
    return int(status.partition('VmRSS:')[2].split()[0])


def descriptors(pid):
    return len(list(Path(f'/proc/{pid}/fd').iterdir()))


@pytest.mark.slow
def test_random_disturbances(mirror, start, asking, befall):
    seed = random.randrange(1 << 32)
    print(f'seed {seed}')
    choice = random.Random(seed)
    milter = start(mirror.servers)
    with sockets.Watch('sdr') as watch, asking() as asker:
        asker.wait(10)
        open_before, memory_before = descriptors(milter.pid), resident(milter.pid)
        for _ in range(paths.thorough(30, 10)):
            name, server = choice.choice(list(DISTURBANCES)), choice.choice(mirror.servers)
            print(name, mirror.servers.index(server))
            with befall(name, server):
                asker.wait(choice.randrange(4))
            # No query must meet the next failure, too.
            asker.wait(1)
        assert max(watch.peaks()[s.ldaps_port] for s in mirror.servers) <= CONNECTIONS
    wait_for(lambda: descriptors(milter.pid) <= open_before + 2 * CONNECTIONS, what='others closed')
    if paths.BUILD.name == 'build':
        assert resident(milter.pid) < memory_before + 4096
