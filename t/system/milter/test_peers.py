"""test_peers.py - MTAs that offer less than current ones: the negotiation and its results

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import milterclient as mc
from milterclient import Closed, bare
from peer import ALICE, BOTH, DAVE, EDITED, HELD, NOBODY, ORCPT, REPLIES, connect, edits, played
from proc import run

EDITED_PLAIN = edits(plain=True, **ORCPT)
NEEDED = mc.ADDRCPT | mc.DELRCPT | mc.ADDHDRS


# --- negotiation ---

@pytest.mark.parametrize('offered, agreed', [(2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 6), (99, 6),
                                             (0x7fffffff, 6)])
def test_versions(bare_milter, offered, agreed):
    with connect(bare_milter) as client:
        assert client.negotiate(version=offered).version == agreed
        client.greet()
        assert played(client) == (REPLIES, EDITED, 'continue')


@pytest.mark.parametrize('version', [0, 1, 0xffffffff])
def test_versions_that_never_were(bare_milter, version):
    with connect(bare_milter) as client:
        with pytest.raises(Closed):
            client.negotiate(version=version)


@pytest.mark.parametrize('offered, edited', [
    (mc.ALL_ACTIONS, EDITED),
    (0xffffffff, EDITED),
    (mc.ALL_ACTIONS & ~mc.SETSYMLIST, EDITED),
    (NEEDED | mc.ADDRCPT_PAR, EDITED),
    (mc.ALL_ACTIONS & ~mc.ADDRCPT_PAR, EDITED_PLAIN),
    (mc.V2_ACTIONS, EDITED_PLAIN),
    (mc.V1_ACTIONS, EDITED_PLAIN),
    (NEEDED, EDITED_PLAIN),
    # stands for those of version 1
    (0, EDITED_PLAIN),
])
def test_actions(bare_milter, offered, edited):
    with connect(bare_milter) as client:
        agreed = client.negotiate(actions=offered)
        assert agreed.actions & NEEDED == NEEDED
        assert agreed.actions & ~(offered or mc.V1_ACTIONS) == 0
        assert ('{rcpt_mailer}' in agreed.symbols.get(mc.RCPT, [])) == bool(offered & mc.SETSYMLIST)
        client.greet()
        assert played(client) == (REPLIES, edited, 'continue')


@pytest.mark.parametrize('missing', [mc.ADDRCPT | mc.ADDRCPT_PAR, mc.DELRCPT, mc.ADDHDRS,
                                     NEEDED | mc.ADDRCPT_PAR])
def test_actions_without_which_nothing_can_be_done(bare_milter, missing):
    """Mail that needs no edit is delivered; mail that needs an edit is not delivered without it."""
    with connect(bare_milter) as client:
        client.open(actions=mc.ALL_ACTIONS & ~missing)
        assert bare_milter.lines('refuses what routing needs')
        assert played(client, [DAVE]) == (['continue'], [], 'continue')
        assert played(client, [DAVE, ALICE])[2] == 'tempfail'
        assert played(client, [NOBODY, DAVE]) == (['550 5.1.1', 'continue'], [], 'continue')


@pytest.mark.parametrize('version', [2, 6])
@pytest.mark.parametrize('steps', [
    0, mc.V1_STEPS, mc.V2_STEPS, mc.ALL_STEPS & ~mc.ALL_NR, mc.ALL_NR, mc.NR_HDR, mc.NR_MAIL,
    mc.NOHDRS, mc.ALL_STEPS, 0xffffffff])
def test_steps(bare_milter, version, steps):
    """Steps that the MTA offers to omit are omitted, except those that routing needs."""
    with connect(bare_milter) as client:
        agreed = client.negotiate(version=version, steps=steps)
        assert agreed.steps & (mc.NOMAIL | mc.NORCPT | mc.NOHDRS | mc.NR_RCPT) == 0
        assert agreed.steps & mc.ALL_NR & ~steps == 0
        client.greet()
        for _ in range(2):
            assert played(client) == (REPLIES, EDITED, 'continue')


def test_oldest_peer_of_all(bare_milter):
    with connect(bare_milter, **{'{rcpt_addr}': None, 'v': None, 'i': None}) as client:
        client.open(version=2, actions=mc.V1_ACTIONS, steps=0)
        assert played(client) == (REPLIES, edits(plain=True, postfix=False, **ORCPT), 'continue')
    assert bare_milter.lines('NOQUEUE: rcpt="<alice@example.com>"')


# --- macros ---

REFUSED_LATER = (['continue'] * 5, [], '451 4.2.1')


@pytest.mark.parametrize('actions', [mc.ALL_ACTIONS, mc.V2_ACTIONS], ids=['chosen', 'usual'])
@pytest.mark.parametrize('macros, expected', [
    ({}, (REPLIES, EDITED, 'continue')),
    ({'i': None}, (REPLIES, EDITED, 'continue')),
    ({'{rcpt_addr}': None}, (REPLIES, EDITED, 'continue')),
    ({'{rcpt_addr}': ''}, (REPLIES, EDITED, 'continue')),
    # perhaps not by SMTP, so nothing may be rejected before the end of the message
    ({'{rcpt_mailer}': None}, REFUSED_LATER),
    ({'{rcpt_mailer}': 'error'}, (['continue'] * 5, [], 'continue')),
])
def test_macros(bare_milter, actions, macros, expected):
    with connect(bare_milter, **macros) as client:
        client.open(actions=actions | mc.ADDRCPT_PAR)
        assert played(client) == expected


@pytest.mark.parametrize('version', [None, '8.17.1', ''])
def test_no_orcpt_is_made_up_where_it_is_not_postfix(bare_milter, version):
    with connect(bare_milter, v=version) as client:
        client.open()
        assert played(client) == (REPLIES, edits(postfix=False, alice=None, both=None),
                                  'continue')


def test_unknown_mailbox_that_does_not_come_by_smtp(bare_milter):
    """The MTA bounces the message itself. Postfix knows the other recipient by the text that a user typed."""
    typed = ['alice@example.com', 'alice', 'alice@example.com.', 'alice%example.com',
             'example.com!alice']
    with connect(bare_milter, **{'{rcpt_mailer}': None}) as client:
        client.open()
        assert played(client, [NOBODY, ALICE]) == (
            ['continue'] * 2, edits(alice=ORCPT['alice'], by=typed), 'continue')
        assert played(client, ['<alice@elsewhere.test>', ALICE]) == (
            ['continue'] * 2, edits(alice=ORCPT['alice'], by=[typed[0], *typed[2:]]), 'continue')


@pytest.mark.parametrize('queue_id', ['a\nb', '\x1b[31m', 'x' * 1000, 'a b', 'é', '', '%s%n'])
def test_odd_queue_id(bare_milter, queue_id):
    with connect(bare_milter, i=queue_id) as client:
        client.open()
        assert played(client) == (REPLIES, EDITED, 'continue')
    shown = queue_id if queue_id == '%s%n' else 'NOQUEUE'
    assert bare_milter.lines(f'>{shown}: rcpt="<alice@example.com>"')
    text = bare_milter.log_file.read_text(encoding='utf-8')
    assert all(line.isprintable() and line.startswith('<') for line in text.splitlines())


@pytest.mark.parametrize('actions', [mc.ALL_ACTIONS, mc.V2_ACTIONS], ids=['par', 'plain'])
@pytest.mark.parametrize('arguments, passed_on', [
    (['NOTIFY=NEVER'], 'NOTIFY=NEVER ORCPT=rfc822;alice@example.com'),
    (['ORCPT=rfc822;a@b.test', 'NOTIFY=SUCCESS,DELAY'], 'NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b.test'),
    (['notify=never', 'X=Y', 'NOTIFY=DELAY'], 'notify=never ORCPT=rfc822;alice@example.com'),
    (['RRVS=2014-04-03T23:01:00Z', ''], 'ORCPT=rfc822;alice@example.com'),
])
def test_parameters(bare_milter, actions, arguments, passed_on):
    with connect(bare_milter) as client:
        client.open(actions=actions)
        plain = not actions & mc.ADDRCPT_PAR
        assert played(client, [(ALICE, *arguments)]) == (
            ['continue'], edits(plain=plain, alice=passed_on), 'continue')


# --- one text that names two recipients ---

ZOE, UNREADABLE = '<zoe@elsewhere.test>', 'a<b@example.com'


@pytest.mark.parametrize('rcpts', [
    [(ZOE, UNREADABLE), (ALICE, UNREADABLE)],
    [(ALICE, UNREADABLE), (UNREADABLE, 'zoe@elsewhere.test')],
], ids=['resolved', 'given'])
def test_who_stays_is_not_deleted_by_the_text_of_another(bare_milter, rcpts):
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        for given, resolved in rcpts:
            client.macros['{rcpt_addr}'] = resolved
            assert client.rcpt(given) == 'continue'
        modifications, end = client.eom()
    assert ([m[1] for m in modifications if m[0] == 'delrcpt'], end) == ([bare(ALICE)], 'continue')


# --- one connection, many messages ---

def test_new_connection_on_the_old_one(bare_milter):
    """QUIT_NC: the MTA's next session does not negotiate."""
    with connect(bare_milter) as client:
        client.open()
        for _ in range(3):
            assert played(client) == (REPLIES, EDITED, 'continue')
            client.quit_nc()
            client.greet()
        assert played(client, [DAVE]) == (['continue'], [], 'continue')
        client.quit()
        assert client.until_closed() == []


