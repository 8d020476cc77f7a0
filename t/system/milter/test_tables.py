"""test_tables.py - the MTA's tables rewrite recipients, and the milter does what tables cannot do

SPDX-License-Identifier: BSD-2-Clause
"""
import threading
import time
from collections import Counter

import pytest

import milterclient as mc
import world
from latermilter import LaterMilter
from mapped import SOCKET, use_map
from mta import INSIDER
from peer import ALICE, BOTH, DAVE, HELD, MARK, NOBODY, connect, played
from world import person


@pytest.fixture
def slapd(new_slapd):
    """A slapd with people at both sites, p0@ to p49@."""
    crowd = [person(f'p{n}', sdrOwner=['onprem', 'hosted']) for n in range(50)]
    return new_slapd(world.PEOPLE + ''.join(crowd))


CROWD = [f'p{n}@example.com' for n in range(50)]
REACHED = Counter(CROWD) + Counter(f'p{n}@hosted.example.com' for n in range(50))


@pytest.fixture
def tables(mta, new_milter, conf, scratch):
    """The milter, with the lookup tables in the MTA of the test."""
    options = use_map(mta, scratch, milter=True)
    return new_milter(conf(milter=options)).start()


@pytest.mark.usefixtures('tables')
def test_people_of_both_sites_get_it_once_at_each(deliver):
    for _ in range(3):
        _, got = deliver(CROWD)
        assert got == REACHED


