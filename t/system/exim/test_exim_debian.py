"""test_exim_debian.py - the snippets in Debian's own configurations, split and not: each message
ends in exactly the right place

SPDX-License-Identifier: BSD-2-Clause
"""
import itertools
from collections import Counter

import pytest

import smtpclient
import world
from debianexim import WORLDS, DebianExim
from mta import INSIDER, OUTSIDER
from proc import wait_for
from sink import Sink
from world import person

# Users of every Debian: daemon is here, bin has moved, sys is both, games forwards.
PEOPLE = world.PEOPLE + ''.join([
    person('daemon', sdrOwner='onprem'), person('bin', sdrOwner='hosted'),
    person('sys', sdrOwner=['onprem', 'hosted']), person('team', sdrOwner='onprem'),
    person('games', sdrOwner='onprem'), person('crew', sdrOwner=['onprem', 'hosted']),
])
ALICE, THERE = 'alice@example.com', 'alice@hosted.example.com'
EVERYWHERE = [(world, split) for world in WORLDS for split in (True, False)]
HERE = [name for name, answers in WORLDS.items() if answers.local]
# Undoes the routing of each address that a router creates, unless the router forbids it.
REWRITE = {
    'all': '*@*.example.com $1@example.com\n',
    'envelope to': '*@*.example.com $1@example.com T\n',
    'whole domain': '*@hosted.example.com ${local_part}@example.com Eh\n',
    'to the old server': r'\N^(.*)@hosted\.example\.com$\N $1@example.com TtFf' '\n',
}


@pytest.fixture
def slapd(new_slapd):
    return new_slapd(PEOPLE)


@pytest.fixture
def sink(stop_later):
    """The other machines."""
    server = Sink('127.0.0.20')
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def new_debian(scratch, sink, exim_conf, stop_later):
    def make(world, split=True, rewrite='', lists='', **more):
        server = DebianExim(scratch / 'exim', sink, exim_conf(), split=split, world=world,
                            rewrite=rewrite, lists=lists, **more)
        server.aliases['team'] = 'bin@example.com, daemon@example.com, sys@example.com'
        server.aliases['crew'] = 'daemon@example.com, bin@example.com'
        stop_later(server.stop)
        return server.start()
    return make


@pytest.fixture
def exim(request, new_debian):
    """The world, whether it is split, rewriting rules, a router before ours."""
    return new_debian(*getattr(request, 'param', ('internet', True)))


@pytest.fixture
def arrived(exim, sink):
    """arrived(message_id): Counter of who got it where, once the queue is empty or all have waited."""
    def count(message_id, waiting=0):
        wait_for(lambda: len(exim.queue()) == waiting and (not waiting or exim.deferred()), 60,
                 f'{waiting} messages that wait')
        return sink.recipients(message_id) + Counter(
            {f'{user}@HERE': n for user, n in exim.mailboxes(message_id).items()})
    return count


def here(exim, *names):
    """The right places for mail at this site."""
    return Counter(f'{name}@HERE' if exim.mailboxes_here else f'{name}@example.com' for name in names)


def there(*names):
    return Counter(f'{name}@hosted.example.com' for name in names)


def orders(exim, names):
    """All orders of recipients in two worlds, with mailboxes here and elsewhere. In the other worlds, which
    have the same routers, the orders in which each recipient is once in each position, and once right after
    each other recipient."""
    if (exim.world, exim.split) in [(WORLDS['internet'], True), (WORLDS['hubbed'], False)]:
        return itertools.permutations(names)
    return [tuple(names[(first + n) % 4] for n in (0, 1, 3, 2)) for first in range(4)]


def test_configuration_is_sound(exim):
    assert 'Configuration file is' in exim.run('-bV').stdout


@pytest.mark.parametrize('exim', EVERYWHERE, indirect=True)
def test_every_order_of_recipients(exim, arrived):
    """A recipient who has moved is not delivered here because of another recipient who has a mailbox here."""
    names = ['bin', 'daemon', 'sys', 'alice']
    sent = [exim.send([f'{name}@example.com' for name in order])
            for order in orders(exim, names)]
    for message in sent:
        assert [r.code for r in message.rcpts] == [250] * len(names)
        assert arrived(message.message_id) == here(exim, 'daemon', 'sys') + there(
            'bin', 'sys', 'alice')
    assert 'no IP address found' not in exim.log()


@pytest.mark.parametrize('exim', EVERYWHERE, indirect=True)
def test_submitted_here(exim, arrived, sink):
    """Recipients that no ACL has seen: unknown ones, and one on hold, after one with a mailbox."""
    ids = [smtpclient.new_message_id() for _ in range(3)]
    for message_id, order in zip(ids, (['daemon', 'nobody', 'bin', 'held'],
                                       ['held', 'daemon', 'bin', 'nobody'],
                                       ['nobody', 'held', 'bin', 'daemon'])):
        exim.submit([f'{name}@example.com' for name in order], sender='sender@elsewhere.test',
                    text=f'Message-ID: <{message_id}>\nSubject: test\n\nHello\n')
    wait_for(lambda: sum(t.recipients == ['sender@elsewhere.test'] for t in sink.transactions) == 3)
    for message_id in ids:
        assert arrived(message_id, waiting=3) == here(exim, 'daemon') + there('bin')


@pytest.mark.parametrize('exim', EVERYWHERE, indirect=True)
def test_sent_to_us_and_extension(exim, arrived):
    for order in orders(exim, ['daemon@onprem.example.com', 'daemon@example.com',
                               'bin+x@example.com', 'bin@onprem.example.com']):
        sent = exim.send(list(order))
        assert [r.code for r in sent.rcpts] == [250] * 4
        assert arrived(sent.message_id) == here(exim, 'daemon') + there('bin+x', 'bin')


