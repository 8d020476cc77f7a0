"""socketmap.py - queries a lookup table as an MTA does

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import socket

TABLES = ('route', 'transport', 'recipient')


def netstring(text):
    octets = text.encode() if isinstance(text, str) else text
    return b'%d:%s,' % (len(octets), octets)


class Socketmap:
    """One connection."""

    def __init__(self, path, timeout=180):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))  # waits if many connect at once
        self.socket.settimeout(timeout)
        self._input = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._input.close()
        self.socket.close()

    def ask(self, table, key):
        """'OK alice@hosted.example.com', without trailing blanks."""
        self.send(netstring(f'{table} {key}'))
        return self.receive()

    def send(self, octets):
        self.socket.sendall(octets)

    def receive(self):
        """The next answer; None at the end of the connection."""
        head = b''
        while not head.endswith(b':'):
            octet = self._input.read(1)
            if not octet:
                return None
            head += octet
        assert re.fullmatch(rb'0:|[1-9][0-9]*:', head), head
        body = self._input.read(int(head[:-1]))
        assert self._input.read(1) == b','
        return body.decode().rstrip()