@pytest.mark.usefixtures('tables')
def test_many_messages_at_once(mta, sink):
    sent = []

    def session(first):
        for n in range(5):
            people = CROWD[first + n:first + n + 10] + ['alice@example.com', 'dave@example.com']
            sent.append((people, mta.send(people).message_id))

    threads = [threading.Thread(target=session, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mta.wait_empty(60)
    assert len(sent) == 40
    for people, message_id in sent:
        wanted = Counter(people) - Counter(['alice@example.com'])
        wanted += Counter(p.replace('@', '@hosted.') for p in people if not p.startswith('dave'))
        assert sink.recipients(message_id) == wanted


@pytest.mark.usefixtures('tables')
def test_an_alias_that_the_mta_alone_knows(postfix, deliver):
    """Recipients that the MTA does not know either are rejected by its recipient table."""
    postfix.set(virtual_alias_maps=f'socketmap:unix:{SOCKET}:route, inline:{{ '
                                   '{team@example.com=alice@example.com,dave@example.com} }')
    sent, got = deliver(['team@example.com', 'nobody@example.com', 'nobody@onprem.example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 550, 550]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.parametrize('given', ['both@example.com', 'alice@example.com', 'dave@example.com'])
@pytest.mark.usefixtures('tables')
def test_who_is_taken_away_by_another_milter_stays_away(mta, deliver, stop_later, given):
    later = LaterMilter(mta.queue_folder / 'sdr/later.sock', delete=[given])
    stop_later(later.stop)
    later.start()
    mta.use_milters(f'unix:{world.SOCKET}', 'unix:sdr/later.sock')
    _, got = deliver([given, 'bob@example.com', 'plain@example.com'])
    assert got == Counter(['bob@hosted.example.com', 'plain@example.com'])


def marks(count, age):
    return [('X-SDR-Routed', f'onprem; {int(time.time()) - age}')] * count


@pytest.mark.usefixtures('tables')
@pytest.mark.parametrize('age, code, status', [(0, 451, '4.4.6'), (1000, 554, '5.4.6')])
def test_a_loop(deliver, age, code, status):
    headers = [f'{name}: {value}' for name, value in marks(5, age)]
    sent, got = deliver(['alice@example.com', 'both@example.com'], headers=headers)
    assert (sent.data.code, sent.data.text.split()[0]) == (code, status)
    assert got == Counter()
    sent, got = deliver(['alice@example.com', 'dave@example.com'], headers=headers)
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.parametrize('given', ['<Alice <alice@example.com>>', '<<alice@Example.com>>',
                                   '<x:alice@example.com;>', '<@x.test:alice@example.com.>'])
@pytest.mark.usefixtures('postfix', 'tables')
def test_no_spelling_is_refused(deliver, given):
    """With tables no recipient has to be deleted."""
    sent, got = deliver([given], source=INSIDER)
    assert sent.rcpts[0].code == 250
    assert got == Counter(['alice@hosted.example.com'])


def test_the_log_does_not_say_twice_who_was_sent_where(tables, deliver):
    deliver(['alice@example.com', 'dave@example.com', 'both@example.com'])
    assert not [line for line in tables.lines('verdict=') if '>map ' not in line]


# --- without an MTA ---

@pytest.fixture
def bare_tables(new_bare_milter, scratch):
    return new_bare_milter(milter={'map-socket': f'unix:{scratch}/run/map.sock',
                                   'rewrite': 'tables'})


@pytest.mark.parametrize('actions', [mc.ALL_ACTIONS, mc.V1_ACTIONS, mc.ADDHDRS,
                                     mc.ADDHDRS | mc.SETSYMLIST])
@pytest.mark.parametrize('version', ['Postfix 3.7.11', '8.17.1', None])
def test_no_recipient_is_edited(bare_tables, actions, version):
    with connect(bare_tables, v=version) as client:
        client.open(actions=actions)
        assert played(client, [DAVE, ALICE, BOTH, NOBODY, HELD]) == (
            ['continue', 'continue', 'continue', 'continue', '451 4.2.1'], [MARK], 'continue')
        assert played(client, [DAVE, NOBODY]) == (['continue', 'continue'], [], 'continue')
        assert played(client, [BOTH], headers=marks(5, 0)) == (['continue'], [], '451 4.4.6')
    assert not bare_tables.lines('refuses what routing needs')


def test_what_the_client_gave_is_judged(bare_tables):
    """Sendmail's rules have already mapped it by our table when the milter is called."""
    with connect(bare_tables, v='8.17.1') as client:
        client.open()
        client.mail()
        for given, mapped, reply in [
                (ALICE, 'alice@hosted.example.com', 'continue'),
                (HELD, 'held@hosted.example.com', '451 4.2.1'),
                ('<<held@example.com>>', 'held@hosted.example.com', '451 4.2.1')]:
            client.macros['{rcpt_addr}'] = mapped
            assert client.rcpt(given)[:len(reply)] == reply
        client.content()
        modifications, end = client.eom()
    assert [m[0] for m in modifications] == ['addheader'] and end == 'continue'
    assert not bare_tables.lines('mapped')


def test_not_by_smtp(bare_tables):
    with connect(bare_tables, **{'{rcpt_mailer}': None}) as client:
        client.open()
        assert played(client, [ALICE, NOBODY]) == (['continue'] * 2, [MARK], 'continue')
        assert played(client, [ALICE, HELD]) == (['continue'] * 2, [], '451 4.2.1')


def test_without_the_right_to_add_a_mark(bare_tables):
    with connect(bare_tables) as client:
        client.open(actions=mc.ADDRCPT | mc.DELRCPT)
        assert played(client, [DAVE]) == (['continue'], [], 'continue')
        assert played(client, [ALICE]) == (['continue'], [], 'tempfail')
    assert bare_tables.lines('refuses what routing needs')


def test_a_reload_changes_who_rewrites(bare_tables):
    """On an open connection, too; a message ends as it began."""
    with connect(bare_tables) as client:
        client.open()
        assert played(client, [ALICE])[1] == [MARK]
        text = bare_tables.conf.read_text()
        bare_tables.configure(text.replace('rewrite = tables', 'rewrite = milter'))
        assert 'reloaded' in bare_tables.reload()
        assert played(client, [ALICE])[1][0][0] == 'delrcpt'