def give_up(client, steps):
    """Send only this many steps of a message for Alice and both."""
    headers = [('X-SDR-Routed', 'onprem; 1')] * 9
    for step in [client.mail, lambda: client.rcpt(ALICE, 'NOTIFY=NEVER'), lambda: client.rcpt(BOTH),
                 lambda: client.rcpt(NOBODY), client.data, *(lambda h=h: client.header(*h)
                                                             for h in headers),
                 client.eoh, lambda: client.body(b'Hello\r\n')][:steps]:
        step()


STEPS_TO_GIVE_UP_AT = [0, 1, 2, 3, 4, 5, 6, 14, 15, 16]


@pytest.mark.parametrize('steps', STEPS_TO_GIVE_UP_AT)
@pytest.mark.parametrize('how', ['abort', 'new message', 'quit_nc'])
def test_nothing_of_a_message_that_was_given_up(bare_milter, how, steps):
    with connect(bare_milter) as client:
        client.open()
        give_up(client, steps)
        if how == 'abort':
            client.abort()
        if how == 'quit_nc':
            client.quit_nc()
            client.greet()
        assert played(client, [DAVE]) == (['continue'], [], 'continue')
        assert played(client, [HELD, BOTH]) == (
            ['451 4.2.1', 'continue'], edits(both=ORCPT['both']), 'continue')


