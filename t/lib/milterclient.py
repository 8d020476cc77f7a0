"""milterclient.py - the MTA's side of the milter protocol, for MTAs of any age and with any fault

The protocol is libmilter's (Sendmail's libmilter/mfdef.h): a length of four octets,
a command octet, its data. Every wait is bounded.

SPDX-License-Identifier: BSD-2-Clause
"""
import select
import socket
import struct
from dataclasses import dataclass, field

# Actions that an MTA may allow a milter.
ADDHDRS, CHGBODY, ADDRCPT, DELRCPT, CHGHDRS, QUARANTINE, CHGFROM, ADDRCPT_PAR, SETSYMLIST = [
    1 << n for n in range(9)]
V1_ACTIONS, V2_ACTIONS, ALL_ACTIONS = 0x0f, 0x3f, 0x1ff

# Steps that an MTA can omit, and steps that need no reply.
NOCONNECT, NOHELO, NOMAIL, NORCPT, NOBODY, NOHDRS, NOEOH = [1 << n for n in range(7)]
NOUNKNOWN, NODATA = 0x100, 0x200
NR_HDR, NR_CONN, NR_HELO, NR_MAIL, NR_RCPT, NR_DATA, NR_UNKN, NR_EOH, NR_BODY = [
    0x80, *(1 << n for n in range(12, 20))]
ALL_NR = NR_HDR | NR_CONN | NR_HELO | NR_MAIL | NR_RCPT | NR_DATA | NR_UNKN | NR_EOH | NR_BODY
V1_STEPS, V2_STEPS, ALL_STEPS = 0x3f, 0x7f, 0x1fffff

# Commands, each with the flag that omits it and the flag that omits its reply.
OPTNEG, MACRO, ABORT, EOM, QUIT, QUIT_NC = b'O', b'D', b'A', b'E', b'Q', b'K'
CONNECT, HELO, MAIL, RCPT, DATA, HEADER, EOH, BODY, UNKNOWN = [bytes([c]) for c in b'CHMRTLNBU']
STEPS = {
    CONNECT: (NOCONNECT, NR_CONN), HELO: (NOHELO, NR_HELO), MAIL: (NOMAIL, NR_MAIL),
    RCPT: (NORCPT, NR_RCPT), DATA: (NODATA, NR_DATA), HEADER: (NOHDRS, NR_HDR),
    EOH: (NOEOH, NR_EOH), BODY: (NOBODY, NR_BODY), UNKNOWN: (NOUNKNOWN, NR_UNKN), EOM: (0, 0),
}
SYMLIST_STAGES = [CONNECT, HELO, MAIL, RCPT, DATA, EOM, EOH]

ANSWERS = {b'c': 'continue', b'a': 'accept', b'r': 'reject', b't': 'tempfail', b'd': 'discard'}
MODIFICATIONS = {b'+': 'addrcpt', b'2': 'addrcpt_par', b'-': 'delrcpt', b'h': 'addheader',
                 b'i': 'insheader', b'm': 'chgheader', b'p': 'progress'}

POSTFIX = {'v': 'Postfix 3.7.11', 'i': '4Xyz12', '{rcpt_mailer}': 'relay'}
# What Postfix sends at each stage unless SETSYMLIST says otherwise.
USUAL_SYMBOLS = {CONNECT: ['j', 'v'], MAIL: ['i', '{mail_addr}'],
                 RCPT: ['i', '{rcpt_addr}', '{rcpt_mailer}'], EOM: ['i']}


class Closed(Exception):
    """The milter has closed the connection."""


@dataclass
class Played:
    """One message: the reply to each RCPT, the modifications in order, the last reply."""
    rcpts: list
    modifications: list
    end: str


@dataclass
class Negotiated:
    version: int
    actions: int
    steps: int
    symbols: dict = field(default_factory=dict)  # by command


def frame(command, data=b''):
    return struct.pack('!I', len(command) + len(data)) + command + data


def strings(*values):
    """The arguments, text or octets, each followed by a NUL."""
    return b''.join((v.encode() if isinstance(v, str) else v) + b'\0' for v in values)


def bare(path):
    """'<a@b>' without the brackets."""
    return path.removeprefix('<').removesuffix('>')


