"""test_peers_broken.py - peers that break the protocol harm only themselves

The milter closes the connection of such a peer or ignores its packets. It keeps running, gives no wrong
answer, leaks nothing and serves the next peer.

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import shutil
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest

import milterclient as mc
import paths
import world
from milter import Milter
from milterclient import ANSWERS, MODIFICATIONS, Closed, frame, strings
from peer import (ALICE, BOTH, DAVE, EDITED, HELD, MARK, NOBODY, ORCPT, REPLIES, connect, edits,
                  played)
from proc import wait_for
from slapd import Slapd

pytestmark = [pytest.mark.milter, pytest.mark.input]

ANSWER_OCTETS = {*ANSWERS, *MODIFICATIONS, b'y', mc.OPTNEG}
RCPT_ALICE = frame(mc.RCPT, strings(ALICE))


@pytest.fixture(scope='module')
def one_milter():
    """One milter for all tests of this file, just as an MTA's milter serves all its clients."""
    with paths.scratch() as folder, ExitStack() as stack:
        slapd = Slapd(folder / 'slapd', world.PEOPLE)
        stack.callback(slapd.stop)
        slapd.start()
        milter = Milter(folder / 'milter', world.conf(
            directory_corp={'uri': slapd.uri, 'password-file': str(world.password_file(folder))},
            milter={'socket': f'unix:{folder}/milter/milter.sock'}))
        shutil.chown(milter.folder, 'sdr')
        stack.callback(milter.close)
        yield milter.start()


@pytest.fixture
def bare_milter(one_milter):
    """It must have survived the tests before."""
    if not one_milter.alive():
        one_milter.start()
    yield one_milter
    assert one_milter.alive()


def healthy(milter):
    """A new peer gets the right replies, and the log has no unescaped text."""
    with connect(milter) as client:
        client.open()
        assert played(client) == (REPLIES, EDITED, 'continue')
    text = milter.log_file.read_bytes().decode('utf-8')
    assert all(line.isprintable() and line.startswith('<') for line in text.splitlines())


def length(number, octets=b''):
    return struct.pack('!I', number) + octets


COMMANDS = [mc.OPTNEG, mc.MACRO, mc.ABORT, mc.EOM, mc.QUIT, mc.QUIT_NC, mc.CONNECT, mc.HELO, mc.MAIL,
            mc.RCPT, mc.DATA, mc.HEADER, mc.EOH, mc.BODY, mc.UNKNOWN]
BROKEN = [
    # false lengths
    length(0), length(0, b'\0' * 8), length(0, RCPT_ALICE), length(1), length(2, b'R'),
    length(65537, b'R' + b'<a@b>\0' * 20000), length(0x7fffffff, b'R<a'), length(0x80000000, b'R<a'),
    *(length(0xffffffff, command) for command in COMMANDS),
    *(RCPT_ALICE[:n] for n in range(len(RCPT_ALICE))),
    # no data, no NUL, too many of them
    *(frame(command) for command in COMMANDS),
    *(frame(command, data) for command in COMMANDS if command != mc.MACRO
      for data in [b'x', b'\0', b'\0\0', b'x\0y', b'\0' * 1000, b'\xff' * 1000]),
    frame(mc.RCPT, ALICE.encode()), frame(mc.RCPT, ALICE.encode() + b'\0NOTIFY=NEVER'),
    frame(mc.MAIL, b'<>'), frame(mc.HEADER, b'X-SDR-Routed'), frame(mc.HEADER, b'X-SDR-Routed\0o'),
    *(frame(mc.MACRO, data) for data in [b'R', b'R{rcpt_addr}', b'X' + strings('i', 'x'),
                                         b'R' + strings('', ''), b'\0']),
    # not in the protocol
    *(frame(bytes([c]), strings(ALICE)) for c in range(256) if bytes([c]) not in COMMANDS),
    frame(mc.OPTNEG, b'\0' * 11), frame(mc.OPTNEG, b'\xff' * 12), frame(mc.OPTNEG, b'\0' * 4000),
    frame(mc.CONNECT, strings('x') + b'4\0\0'), frame(mc.CONNECT, strings('x') + b'L'),
    b'EHLO client.test\r\nMAIL FROM:<a@b>\r\n', b'GET / HTTP/1.1\r\n\r\n',
]

