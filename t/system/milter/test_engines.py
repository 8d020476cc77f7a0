"""test_engines.py - both engines of sdr-milter give the same answers to the same MTA session

Our own engine is from this build (from build/, if this build uses libmilter), the other from
build/libmilter: ../../configure --with-milter=libmilter && make.

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import signal
import struct
from contextlib import ExitStack

import pytest

import engines
import milterclient as mc
import paths
from engines import MACROS, MALFORMED, ORDER, QUIT_NC, offer, parting, play, with_offer
from milter import Milter
from milterclient import strings
from peoplefile import PeopleFile

PROGRAM = 'milter/sdr-milter'
LIBMILTER = paths.ROOT / 'build/libmilter' / PROGRAM
OWN = (paths.ROOT / 'build' if paths.BUILD == paths.ROOT / 'build/libmilter' else paths.BUILD) / PROGRAM
SESSIONS = engines.recorded()
MUTATIONS = 2500  # for each seed
SEED = 20261130


@pytest.fixture(scope='module')
def world_of():
    """world_of(program, name, ...): a started Milter with options of [milter]; all read one replica."""
    assert LIBMILTER.exists(), f'{LIBMILTER} is missing, see CONTRIBUTING.md'
    with paths.scratch() as folder, ExitStack() as stack:
        people = PeopleFile(folder / 'people')
        people.sync.once()
        people.sync.share('sdr')

        def start(program, name, **options):
            here = folder / name
            server = Milter(here, people.conf_text(milter={
                'socket': f'unix:{here}/milter', 'map-socket': f'unix:{here}/map', **options}))
            server.program = program
            here.chmod(0o777)
            stack.callback(server.close)
            return server.start()
        yield start


@pytest.fixture(scope='module')
def new_both(world_of):
    """new_both(name, ...): see both()."""
    def start(name, **options):
        sockets = [world_of(program, f'{name}-{number}', **options).socket_path
                   for number, program in enumerate((OWN, LIBMILTER))]
        # libmilter has one table of omitted steps for all MTAs.
        play(sockets[1], [offer(), (mc.QUIT, b'')])
        return lambda session: [play(path, session) for path in sockets]
    return start


@pytest.fixture(scope='module')
def both(new_both):
    """both(session): what it sees of our own engine, and of libmilter."""
    return new_both('milter')


def shown(packets):
    return '\n'.join(f'{command.decode("latin-1")} {data!r}' for command, data in packets)


def assert_same(both, session, note=''):
    own, libmilter = both(session)
    assert own == libmilter, (
        f'{note}\n--- the MTA:\n{shown(session)}\n--- our own engine:\n{shown(own)}\n--- libmilter:\n{shown(libmilter)}')
    return own


# --- as they are ---

OFFERS = [
    {'version': 2, 'actions': mc.V2_ACTIONS, 'steps': mc.V2_STEPS},
    {'version': 2, 'actions': 0, 'steps': 0},
    {'version': 3, 'actions': mc.V2_ACTIONS, 'steps': mc.V2_STEPS | mc.NOUNKNOWN},
    {'version': 4, 'actions': mc.V2_ACTIONS, 'steps': mc.V2_STEPS | mc.NOUNKNOWN | mc.NODATA},
    {'version': 5},
    {'version': 6},
    {'version': 6, 'steps': mc.ALL_STEPS & ~mc.ALL_NR},
    {'version': 6, 'actions': mc.ALL_ACTIONS & ~mc.SETSYMLIST},
    {'version': 6, 'actions': mc.ALL_ACTIONS & ~mc.ADDHDRS},
    {'version': 99, 'actions': 0xffffffff},
]


@pytest.mark.parametrize('name', SESSIONS)
def test_recorded_sessions(both, name):
    for offered in OFFERS:
        session = with_offer(SESSIONS[name], **offered)
        assert parting(session)[1] == '', offered
        assert_same(both, session, offered)


def test_recorded_sessions_are_edited(both):
    """The comparison includes edits."""
    said = [command for session in SESSIONS.values()
            for command, _ in assert_same(both, with_offer(session))]
    assert all(said.count(command) > 5 for command in [b'2', b'-', b'h', b'y', b'c'])


def test_recorded_sessions_where_tables_rewrite(new_both):
    both = new_both('tables', rewrite='tables')
    said = [command for session in SESSIONS.values() for command, _ in assert_same(both, session)]
    assert b'h' in said and b'2' not in said


# --- mutated ---

PACKETS = [packet for session in SESSIONS.values() for packet in session if len(packet[1]) < 1000]
PATHS = [b'<alice@example.com>', b'<ALICE@example.com>', b'<both@example.com>', b'dave', b'<held@example.com>',
         b'<nobody@example.com>', b'<a..b@example.com>', b'<alice%example.com@onprem.test>', b'<>', b'', b'<alice@example.com',
         b'<"al\\ice"@example.com>', b'<x:alice@example.com;>', b'<\xc3\xa9@example.com>', b'<\xff@example.com>', b'<%s%n@example.com>',
         b'<' + b'x' * 300 + b'@example.com>', b'<robert@example.com> NOTIFY=NEVER']
ARGUMENTS = [b'NOTIFY=NEVER', b'notify=delay', b'ORCPT=rfc822;a@b.test', b'ORCPT=utf-8;\xc3\xa9@b.test', b'X=y', b'', b'NOTIFY=' + b'x' * 2000]
MACRO_VALUES = {b'i': [b'4Xyz', b'', b'a\nb'], b'v': [b'Postfix 3.7.11', b'8.17.1', b''], b'{i}': [b'braces'],
                b'{rcpt_mailer}': [b'relay', b'error', b'local', b''], b'{rcpt_addr}': [p.strip(b'<>') for p in PATHS]}
MARKS = [b'onprem; 1700000000', b'hosted; 1', b'onprem', b'', b'onprem; 99999999999999999999', b' onprem; 1']


def rcpt(chance):
    return mc.RCPT, strings(chance.choice(PATHS), *chance.sample(ARGUMENTS, chance.choice([0, 0, 1, 2])))


def macros(chance):
    names = chance.sample(sorted(MACRO_VALUES), chance.randrange(5))
    pairs = [text for name in names for text in (name, chance.choice(MACRO_VALUES[name]))]
    return mc.MACRO, chance.choice([b'R', b'R', b'M', b'C', b'E', b'T', b'X']) + strings(*pairs)


def header(chance):
    return mc.HEADER, strings(chance.choice(['X-SDR-Routed', 'x-sdr-routed', 'Subject']), chance.choice(MARKS))


def any_offer(chance):
    return offer(chance.choice([2, 3, 4, 5, 6, 7]), *(
        chance.choice([every, every & chance.getrandbits(32), chance.getrandbits(32)])
        for every in (mc.ALL_ACTIONS, mc.ALL_STEPS)))


def flipped(chance, packet):
    command, data = packet
    if not data:
        return chance.choice(PACKETS)
    octets = bytearray(data)
    octets[chance.randrange(len(octets))] = chance.choice([0, 10, 32, 37, 64, 255, chance.randrange(256)])
    return command, bytes(octets)


def mutate(chance, session):
    """Changes the session in place; repeated calls give different results."""
    at = chance.randrange(1, len(session))
    kind = chance.choice(['new', 'new', 'new', 'drop', 'again', 'swap', 'flip', 'other', 'cut'])
    if kind == 'new':
        session.insert(at, chance.choice([rcpt, rcpt, macros, header])(chance))
    elif kind == 'drop' and len(session) > 2:
        del session[at]
    elif kind == 'again':
        session.insert(at, session[at])
    elif kind == 'swap':
        other = chance.randrange(1, len(session))
        session[at], session[other] = session[other], session[at]
    elif kind == 'flip':
        session[at] = flipped(chance, session[at])
    elif kind == 'other':
        session.insert(at, chance.choice(PACKETS))
    elif kind == 'cut' and chance.random() < 0.1:
        del session[at:]


def mutated(chance):
    session = list(chance.choice(list(SESSIONS.values())))
    offered = any_offer(chance) if chance.random() < 0.5 else session[0]
    if chance.random() < 0.8:
        version, actions, steps = struct.unpack('!III', offered[1])
        session = with_offer(session, version=version, actions=actions, steps=steps)
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        if len(session) > 1:
            mutate(chance, session)
    return session


@pytest.mark.parametrize('seed', [SEED, None], ids=['fixed', 'random'])
def test_mutated_sessions(both, seed):
    seed = seed or random.SystemRandom().randrange(2**32)
    print(f'seed {seed}')
    chance = random.Random(seed)
    whole = 0
    for number in range(MUTATIONS):
        session = mutated(chance)
        end, reason = parting(session)
        whole += reason == ''
        assert_same(both, session[:end], f'seed {seed}, session {number}, cut: {reason}')
    print(f'{whole} of {MUTATIONS} sessions were compared to their end')
    assert whole > MUTATIONS // 3


# --- where they differ ---

START = [offer(), (mc.MAIL, b'<>\0')]


def named(name, stage=b'R', mailer='relay'):
    return mc.MACRO, stage + strings('v', '8.17.1', *(['{rcpt_mailer}', mailer] if mailer else []),
                                     '{rcpt_addr}', f'{name}@example.com')


def asked(name):
    return mc.RCPT, strings(f'<{name}@example.com>')


ALICE, DAVE, NOBODY = [[named(name), asked(name)] for name in ('alice', 'dave', 'nobody')]
END = [(mc.EOM, b'')]
LINE = [(mc.HEADER, b'Subject\0x\0')]
UNKNOWN = [(mc.UNKNOWN, b'XYZZY\0')]
DATA, EOH, NEXT = [(mc.DATA, b'')], [(mc.EOH, b'')], [(mc.QUIT_NC, b'')]
GREETING = [(mc.CONNECT, b'client.test\0U'), (mc.HELO, b'client.test\0')]

# The session of an MTA that omits nothing; the answers of our own engine, and of libmilter.
DIFFERENCES = {
    'end straight after DATA': (ORDER, [*START, *DAVE, *DATA, *END], 'cccc', 'ccc'),
    'body straight after DATA': (ORDER, [*START, *DAVE, *DATA, (mc.BODY, b'x'), *END], 'ccccc', 'ccc'),
    'a header after the end of the headers': (
        ORDER, [*START, *ALICE, *LINE, *EOH, *LINE, *END], 'ccccc-2hc', 'cccc'),
    'an unknown command before the end': (ORDER, [*START, *ALICE, *UNKNOWN, *END], 'ccc-2hc', 'ccc'),
    'an unknown command in the content': (ORDER, [*START, *ALICE, *LINE, *UNKNOWN, *END], 'cccc-2hc', 'cccc'),
    'a recipient after an abort, without MAIL': (ORDER, [*START, (mc.ABORT, b''), *DAVE], 'c', 'cc'),
    'a recipient after an unknown command, without MAIL': (ORDER, [offer(), *UNKNOWN, *DAVE], 'c', 'cc'),
    'MAIL before the negotiation': (ORDER, [(mc.MAIL, b'<>\0'), *DAVE], '', 'c'),
    'a second connection without QUIT_NC': (ORDER, [offer(), *GREETING, *GREETING], 'cccc', 'ccc'),
    'QUIT_NC before any message': (QUIT_NC, [offer(), *GREETING, *NEXT, *GREETING], 'cccc', 'ccc'),
    'QUIT_NC after a message that was deferred': (
        QUIT_NC, [*START, named('held', mailer=None), asked('held'), *END, *NEXT, *GREETING], 'ccycc', 'ccyc'),
    'no macros of a recipient': (MACROS, [*START, *NOBODY, (mc.MACRO, b'R'), asked('nobody')], 'cyc', 'cyy'),
    'macros before the negotiation': (MACROS, [named('nobody', b'C'), *START, asked('nobody')], 'cy', 'cc'),
    'macros of no stage and no form': (MALFORMED, [*START, (mc.MACRO, b'Xi'), *DAVE], 'c', 'cc'),
    'macros without an end': (MALFORMED, [*START, *DAVE, (mc.MACRO, b'Hi\0x\0v'), *END], 'cc', 'ccc'),
    'parameters without an end': (
        MALFORMED, [*START, named('alice'), (mc.RCPT, b'<alice@example.com>\0NOTIFY'), *END], 'c', 'cc-2hc'),
    'MAIL without an address': (MALFORMED, [offer(), (mc.MAIL, b''), *DAVE], 'cc', ''),
    'MAIL without an end': (MALFORMED, [offer(), (mc.MAIL, b'<>'), *DAVE], 'cc', ''),
    'HELO without a name': (MALFORMED, [offer(), (mc.HELO, b'')], 'c', ''),
    'a header without a name': (MALFORMED, [*START, *DAVE, (mc.HEADER, b'\0v\0'), *END], 'cccc', 'cc'),
}


@pytest.mark.parametrize('name', DIFFERENCES)
def test_differences(both, name):
    reason, session, *expected = DIFFERENCES[name]
    session = [offer(steps=0) if packet == offer() else packet for packet in session]
    assert parting(session)[1] == reason
    said = [b''.join(command for command, _ in answers if command != mc.OPTNEG).decode()
            for answers in both(session)]
    assert said == expected


# --- signals ---

def test_signals_of_libmilter(world_of):
    """libmilter handles SIGHUP itself, but the configuration is reloaded."""
    server = world_of(LIBMILTER, 'signals')
    assert 'configuration reloaded' in server.reload(signal.SIGUSR1)
    server.signal(signal.SIGHUP)
    assert server.wait() == 0
