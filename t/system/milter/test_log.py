"""test_log.py - every line of the logs follows the manual, so programs can parse it

All other tests check their logs in the same way, when a daemon or Exim ends (daemon.py, exim.py).

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import logline
import paths
import world
from logline import BadLine, Decision, decision, decisions, parse
from peer import ALICE, BOTH, DAVE, HELD, NOBODY, connect, played
from socketmap import Socketmap

TO_ALICE, TO_BOTH = 'alice@hosted.example.com', 'both@hosted.example.com'
BY_OWNER = {'source': 'directory', 'reason': 'owner from the directory'}
STAYS = {'verdict': 'pass', 'source': 'directory', 'reason': 'owner is this site'}
UNKNOWN = {'verdict': 'reject', 'reply': '550', 'status': '5.1.1', 'source': 'directory',
           'reason': 'no entry, unknown = reject'}
WAITS = {'verdict': 'defer', 'reply': '451', 'status': '4.2.1', 'source': 'directory',
         'reason': 'on hold'}
LEAVES = {'verdict': 'redirect', 'site': 'hosted', 'to': [TO_ALICE], **BY_OWNER}
COPIED = {'verdict': 'copy', 'site': 'hosted', 'to': [TO_BOTH], **BY_OWNER}


# --- the manual ---

def documented():
    """The fields of sdr-milter(8), in their order."""
    page = (paths.ROOT / 'man/sdr-milter.8').read_text()
    diagnostics = re.search(r'^\.Sh DIAGNOSTICS$(.*?)^\.Sh ', page, re.M | re.S)[1]
    return re.findall(r'^\.It (\S+)$', diagnostics, re.M)


def test_the_manual_has_the_fields_in_their_order():
    assert documented() == [name.rstrip('*') for name in logline.FIELDS]


@pytest.mark.parametrize('text', [
    '', 'rcpt="a@b"', 'rcpt="a@b" verdict=maybe reason="x"', 'verdict=pass rcpt="a@b" reason="x"',
    'rcpt="a"b" verdict=pass reason="x"', 'rcpt="a\\b" verdict=pass reason="x"',
    'rcpt="a@b" verdict=pass  reason="x"', 'rcpt="a@b" verdict=pass reason="x" more',
    'rcpt="a@b" verdict=pass site= reason="x"', 'rcpt="a@b" verdict=pass reason=x'])
def test_what_is_no_decision(text):
    with pytest.raises(BadLine):
        decision(text)


@pytest.mark.parametrize('line', ['', 'ready', '<8>ready', '<6>a\tb', '<6>a\u2028b', '<6>a\u202eb',
                                  '<6>no subject rcpt="a@b" verdict=pass reason="x"'])
def test_what_is_no_line(line):
    with pytest.raises(BadLine):
        parse(line)


# --- sdr-milter ---

def test_decisions_of_the_milter(bare_milter):
    with connect(bare_milter) as client:
        client.negotiate()
        client.greet()
        played(client)
    assert sorted(decisions(bare_milter.log()), key=lambda d: d.fields['rcpt']) == [
        Decision(6, '4Xyz12', {'rcpt': rcpt, **fields}) for rcpt, fields in sorted({
            DAVE: STAYS, ALICE: LEAVES, BOTH: COPIED, NOBODY: UNKNOWN, HELD: WAITS}.items())]


@pytest.mark.parametrize('local', ['a"b', 'a\\b', 'a\nb', 'a\r\n<6>b', 'a verdict=pass', 'a\x7fb', 'ä',
                                   'a\u2028b', 'a\u202eb', 'a\x1b[2Jb', 'a" verdict=pass reason="'])
def test_whatever_a_client_says_stays_in_its_value(bare_milter, local):
    rcpt = f'<"{local}"@example.com>'
    with connect(bare_milter) as client:
        client.negotiate()
        client.greet()
        played(client, [rcpt])
    assert [d.fields['rcpt'] for d in decisions(bare_milter.log())] in ([rcpt], [])
    assert len(bare_milter.lines()) <= 2


def test_decisions_of_the_lookup_tables(new_bare_milter, scratch):
    milter = new_bare_milter(milter={'map-socket': f'unix:{scratch}/run/map.sock',
                                       'rewrite': 'tables'})
    with Socketmap(scratch / 'run/map.sock') as tables:
        tables.ask('route', 'alice@example.com')
        tables.ask('recipient', 'nobody@example.com')
        tables.ask('route', 'dave@example.com')
    assert decisions(milter.log()) == [
        Decision(6, 'map route', {'rcpt': 'alice@example.com', **LEAVES}),
        Decision(6, 'map recipient', {'rcpt': 'nobody@example.com', **UNKNOWN})]


def test_next_hops(new_bare_milter, slapd):
    slapd.add(world.person('leg', sdrOwner='legacy'))
    milter = new_bare_milter(**{
        'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                        'next-hop': 'mx.legacy.test:2525'}}, milter={'milter-route': 'pass'})
    with connect(milter) as client:
        client.negotiate()
        client.greet()
        played(client, ['<leg@example.com>'])
    found, = decisions(milter.log())
    assert (found.fields['verdict'], found.fields['next-hop']) == ('route', 'mx.legacy.test:2525')


def test_recipients_that_the_mta_has_mapped(bare_milter):
    with connect(bare_milter, v='8.17.1', **{'{rcpt_addr}': 'other@elsewhere.test'}) as client:
        client.negotiate()
        client.greet()
        played(client, [ALICE])
    assert decisions(bare_milter.log()) == [Decision(5, '4Xyz12', {
        'rcpt': ALICE, 'verdict': 'pass', 'reason': 'the mail server has mapped it already',
        'mapped': 'other@elsewhere.test'})]


def test_no_sure_answer_is_a_warning(bare_milter, slapd):
    slapd.stop()
    with connect(bare_milter) as client:
        client.negotiate()
        client.greet()
        played(client, [ALICE])
    found, = decisions(bare_milter.log())
    assert found.priority == 4
    assert (found.fields['source'], found.fields['status']) == ('none', '4.4.3')


# --- the others ---

def test_decisions_of_exim(exim, deliver):
    deliver(['alice@example.com', 'dave@example.com', 'nobody@example.com', 'held@example.com'])
    found = {}
    for text in re.findall(r' sdr: (rcpt=.*)$', exim.log(), re.M):
        fields = decision(text)
        found[fields.pop('rcpt')] = fields
    assert found == {'alice@example.com': LEAVES, 'dave@example.com': STAYS,
                     'nobody@example.com': UNKNOWN, 'held@example.com': WAITS}


def test_lines_of_sync_say_which_directory(new_sync, new_slapd):
    server = new_slapd(options='syncprov-sessionlog 100')
    sync = new_sync(server)
    sync.start('-v')
    sync.caught_up()
    server.stop()
    sync.reload()
    sync.stop()
    lines = [line[3:] for line in sync.lines() if parse(line) is None]
    about = [line for line in lines if not line.startswith('directory corp: ')]
    assert about == ['sdr-sync is ready', 'configuration reloaded']
    assert len(lines) > len(about)