STAGES = {
    'at once': [],
    'negotiated': [mc.MilterClient.open],
    'in a message': [mc.MilterClient.open, mc.MilterClient.mail, lambda client: client.rcpt(ALICE)],
    'in the content': [mc.MilterClient.open, mc.MilterClient.mail, lambda client: client.rcpt(ALICE),
                       mc.MilterClient.content],
    'after a message': [mc.MilterClient.open, lambda client: client.message([ALICE])],
}


@pytest.mark.parametrize('stage', STAGES)
def test_broken_octets(bare_milter, stage):
    for octets in BROKEN:
        with connect(bare_milter) as client:
            for step in STAGES[stage]:
                step(client)
            try:
                client.raw(octets)
                said = client.hang_up()
            except Closed:
                said = []
        assert {command for command, _ in said} <= ANSWER_OCTETS, octets[:50]
    healthy(bare_milter)


ODD_COMMANDS = [
    (mc.MAIL, strings('<a@b>')), (mc.RCPT, strings(ALICE)), (mc.RCPT, strings(NOBODY, 'NOTIFY=')),
    (mc.RCPT, strings(BOTH, 'NOTIFY=NEVER', 'ORCPT=')), (mc.RCPT, b'\0'), (mc.DATA, b''),
    (mc.HEADER, strings('X-SDR-Routed', 'onprem; 1')), (mc.EOH, b''), (mc.BODY, b'Hello\r\n'),
    (mc.EOM, b''), (mc.EOM, b'Hello'), (mc.ABORT, b''), (mc.QUIT_NC, b''), (mc.HELO, strings('x')),
    (mc.UNKNOWN, strings('NOOP')), (mc.CONNECT, strings('client.test') + b'U'),
    (mc.MACRO, b'R' + strings('{rcpt_addr}', 'alice@example.com', '{rcpt_mailer}', 'relay')),
    (mc.MACRO, b'R' + strings('{rcpt_addr}', 'dave@example.com', 'i', 'x')),
]


@pytest.mark.parametrize('seed', range(10))
def test_commands_in_any_order(bare_milter, seed):
    """Each sequence stops in the middle, and continues on the same connection or closes it."""
    chance = random.Random(seed)
    for _ in range(30):
        with connect(bare_milter) as client:
            client.open()
            walk = [frame(*command) for command in chance.choices(ODD_COMMANDS, k=40)]
            client.raw(b''.join(walk))
            said = client.hang_up()
        assert {command for command, _ in said} <= ANSWER_OCTETS, walk
    healthy(bare_milter)


@pytest.mark.parametrize('commands', [
    [mc.RCPT], [mc.EOM], [mc.HEADER, mc.EOH, mc.BODY, mc.EOM], [mc.MAIL, mc.EOM],
    [mc.MAIL, mc.HEADER, mc.EOM], [mc.ABORT, mc.RCPT], [mc.ABORT, mc.ABORT, mc.EOM],
    [mc.QUIT_NC, mc.RCPT, mc.EOM],
], ids=lambda commands: b''.join(commands).decode())
@pytest.mark.parametrize('before', [[], [ALICE]], ids=['first', 'after a message'])
def test_command_out_of_place_is_ignored(bare_milter, before, commands):
    data = {mc.RCPT: strings(ALICE), mc.MAIL: strings('<a@b>'), mc.HEADER: strings('A', 'b')}
    with connect(bare_milter) as client:
        client.open()
        if before:
            played(client, before)
        for command in commands:
            client.send(command, data.get(command, b''))
        assert played(client, [DAVE, NOBODY]) == (['continue', '550 5.1.1'], [], 'continue')
        assert played(client) == (REPLIES, EDITED, 'continue')


def test_all_refused_and_yet_an_end(bare_milter):
    with connect(bare_milter) as client:
        client.open()
        assert played(client, [NOBODY, HELD]) == (['550 5.1.1', '451 4.2.1'], [], 'continue')


# --- recipients ---

SYNTAX = '553 5.1.3'


