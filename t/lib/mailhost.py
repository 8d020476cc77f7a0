"""mailhost.py - an SMTP server with replies set by a test; it accepts no message

SPDX-License-Identifier: BSD-2-Clause
"""
import ssl
import time

from listener import Listener

SOUND = {'greeting': '220 mx.test ESMTP', 'EHLO': '250 mx.test', 'HELO': '250 mx.test',
         'STARTTLS': '220 2.0.0 Go on', 'MAIL': '250 2.1.0 Ok', 'RCPT': '550 5.1.1 Unknown',
         'RSET': '250 2.0.0 Ok', 'QUIT': '221 2.0.0 Bye'}


def endless(octets):
    while True:
        yield octets


def drip(text, seconds=0.1):
    """Wait this long before each octet."""
    for octet in text.encode() + b'\r\n':
        time.sleep(seconds)
        yield bytes([octet])


class MailHost(Listener):
    """
    replies   {verb, 'greeting' or 'RCPT someone@domain': reply} instead of SOUND's: a text, an iterable
              of octets, None for no reply, or a function that returns one of these;
              after 421 it closes the connection
    mailboxes recipients that it accepts
    tls       a tls.Certificate; then it offers STARTTLS. 'garbage': offers it and sends garbage
    said      the lines from clients on all connections
    """

    def __init__(self, address, port, mailboxes=(), replies=None, tls=None):
        super().__init__(address, port)
        self.said = []
        self._replies = {**SOUND, **{f'RCPT {m}': '250 2.1.5 Ok' for m in mailboxes},
                         **(replies or {})}
        self._tls = tls
        if tls and 'EHLO' not in (replies or {}):
            self._replies['EHLO'] = '250-mx.test\r\n250-PIPELINING\r\n250 StartTLS'

    def talk(self, client):
        if self._say(client, 'greeting'):
            return
        lines = client.makefile('rb')
        while line := lines.readline():
            line = line.decode('latin-1').strip()
            self.said.append(line)
            verb = line.partition(' ')[0].upper()
            recipient = line.partition('<')[2].rstrip('>')
            key = f'RCPT {recipient}' if verb == 'RCPT' else verb
            said_421 = self._say(client, key if key in self._replies else verb)
            if verb == 'QUIT' or said_421:
                return
            if verb == 'STARTTLS' and self._replies[verb] == SOUND[verb]:
                client = self._encrypt(client)
                lines = client.makefile('rb')

    def _encrypt(self, client):
        if self._tls == 'garbage':
            client.sendall(b'\xff' * 100)
            return client
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers('DEFAULT:@SECLEVEL=0')  # present any certificate
        context.load_cert_chain(self._tls.cert, self._tls.key)
        return context.wrap_socket(client, server_side=True)

    def _say(self, client, key):
        """Returns True at the end of the session."""
        reply = self._replies.get(key, '500 5.5.1 What?')
        if callable(reply):
            reply = reply()
        if isinstance(reply, str):
            client.sendall(reply.encode('latin-1') + b'\r\n')
            return reply.startswith('421')
        for octets in reply or []:
            client.sendall(octets)
        return False
