"""sinks.py - external mail servers, which accept and store all mail

SPDX-License-Identifier: BSD-2-Clause
"""
import email
from dataclasses import dataclass

from listener import Listener
from sink import split_path


@dataclass
class Taken:
    sender: str
    recipients: list
    text: bytes

    @property
    def message(self):
        return email.message_from_bytes(self.text)


class Sink(Listener):
    """At port 25 of that address; to be made in the network that it belongs to. It refuses gone@..."""

    def __init__(self, address):
        super().__init__(address, 25)
        self.taken = []

    def talk(self, client):
        lines = client.makefile('rb')
        client.sendall(b'220 sink ESMTP\r\n')
        sender, recipients = '', []
        while line := lines.readline():
            line = line.decode('latin-1').strip()
            verb = line[:4].upper()
            reply = '250 2.0.0 Ok'
            if verb == 'EHLO':
                reply = '250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 SIZE'
            elif verb == 'MAIL':
                sender, recipients = path(line), []
            elif verb == 'RCPT' and path(line).startswith('gone@'):
                reply = '550 5.1.1 Gone'
            elif verb == 'RCPT':
                recipients.append(path(line))
            elif verb == 'DATA':
                client.sendall(b'354 Go on\r\n')
                self.taken.append(Taken(sender, recipients, until_dot(lines)))
            elif verb == 'QUIT':
                client.sendall(b'221 2.0.0 Bye\r\n')
                return
            client.sendall(reply.encode() + b'\r\n')


def path(line):
    """The address of MAIL or RCPT."""
    return split_path(line.partition(':')[2].strip())[0]


def until_dot(lines):
    text = b''
    while (line := lines.readline()) not in (b'.\r\n', b''):
        text += line[1:] if line.startswith(b'.') else line
    return text
