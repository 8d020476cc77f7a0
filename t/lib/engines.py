"""engines.py - plays MTA sessions to both engines of sdr-milter, and knows where they differ

A session is a list of packets (command, data), as in t/sessions. libmilter is the reference. If our own
engine behaves differently, parting() returns the packet and the reason, and the results are compared up to
that packet. No MTA sends such a session.

SPDX-License-Identifier: BSD-2-Clause
"""
import ast
import contextlib
import re
import socket
import struct

import milterclient as mc
import paths
from milterclient import frame
from sockets import read_exactly

# The steps that both engines ask the MTA to omit, if it allows that.
UNWANTED = {mc.CONNECT: mc.NOCONNECT, mc.HELO: mc.NOHELO, mc.DATA: mc.NODATA, mc.EOH: mc.NOEOH,
            mc.BODY: mc.NOBODY, mc.UNKNOWN: mc.NOUNKNOWN}
SINCE = {mc.UNKNOWN: 3, mc.DATA: 4}  # version
EDITS = b'+2-h'


# --- sessions ---

def recorded():
    """{name: session} of t/sessions."""
    sessions = {}
    for path in sorted((paths.ROOT / 't/sessions').glob('*.session')):
        lines = [line.split(' ', 1) for line in path.read_text().splitlines()]
        sessions[path.stem] = [(command.encode(), ast.literal_eval(data)) for command, data in lines]
    return sessions


def offer(version=6, actions=mc.ALL_ACTIONS, steps=mc.ALL_STEPS):
    return mc.OPTNEG, struct.pack('!III', version, actions, steps)


def with_offer(session, **offered):
    """The same session by an MTA that offers these features, omits the steps it is asked to omit, and does
    not know others."""
    first = offer(**offered)
    version, _, steps = struct.unpack('!III', first[1])
    return [first, *(p for p in session if p[0] != mc.OPTNEG and version >= SINCE.get(stage(p), 0)
                     and not (steps or mc.V1_STEPS) & UNWANTED.get(stage(p), 0))]


def stage(packet):
    """The command of a packet, or the command that its macros belong to."""
    command, data = packet
    return data[:1] if command == mc.MACRO else command


# --- what an MTA sees ---