@pytest.mark.parametrize('exim', [(w, s) for w, s in EVERYWHERE if w in HERE], indirect=True)
def test_alias_and_forward(exim, arrived):
    exim.forward('games', 'bin@example.com, x@elsewhere.test, \\games\n')
    for order in orders(exim, ['team', 'games', 'daemon', 'alice']):
        sent = exim.send([f'{name}@example.com' for name in order])
        assert [r.code for r in sent.rcpts] == [250] * 4
        assert arrived(sent.message_id) == here(exim, 'daemon', 'sys', 'games') + there(
            'bin', 'sys', 'alice') + Counter(['x@elsewhere.test'])


@pytest.mark.parametrize('exim', [
    pytest.param((where, True, rule), id=f'{where}, {name}')
    for where in ('internet', 'hubbed', 'satellite') for name, rule in REWRITE.items()],
    indirect=True)
def test_rewriting_rules_do_not_undo_the_routing(exim, arrived):
    sent = exim.send(['bin@example.com', 'daemon@example.com', 'sys@example.com', ALICE])
    assert arrived(sent.message_id) == here(exim, 'daemon', 'sys') + there('bin', 'sys', 'alice')


LISTS = """\
lists:
  driver = redirect
  domains = example.com
  data = ${if eq{$local_part}{everybody}{bin@example.com, daemon@example.com, x@elsewhere.test}}
"""


@pytest.mark.parametrize('exim', [(*where, '', LISTS) for where in EVERYWHERE], indirect=True)
@pytest.mark.parametrize('source', [OUTSIDER, INSIDER])
def test_list_that_the_directory_does_not_know(exim, arrived, source):
    sent = exim.send(['everybody@example.com', 'nobody@example.com', 'daemon@example.com'],
                     source=source)
    assert [r.code for r in sent.rcpts] == [250, 550, 250]
    assert arrived(sent.message_id) == here(exim, 'daemon') + there('bin') + Counter(
        ['x@elsewhere.test'])


def test_replies(exim, arrived):
    sent = exim.send([ALICE, 'daemon@example.com', 'bin@example.com', 'sys@example.com',
                      'daemon@onprem.example.com', 'nobody@example.com', 'held@example.com',
                      'team@example.com', 'postmaster@example.com', THERE])
    assert [r.code for r in sent.rcpts] == [250, 250, 250, 250, 250, 550, 451, 250, 250, 550]
    assert str(sent.rcpts[5]) == '550 5.1.1 User unknown'
    assert str(sent.rcpts[6]).startswith('451 4.2.1 ')
    assert str(sent.rcpts[9]) == '550 relay not permitted'
    assert arrived(sent.message_id) == here(exim, 'daemon', 'sys') + there('alice', 'bin', 'sys')


def test_insiders_are_answered_as_well(exim):
    sent = exim.send(['nobody@example.com', 'held@example.com', ALICE, THERE, 'x@elsewhere.test'],
                     source=INSIDER)
    assert [r.code for r in sent.rcpts] == [550, 451, 250, 250, 250]


@pytest.mark.parametrize('exim', [(w, s) for w, s in EVERYWHERE if w in HERE], indirect=True)
@pytest.mark.parametrize('source', [OUTSIDER, INSIDER])
def test_mailbox_here_and_there_that_is_not_here(exim, arrived, source):
    """Two sites own each of them, but Debian's routers know no extensions, and there is no account "both"."""
    sent = exim.send(['sys+1@example.com', 'both@example.com', 'crew+x@example.com',
                      'crew@example.com', 'sys@example.com'], source=source)
    assert [r.code for r in sent.rcpts] == [550, 550, 550, 250, 250]
    assert exim.send('sys+1@onprem.example.com').rcpts[0].code == 550
    assert arrived(sent.message_id) == here(exim, 'daemon', 'sys') + there('bin', 'crew', 'sys')


CUT_THROUGH = """\
cut_through:
  accept
    control = cutthrough_delivery
    verify = recipient/callout=use_sender
"""


@pytest.mark.parametrize('given, halves', [
    ('sys', ['sys@example.com', 'sys@hosted.example.com']), ('daemon', ['daemon@example.com']),
    ('bin', ['bin@hosted.example.com'])])
def test_cutthrough_delivery_leaves_no_half_out(new_debian, sink, given, halves):
    """Exim passes the message on while it receives it, to the only place found by verification."""
    exim = new_debian('hubbed', acl=CUT_THROUGH, macros='SDR_ACL == cut_through\n')
    sent = exim.send(f'{given}@example.com')
    assert sent.rcpts[0].code == 250
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == Counter(halves)
    assert (' >> ' in exim.log()) == (len(halves) == 1)


@pytest.mark.parametrize('given, shown', [
    (ALICE, f'{THERE}\n    <-- {ALICE}\n  router = hubbed_hosts'),
    ('daemon@example.com', 'daemon@example.com\n  router = local_user'),
    ('nobody@example.com', 'nobody@example.com is undeliverable: 550 5.1.1 User unknown'),
    ('dave@example.com', 'dave@example.com is undeliverable: Unrouteable address'),
])
def test_address_test(exim, given, shown):
    assert exim.address_test(given).startswith(shown)


@pytest.mark.parametrize('sender, code', [
    (ALICE, 250), ('daemon@example.com', 250), ('nobody@example.com', 550)])
def test_senders_are_verified(exim, sender, code):
    assert exim.send('daemon@example.com', sender=sender).rcpts[0].code == code
