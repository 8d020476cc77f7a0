"""test_replica_mta.py - MTAs that route by the replica while the directory is down

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import paths
import slapd as ldap
import world
from proc import wait_for

ALICE, DAVE, BOTH, NOBODY = (f'{name}@example.com' for name in ('alice', 'dave', 'both', 'nobody'))
ROUTED = Counter(['alice@hosted.example.com', DAVE, BOTH, 'both@hosted.example.com'])
UNKNOWN = '550 5.1.1'
NOT_NOW = '451 4.4.3'
FRESH = 5  # seconds: unknown-max-age
CHANGE = f"""\
dn: uid={{}},ou=people,{ldap.SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: {{}}
"""


@pytest.fixture
def sync(new_sync, slapd):
    """An sdr-sync that is not started."""
    return new_sync(slapd, replica={'unknown-max-age': str(FRESH)})


@pytest.fixture
def milter_for(new_milter, slapd, sync, scratch):
    """milter_for(mta): a running milter that reads the replica and has no password."""
    def make(mta):
        text = world.conf(
            directory_corp={'uri': slapd.uri, 'bind': 'none', 'bind-dn': None, 'timeout': '20'},
            replica={'path': str(sync.path), 'unknown-max-age': str(FRESH)},
            milter={'socket': f'unix:{mta.queue_folder / world.SOCKET}',
                    'socket-group': mta.manners.group})
        return new_milter(text).start()
    return make


NO_TSAN = pytest.mark.skipif('tsan' in paths.BUILD.name,
                             reason="Exim cannot load what ThreadSanitizer wants to be first in")


@pytest.fixture(params=['postfix', 'sendmail', pytest.param('exim', marks=NO_TSAN)])
def routing(request, sync, milter_for, new_postfix, new_sendmail, new_exim, exim_conf):
    """An MTA that routes by the replica."""
    if request.param == 'exim':
        sync.share('Debian-exim')
        return new_exim(exim_conf(
            directory_corp={'timeout': '20'},
            replica={'path': str(sync.path), 'unknown-max-age': str(FRESH)})).start()
    new = {'postfix': new_postfix, 'sendmail': new_sendmail}[request.param]
    mta = new(milters=[f'unix:{world.SOCKET}'])
    milter_for(mta)
    return mta


def replies(mta, *recipients):
    """The beginning of the RCPT reply for each."""
    return [str(reply)[:9] for reply in mta.send(list(recipients)).rcpts]


def reply(mta, recipient):
    return replies(mta, recipient)[0]


def delivered(mta, sink, *recipients):
    sent = mta.send(list(recipients))
    mta.wait_empty()
    return sink.recipients(sent.message_id)


def test_routing_goes_on(routing, sync, slapd, sink):
    """Known recipients for days, unknown ones while the answer is sure; recovery needs no action."""
    sync.start()
    sync.caught_up()
    # sdr-sync keeps its connection, and searches at intervals.
    connected = slapd.log().count(' ACCEPT from ')
    assert delivered(routing, sink, ALICE, DAVE, BOTH) == ROUTED
    assert slapd.log().count(' ACCEPT from ') == connected
    slapd.kill()
    assert delivered(routing, sink, ALICE, DAVE, BOTH) == ROUTED
    wait_for(lambda: reply(routing, NOBODY) == NOT_NOW, 4 * FRESH, 'unknown ones to be deferred')
    assert delivered(routing, sink, ALICE, DAVE, BOTH) == ROUTED
    slapd.start()
    wait_for(lambda: reply(routing, NOBODY) == UNKNOWN, 30, 'recovery')
    assert delivered(routing, sink, ALICE, DAVE, BOTH) == ROUTED


def test_change_is_visible(routing, sync, slapd, sink):
    sync.start()
    sync.caught_up()
    assert delivered(routing, sink, DAVE) == Counter([DAVE])
    slapd.modify(CHANGE.format('dave', 'hosted'))
    sync.caught_up()
    assert delivered(routing, sink, DAVE) == Counter(['dave@hosted.example.com'])


def test_replica_comes_and_goes(routing, sync, slapd, sink):
    """Without a replica the directory is asked, by the programs that may."""
    assert reply(routing, ALICE)[:3] in ('250', '451')
    sync.start()
    sync.caught_up()
    slapd.stop()
    wait_for(lambda: reply(routing, ALICE).startswith('250'), 10, 'the replica to be found')
    sync.stop()
    assert delivered(routing, sink, ALICE) == Counter(['alice@hosted.example.com'])
    sync.path.unlink()
    wait_for(lambda: reply(routing, ALICE) == NOT_NOW, 10, 'the replica to be missed')


def test_directory_is_asked_while_the_replica_is_stale(exim_conf, new_exim, sync, slapd):
    """sdr-sync has ended, but the directory works."""
    sync.share('Debian-exim')
    exim = new_exim(exim_conf(
        replica={'path': str(sync.path), 'unknown-max-age': str(FRESH)})).start()
    sync.start()
    sync.caught_up()
    sync.kill()
    slapd.add(world.person('carol', sdrOwner='hosted'))
    wait_for(lambda: reply(exim, 'carol@example.com').startswith('250'), 4 * FRESH)
    assert reply(exim, NOBODY) == UNKNOWN
