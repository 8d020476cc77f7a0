"""sink.py - the SMTP server that receives all mail of a test

It keeps the raw MAIL and RCPT arguments, so that a test sees a lost parameter. Counting recipients over all
transactions of one Message-ID shows lost and duplicated mail.

SPDX-License-Identifier: BSD-2-Clause
"""
import email
import email.policy
import re
from collections import Counter
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from proc import PATIENCE, free_port, wait_for

EXTENSIONS = ['PIPELINING', 'DSN', 'ENHANCEDSTATUSCODES']
PATH = re.compile(r'<?((?:"(?:\\.|[^"\\])*"|[^">])*)(?:>\s*|$)', re.S)


def split_path(raw):
    """
    '<a@b> NOTIFY=NEVER' -> ('a@b', 'NOTIFY=NEVER'); a quoted local part may hold '>' and, behind a
    backslash, a quotation mark. A text that is not a path is returned whole.
    """
    path = PATH.match(raw)
    return (path[1], raw[path.end():]) if path else (raw, '')


@dataclass
class Transaction:
    """One message as received."""
    mail: str
    mail_args: str
    rcpts: list = field(default_factory=list)  # '<a@b> ORCPT=...', as sent
    data: bytes = b''

    @property
    def recipients(self):
        return [split_path(raw)[0] for raw in self.rcpts]

    def args(self, recipient):
        """The parameters of this recipient's RCPT: '' if none."""
        return dict(split_path(raw) for raw in self.rcpts)[recipient]

    @property
    def message(self):
        return email.message_from_bytes(self.data, policy=email.policy.default)

    @property
    def message_id(self):
        return str(self.message['Message-ID'] or '').strip('<>')


class _Server(SMTP):
    """aiosmtpd without its checks of MAIL and RCPT parameters."""

    async def smtp_MAIL(self, arg):
        self.envelope.mail_from, self.envelope.mail_args = split_path(arg.partition(':')[2].strip())
        await self.push('250 2.1.0 Ok')

    async def smtp_RCPT(self, arg):
        raw = arg.partition(':')[2].strip()
        refusal = self.event_handler.refuse.get(split_path(raw)[0])
        if not refusal:
            self.envelope.rcpt_tos.append(raw)
        await self.push(refusal or '250 2.1.5 Ok')


class Sink:
    """Accepts everything, except recipients in refuse: {address: 'SMTP reply'}."""

    def __init__(self, address='127.0.0.1'):
        """address: another one on the loopback interface is another machine to Exim."""
        self.address = address
        self.port = free_port()
        self.transactions = []
        self.refuse = {}
        self._controller = None

    def start(self):
        self._controller = _Controller(self, hostname=self.address, port=self.port,
                                       ready_timeout=PATIENCE)
        self._controller.start()
        return self

    def stop(self):
        if self._controller:
            self._controller.stop()
        self._controller = None

    def of(self, message_id):
        """The transactions with this Message-ID so far."""
        return [t for t in list(self.transactions) if t.message_id == message_id]

    def wait(self, message_id=None, count=1, seconds=60):
        """Wait for at least this many transactions, of this Message-ID if one is given."""
        def arrived():
            found = self.of(message_id) if message_id else list(self.transactions)
            return found if len(found) >= count else None
        return wait_for(arrived, seconds, f'{count} messages at the sink')

    def recipients(self, message_id):
        """How often each recipient got this message: a Counter over all its transactions."""
        return Counter(r for t in self.of(message_id) for r in t.recipients)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses[:-1] + [f'250-{e}' for e in EXTENSIONS] + responses[-1:]

    async def handle_DATA(self, server, session, envelope):
        self.transactions.append(Transaction(envelope.mail_from, envelope.mail_args,
                                             list(envelope.rcpt_tos), envelope.content))
        return '250 2.0.0 Ok'


class _Controller(Controller):
    def factory(self):
        server = _Server(self.handler, enable_SMTPUTF8=True, data_size_limit=50_000_000,
                         hostname='sink.test')
        server.command_size_limits.default_factory = lambda: 8192
        return server