@pytest.mark.parametrize('steps', STEPS_TO_GIVE_UP_AT)
def test_closed_within_a_message(bare_milter, steps):
    with connect(bare_milter) as client:
        client.open()
        give_up(client, steps)
    with connect(bare_milter) as client:
        client.open()
        assert played(client) == (REPLIES, EDITED, 'continue')


# --- somebody else's client ---

SCRIPT = """
conn = mt.connect("unix:%s", 40, 0.25)
function must(ok, what) if not ok then error(what) end end
function reply(code, what) must(mt.getreply(conn) == code, what) end

mt.mailfrom(conn, "<sender@outside.test>")
for name, code in pairs({dave = SMFIR_CONTINUE, alice = SMFIR_CONTINUE, nobody = SMFIR_REPLYCODE}) do
    local address = name .. "@example.com"
    mt.macro(conn, SMFIC_RCPT, "i", "4Xyz12", "{rcpt_mailer}", "relay", "{rcpt_addr}", address)
    mt.rcptto(conn, "<" .. address .. ">", "NOTIFY=NEVER")
    reply(code, address)
end
mt.header(conn, "Subject", "Hello")
mt.eom(conn)
reply(SMFIR_CONTINUE, "end of message")
must(mt.eom_check(conn, MT_RCPTDELETE, "<alice@example.com>"), "alice stays")
must(not mt.eom_check(conn, MT_RCPTDELETE, "<dave@example.com>"), "dave goes")
must(mt.eom_check(conn, MT_HDRADD, "X-SDR-Routed"), "no mark")
mt.disconnect(conn)
"""


def test_miltertest(bare_milter, scratch):
    """Debian's miltertest checks less than our client, but others wrote it."""
    script = scratch / 'script.lua'
    script.write_text(SCRIPT % bare_milter.socket_path)
    run(['miltertest', '-s', script])