@pytest.mark.parametrize('path, reply', [
    (b'', 'continue'), (b'<>', 'continue'), (b'<', 'continue'), (b'>', 'continue'),
    (b'<alice@example.com', SYNTAX), (b'<<nobody@example.com>>', '550 5.1.1'),
    (b'<alice>@example.com', 'continue'), (b'<alice@>', 'continue'), (b'<@example.com>', SYNTAX),
    (b'<ali\0ce@example.com>', 'continue'), (b'<alice\r\n@example.com>', SYNTAX),
    (b'<alice@example.com\r\nDATA>', 'continue'), (b'<al\xffice@example.com>', SYNTAX),
    (b'<alice@ex\xc3ample.com>', 'continue'),
    (b'<' + b'x' * 60000 + b'@example.com>', SYNTAX),
    (b'<alice@' + b'x' * 60000 + b'.example.com>', 'continue'),
    (b'<' + b'@relay.test,' * 4000 + b':dave@example.com>', 'continue'),
    (b'<%s%n%99$n@example.com>', '550 5.1.1'), (b'<%s@%n.test>', 'continue'),
    (b'<"%\x1b[31m"@example.com>', SYNTAX),
    (b'<"alice>,<dave"@example.com>', '550 5.1.1'),
])
@pytest.mark.parametrize('resolved', [None, 'dave@example.com', '\r\n', '<x'],
                         ids=['not resolved', 'resolved', 'line feed', 'bracket'])
def test_odd_recipient(bare_milter, path, reply, resolved):
    with connect(bare_milter, **{'{rcpt_addr}': resolved}) as client:
        client.open()
        replies, modifications, end = played(client, [path])
        if resolved == 'dave@example.com':
            reply = 'continue'
        assert (replies, modifications, end) == ([reply], [], 'continue')
    healthy(bare_milter)


@pytest.mark.parametrize('rest', [' NOTIFY=NEVER', ' %s%n', ' x>'])
def test_parameters_after_the_bracket(bare_milter, rest):
    """As a Sendmail of 2022 sends them."""
    with connect(bare_milter, v='8.17.1', **{'{rcpt_addr}': None}) as client:
        client.open()
        assert played(client, [ALICE + rest]) == (
            ['continue'], edits(postfix=False, alice=None), 'continue')
    healthy(bare_milter)


@pytest.mark.parametrize('rest, reply', [
    ('\r\n', '553 5.1.3'), ('>', '553 5.1.3'), (',<dave@example.com>', 'continue'), ('(x)', '553 5.1.3')])
def test_rest_after_the_bracket(bare_milter, rest, reply):
    """It is not known how an MTA reads it, so nothing is edited."""
    with connect(bare_milter, **{'{rcpt_addr}': None}) as client:
        client.open()
        assert played(client, [ALICE + rest, DAVE]) == ([reply, 'continue'], [], 'continue')
    healthy(bare_milter)


def test_too_long_for_the_protocol(bare_milter):
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        with pytest.raises(Closed):
            client.rcpt(b'<' + b'x' * 1_000_000 + b'@example.com>')
    healthy(bare_milter)


@pytest.mark.parametrize('arguments, passed_on', [
    (['NOTIFY=NEVER', *(f'X{n}=y' for n in range(1000)), 'ORCPT=rfc822;a@b'],
     'NOTIFY=NEVER ORCPT=rfc822;a@b'),
    (['NOTIFY=' + 'x' * 60000], ORCPT['alice']),
    (['ORCPT=' + 'x' * 30000, 'NOTIFY=' + 'x' * 30000], ORCPT['alice']),
    ([''] * 1000, ORCPT['alice']),
    (['=', 'NOTIFY', 'ORCPT'], ORCPT['alice']),
])
def test_odd_parameters(bare_milter, arguments, passed_on):
    with connect(bare_milter) as client:
        client.open()
        modifications = played(client, [(ALICE, *arguments)])[1]
        assert modifications == edits(alice=passed_on)


# --- much of everything ---

def in_letters(text, number):
    """With a capital letter for each bit of the number."""
    return ''.join(c.upper() if number >> i & 1 else c for i, c in enumerate(text))