class MilterClient:
    """A connection to the milter; macros with the value None are never sent."""

    def __init__(self, path, seconds=180, **macros):
        self.macros = {**POSTFIX, **macros}
        self.symbols = dict(USUAL_SYMBOLS)
        self.steps = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self.set_patience(seconds)
        self._socket.connect(str(path))
        self._in = self._socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._in.close()
        self._socket.close()

    def set_patience(self, seconds):
        """Set the limit of each wait, after which a TimeoutError is raised."""
        self._socket.settimeout(seconds)

    def has_answer(self, seconds):
        """Whether data arrives within this many seconds."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    # --- frames ---

    def send(self, command, data=b''):
        self.raw(frame(command, data))

    def raw(self, octets):
        try:
            self._socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed from e

    def read(self):
        """Command and data of the next frame."""
        size, = struct.unpack('!I', self._read(4))
        octets = self._read(size)
        return octets[:1], octets[1:]

    def _read(self, size):
        try:
            octets = self._in.read(size)
        except ConnectionResetError as e:
            raise Closed from e
        if len(octets) < size:
            raise Closed
        return octets

    def reply(self):
        """'continue', 'tempfail' ... or the text of an SMTP reply."""
        command, data = self.read()
        if command == b'y':
            return data.removesuffix(b'\0').decode()
        return ANSWERS[command]

    # --- steps ---

    def negotiate(self, version=6, actions=ALL_ACTIONS, steps=ALL_STEPS):
        """The options agreed on. A step that was not offered is never omitted."""
        self.send(OPTNEG, struct.pack('!III', version, actions, steps))
        command, data = self.read()
        assert command == OPTNEG, command
        agreed = Negotiated(*struct.unpack('!III', data[:12]), symbols=symbol_lists(data[12:]))
        self.steps = agreed.steps & steps
        self.symbols.update(agreed.symbols)
        return agreed

    def step(self, command, *values):
        """The reply to a command; None if the command is omitted or has no reply."""
        without, without_reply = STEPS[command]
        if self.steps & without:
            return None
        self.send(command, strings(*values))
        return None if self.steps & without_reply else self.reply()

    def send_macros(self, command, **more):
        """Send the macros of this stage that have a value."""
        values = {**more, **self.macros}
        pairs = [(name, values[name]) for name in self.symbols.get(command, [])
                 if values.get(name) is not None]
        self.send(MACRO, command + strings(*(text for pair in pairs for text in pair)))

    def connect(self):
        self.send_macros(CONNECT)
        if self.steps & NOCONNECT:
            return None
        self.send(CONNECT, strings('client.test') + b'4' + struct.pack('!H', 40000)
                  + strings('127.0.0.1'))
        return None if self.steps & NR_CONN else self.reply()

    def helo(self):
        return self.step(HELO, 'client.test')

    def mail(self, sender='<sender@outside.test>', *arguments):
        self.send_macros(MAIL, **{'{mail_addr}': bare(sender)})
        return self.step(MAIL, sender, *arguments)

    def ask(self, path, *arguments):
        """RCPT, without waiting for its reply. {rcpt_addr} is the path without its brackets,
        unless macros say otherwise."""
        self.send_macros(RCPT, **{'{rcpt_addr}': bare(path) if isinstance(path, str) else path})
        self.send(RCPT, strings(path, *arguments))

    def rcpt(self, path, *arguments):
        self.ask(path, *arguments)
        return self.reply()

    def data(self):
        return self.step(DATA)

    def header(self, name, value):
        return self.step(HEADER, name, value)

    def eoh(self):
        return self.step(EOH)

    def body(self, octets):
        if self.steps & NOBODY:
            return None
        self.send(BODY, octets)
        return None if self.steps & NR_BODY else self.reply()

    def unknown(self, line):
        return self.step(UNKNOWN, line)

    def eom(self):
        """End the message. Returns the modifications and the last reply."""
        self.send_macros(EOM)
        self.send(EOM)
        modifications = []
        while True:
            command, data = self.read()
            if command not in MODIFICATIONS:
                break
            modifications.append(modification(command, data))
        if command == b'y':
            return modifications, data.removesuffix(b'\0').decode()
        return modifications, ANSWERS[command]

    def abort(self):
        self.send(ABORT)

    def quit(self):
        self.send(QUIT)

    def quit_nc(self):
        self.send(QUIT_NC)

    def hang_up(self):
        """Half-close the connection. Returns what the milter still sends before it closes it."""
        self._socket.shutdown(socket.SHUT_WR)
        return self.until_closed()

    def until_closed(self):
        """Everything the milter sends before it closes the connection; TimeoutError if it does not close it."""
        said = []
        try:
            while True:
                said.append(self.read())
        except Closed:
            return said

    # --- a message ---

    def open(self, **offer):
        """Negotiate and greet."""
        self.negotiate(**offer)
        self.greet()
        return self

    def greet(self):
        assert self.connect() in (None, 'continue')
        assert self.helo() in (None, 'continue')

    def content(self, headers=(('Subject', 'Hello'),), body=b'Hello\r\n'):
        """Send everything between the envelope and the end of the message."""
        for answer in [self.data(), *(self.header(*h) for h in headers), self.eoh(),
                       self.body(body)]:
            assert answer in (None, 'continue'), answer

    def message(self, rcpts, **content):
        """Send one message; a recipient is a path or (path, ESMTP argument...)."""
        assert self.mail() in (None, 'continue')
        replies = [self.rcpt(*([r] if isinstance(r, (str, bytes)) else r)) for r in rcpts]
        self.content(**content)
        return Played(replies, *self.eom())


class SlowClient(MilterClient):
    """Sends octet by octet, so that the milter never reads a whole frame at once."""

    def raw(self, octets):
        for i in range(len(octets)):
            super().raw(octets[i:i + 1])


def symbol_lists(data):
    """SETSYMLIST as encoded in the answer: number of the stage, names, NUL."""
    lists = {}
    while data:
        stage, = struct.unpack('!I', data[:4])
        names, _, data = data[4:].partition(b'\0')
        lists[SYMLIST_STAGES[stage]] = names.decode().split()
    return lists


def modification(command, data):
    """('addheader', name, value); insheader and chgheader have their number before the name."""
    name = MODIFICATIONS[command]
    if name in ('insheader', 'chgheader'):
        return (name, *struct.unpack('!I', data[:4]), *texts(data[4:]))
    return (name, *texts(data))


def texts(data):
    return [part.decode('utf-8', 'surrogateescape') for part in data.split(b'\0')[:-1]]