def play(path, session):
    """All answers up to the end of the connection, without the parts that differ each time."""
    answers = []
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(180)
        peer.connect(str(path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(b''.join(frame(*packet) for packet in session))
            peer.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while head := read_exactly(peer, 4):
                octets = read_exactly(peer, struct.unpack('!I', head)[0])
                answers.append((octets[:1], re.sub(rb'(onprem; )\d+', rb'\1<time>', octets[1:])))
    return list(seen(answers))


def seen(answers):
    """An MTA drops the edits of a message that is deferred."""
    edits = []
    for answer in answers:
        if answer[0] in EDITS:
            edits.append(answer)
            continue
        yield from edits if answer[0] == b'c' else []
        edits = []
        yield answer


# --- the order in which commands are valid ---

class OwnOrder:
    """The rules of milter/protocol/session.c."""

    STAGES = {mc.OPTNEG: 'new', mc.RCPT: 'mail rcpt', mc.DATA: 'rcpt', mc.HEADER: 'rcpt content',
              mc.EOH: 'rcpt content', mc.BODY: 'rcpt content', mc.EOM: 'rcpt content'}
    NEXT = {mc.OPTNEG: 'idle', mc.CONNECT: 'idle', mc.HELO: 'idle', mc.MAIL: 'mail', mc.RCPT: 'rcpt',
            mc.DATA: 'content', mc.HEADER: 'content', mc.EOH: 'content', mc.BODY: 'content',
            mc.EOM: 'idle', mc.ABORT: 'idle', mc.QUIT_NC: 'idle'}

    def __init__(self):
        self._stage = 'new'

    def take(self, command):
        """Whether it counts."""
        place = self.STAGES.get(command, 'idle mail rcpt content')
        counts = self._stage in place.split()
        self._stage = self.NEXT.get(command, self._stage) if counts else 'idle'
        return counts


class LibmilterOrder:
    """The rules of libmilter/engine.c for an MTA that omits all steps we ask it to omit."""

    STATES = [None, mc.OPTNEG, mc.CONNECT, mc.HELO, mc.MAIL, mc.RCPT, mc.DATA, mc.HEADER, mc.EOH,
              mc.BODY, mc.EOM, mc.QUIT, mc.ABORT, mc.UNKNOWN, mc.QUIT_NC]
    NEXT = [b'O', b'CU', b'HMU', b'HMU', b'RAU', b'LNTBERAU', b'NLA', b'NLA', b'BEA', b'EBA', b'QMUK',
            b'', b'', b'HMRATBUQK', b'CU']

    def __init__(self):
        self._state = 0

    def take(self, command):
        """Whether the command is valid, and whether it belongs to the current message."""
        kept = self._leads_to(command)
        if not kept:
            self._state = self.STATES.index(mc.HELO)
        counts = kept or self._leads_to(command)
        if counts:
            self._state = self.STATES.index(command)
        return counts, kept

    def _leads_to(self, command):
        state = self._state
        while command not in self.NEXT[state]:
            state += 1
            if state == len(self.STATES) or self.STATES[state] not in UNWANTED:
                return False
        return True


# --- where the engines differ ---

NEEDS_DATA = {mc.BODY, mc.CONNECT, mc.HELO, mc.HEADER, mc.MAIL, mc.RCPT, mc.OPTNEG, mc.UNKNOWN}
WITHIN = {mc.RCPT, mc.DATA, mc.HEADER, mc.EOH, mc.BODY, mc.EOM, mc.UNKNOWN}
MALFORMED = 'malformed: either may close the connection or take what it can read'
ORDER = 'order: libmilter ignores it, or takes it, or gives up the message; we do not'
MACROS = 'macros: libmilter keeps those from before where there are none, and forgets those before OPTNEG'
QUIT_NC = 'quit_nc: libmilter ignores it but after a message that was accepted, or given up'


def malformed(command, data):
    if not data:
        return command in NEEDS_DATA
    if command == mc.MACRO:
        return len(data) > 1 and (data[-1:] != b'\0' or data[1:].count(b'\0') % 2 == 1)
    if command == mc.HEADER:
        return data[-1:] != b'\0' or data[:1] == b'\0' or data.count(b'\0') < 2
    return command in (mc.MAIL, mc.RCPT) and data[-1:] != b'\0'


class _Macros:
    """The stages that have macros: only there does it matter whether an engine drops them."""

    ORDER = [mc.CONNECT, mc.HELO, mc.MAIL, mc.RCPT, mc.DATA, mc.EOH, mc.EOM]

    def __init__(self):
        self._known = set()

    def take(self, command, data):
        """Whether libmilter does the same."""
        if command == mc.MACRO:
            if len(data) == 1:
                return data not in self._known
            self._known.add(data[:1])
        elif command == mc.OPTNEG:
            return not self._known
        elif command in self.ORDER[:4]:
            self._known -= set(self.ORDER[self.ORDER.index(command) + 1:])
        return True


def parting(session):
    """(number of the packet, reason) from which on the engines may differ; (len(session), '')."""
    own, libmilter, macros = OwnOrder(), LibmilterOrder(), _Macros()
    before = None
    for number, (command, data) in enumerate(session):
        if malformed(command, data):
            return number, MALFORMED
        if command not in LibmilterOrder.STATES and command != mc.MACRO:
            return number + 1, 'both close the connection'
        if command == mc.QUIT:
            break
        if not macros.take(command, data):
            return number, MACROS
        if command == mc.MACRO:
            continue
        if command == mc.QUIT_NC and before != mc.ABORT:
            return number, QUIT_NC
        counts, kept = libmilter.take(command)
        if own.take(command) != counts and (command != mc.ABORT) or counts and not kept and command in WITHIN:
            return number, ORDER
        before = command
    return len(session), ''
