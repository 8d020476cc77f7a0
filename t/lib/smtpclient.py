"""smtpclient.py - sends mail to any MTA without changing an octet

SPDX-License-Identifier: BSD-2-Clause
"""
import itertools
import os
import smtplib
from dataclasses import dataclass

_numbers = itertools.count(1)


@dataclass
class Reply:
    code: int
    text: str  # begins with the enhanced status code, if there is one

    def __str__(self):
        return f'{self.code} {self.text}'


@dataclass
class Sent:
    """The result of one message."""
    message_id: str
    mail: Reply
    rcpts: list  # one Reply for each recipient, in order
    data: Reply = None  # None: no recipient was accepted


def new_message_id():
    return f'{os.getpid()}.{next(_numbers)}@client.test'


def octets(value):
    return value if isinstance(value, bytes) else value.encode('utf-8', 'surrogateescape')


def path(recipient):
    """Sends bytes, or text that begins with '<', unchanged; puts an address in <>."""
    raw = octets(recipient)
    return raw if isinstance(recipient, bytes) or raw.startswith(b'<') else b'<' + raw + b'>'


def message(message_id, headers, body):
    """headers: lines or (name, value) pairs, after the usual ones; body ends with a newline."""
    lines = ['From: Sender <sender@outside.test>', 'To: undisclosed-recipients:;',
             'Date: Sat, 21 Nov 2026 02:00:00 +0000', f'Message-ID: <{message_id}>']
    lines += [h if isinstance(h, str) else f'{h[0]}: {h[1]}' for h in headers]
    return octets('\r\n'.join([*lines, '', '']) + body.replace('\n', '\r\n'))


class Client:
    """One SMTP connection, step by step, for tests that do something in between."""

    def __init__(self, port, source='127.0.0.1', host='127.0.0.1', timeout=300):
        self._smtp = smtplib.SMTP(host, port, local_hostname='client.test',
                                  source_address=(source, 0), timeout=timeout)
        self.ehlo = self.command('EHLO client.test')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._smtp.close()

    def command(self, line):
        self._smtp.send(octets(line) + b'\r\n')
        code, text = self._smtp.getreply()
        return Reply(code, text.decode('utf-8', 'replace'))

    def mail(self, sender='sender@outside.test', args=''):
        return self.command(b'MAIL FROM:<' + octets(sender) + b'>' + octets(args and ' ' + args))

    def rcpt(self, recipient, args=''):
        return self.command(b'RCPT TO:' + path(recipient) + octets(args and ' ' + args))

    def data(self, content):
        """The reply to the end of the message, or to DATA if that is rejected."""
        reply = self.command('DATA')
        if reply.code != 354:
            return reply
        # One write: sending body and dot separately costs 40 ms (Nagle).
        return self.command(content.replace(b'\r\n.', b'\r\n..') + b'.')

    def quit(self):
        return self.command('QUIT')


def send(port, rcpts, *, sender='sender@outside.test', headers=(), body='Hello\n',
         rcpt_args=None, mail_args='', source='127.0.0.1', message_id=None):
    """
    Send one message; tries every recipient, whatever the replies to the others.

    rcpts      a recipient or a list of them, see path()
    rcpt_args  parameters: text for all recipients, or {recipient: text}
    """
    rcpts = [rcpts] if isinstance(rcpts, (str, bytes)) else list(rcpts)
    message_id = message_id or new_message_id()
    args = rcpt_args.get if isinstance(rcpt_args, dict) else lambda *_: rcpt_args or ''
    with Client(port, source) as client:
        sent = Sent(message_id, client.mail(sender, mail_args), [])
        if sent.mail.code == 250:
            sent.rcpts = [client.rcpt(r, args(r, '')) for r in rcpts]
        if any(reply.code // 100 == 2 for reply in sent.rcpts):
            sent.data = client.data(message(message_id, headers, body))
        client.quit()
    return sent