@pytest.mark.parametrize('version, end_of_name', [('Postfix 3.7.11', '@example.com'), ('8.17.1', '')])
def test_sixty_thousand_in_other_letters(bare_milter, version, end_of_name):
    """They all name one mailbox; comparing each with all others would take too long."""
    with connect(bare_milter, v=version) as client:
        client.open()
        client.mail()
        names = [in_letters('alice+abcdefghijk', n) for n in range(60000)]
        for name in names:
            client.macros['{rcpt_addr}'] = name.lower() + end_of_name
            assert client.rcpt(f'<{name}@example.com>') == 'continue'
        client.content()
        modifications, end = client.eom()
    assert end == 'continue'
    assert [m[0] for m in modifications] == ['delrcpt'] * 60000 + ['addrcpt_par', 'addheader']


def test_ten_thousand_recipients(bare_milter):
    with connect(bare_milter, **{'{rcpt_addr}': None}) as client:
        client.open()
        names = [f'alice+{n}' for n in range(10000)]
        replies, modifications, end = played(client, [f'<{name}@example.com>' for name in names])
        assert (set(replies), end) == ({'continue'}, 'continue')
        assert modifications[:10000] == [('delrcpt', f'{name}@example.com') for name in names]
        assert modifications[10000:-1] == [
            ('addrcpt_par', f'<{name}@hosted.example.com>', f'ORCPT=rfc822;{name.replace("+", "+2B")}'
             '@example.com') for name in names]
        assert modifications[-1] == MARK


@pytest.mark.parametrize('value', ['', ';', 'onprem', 'onprem;', 'x' * 60000, 'onprem;' + '9' * 60000,
                                   'onprem; -9223372036854775808', 'onprem%s%n; 1', '\r\n' * 20000,
                                   'onprem' + ' ' * 60000 + '; 1'])
def test_odd_mark(bare_milter, value):
    """One mark is not a loop, whatever it contains."""
    with connect(bare_milter) as client:
        client.open()
        headers = [('X-SDR-Routed', value), ('x-sdr-routed', 'hosted; 1'), ('X' * 50000, 'y')]
        assert played(client, headers=headers) == (REPLIES, EDITED, 'continue')


@pytest.mark.parametrize('rcpts, expected', [
    ([ALICE, BOTH], (['continue'] * 2, [], '554 5.4.6')),
    # these stay: all are routed once more, and only the looping ones come back
    ([DAVE, ALICE], (['continue'] * 2, edits(alice=ORCPT['alice']), 'continue')),
])
def test_thousands_of_marks(bare_milter, rcpts, expected):
    with connect(bare_milter) as client:
        client.open()
        assert played(client, rcpts, headers=[('X-SDR-Routed', 'onprem; 1')] * 5000) == expected
        assert played(client) == (REPLIES, EDITED, 'continue')


def test_header_too_long_for_the_protocol(bare_milter):
    with connect(bare_milter) as client:
        client.open()
        client.mail()
        assert client.rcpt(ALICE) == 'continue'
        try:
            client.header('X-SDR-Routed', 'x' * 1_000_000)
            assert client.hang_up() == []
        except Closed:
            pass
    healthy(bare_milter)


# --- nothing is left ---

def descriptors(milter):
    return len(list(Path(f'/proc/{milter.pid}/fd').iterdir()))


def resident(milter):
    """Kilobytes."""
    status = Path(f'/proc/{milter.pid}/status').read_text()
    return int(status.partition('VmRSS:')[2].split()[0])


def misbehave(milter):
    for octets in BROKEN:
        with connect(milter) as client:
            client.open()
            client.mail()
            for rcpt in [ALICE, BOTH, NOBODY]:
                client.rcpt(rcpt, 'NOTIFY=NEVER')
            try:
                client.raw(octets)
            except Closed:
                pass


def test_nothing_is_left_behind(new_bare_milter):
    milter = new_bare_milter(directory_corp={'max-connections': '1'})
    healthy(milter)
    before = wait_for(lambda: descriptors(milter), what='the first peer gone')
    misbehave(milter)
    memory = resident(milter)
    for _ in range(5):
        misbehave(milter)
    wait_for(lambda: descriptors(milter) <= before, what='all peers gone')
    if paths.BUILD.name not in ('asan', 'tsan'):  # which keep freed memory, and look for leaks
        assert resident(milter) < memory + 4096
    healthy(milter)
