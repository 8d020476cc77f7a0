"""nameserver.py - a DNS server for a test, with a table of records and chosen faults

Only a test inside a namespace.Namespace can use port 53.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import socket
import struct
import threading

TYPES = {'A': 1, 'CNAME': 5, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28, 'TLSA': 52}
NAMES = {number: name for name, number in TYPES.items()}
AD, UDP_MAX = 0x20, 512
NO_ERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def encode_name(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.') if label) + b'\0'


def decode_name(octets, at):
    labels = []
    while octets[at]:
        labels.append(octets[at + 1:at + 1 + octets[at]].decode())
        at += 1 + octets[at]
    return '.'.join(labels).lower(), at + 1


def encode_data(kind, value):
    if kind in ('CNAME', 'PTR'):
        return encode_name(value)
    if kind == 'TXT':
        parts = [value[at:at + 255].encode('latin-1') for at in range(0, len(value), 255)]
        return b''.join(bytes([len(part)]) + part for part in parts)
    if kind == 'TLSA':
        return bytes.fromhex(value)
    if kind == 'MX':
        return struct.pack('!H', value[0]) + encode_name(value[1])
    return socket.inet_pton(socket.AF_INET if kind == 'A' else socket.AF_INET6, value)


def record(name, kind, value, ttl=0):
    data = encode_data(kind, value)
    return encode_name(name) + struct.pack('!HHIH', TYPES[kind], 1, ttl, len(data)) + data


class NameServer:
    """
    names     {name: [(type, value), or (type, value, TTL), ...]}; other names do not
              exist; the value of an MX is (preference, host)
    manners   its faults, for all queries or {'AAAA': manner} or {name: manner}:
              silent, garbage, servfail, refused, truncated
    secure    names that it reports as validated by DNSSEC, on request: [name, ...]
    port      0: any free port, see at
    tcp       truncate long answers, and give them whole over TCP
    asked     the queries so far: (name, type)
    """

    def __init__(self, names=None, manners='', address='127.0.0.1', port=53, secure=(), tcp=False):
        self.names = names or {}
        self.manners = manners
        self.secure = secure
        self.asked = []
        self._address = (address, port)
        self._tcp = tcp
        self._socket = None
        self._listener = None

    def start(self):
        while not self._bind():
            continue
        threading.Thread(target=self._serve, daemon=True).start()
        if self._tcp:
            threading.Thread(target=self._serve_tcp, daemon=True).start()
        return self

    def _bind(self):
        """Try again: a port that is free for UDP may be in use for TCP."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        if not self._tcp:
            return True
        try:
            self._listener = socket.create_server(self._socket.getsockname())
            return True
        except OSError:
            self._socket.close()
            if self._address[1]:
                raise
            return False

    @property
    def at(self):
        """ADDRESS:PORT"""
        return '{}:{}'.format(*self._socket.getsockname())

    def stop(self):
        # close() alone would not wake the thread
        for one in [self._socket] + [self._listener] * self._tcp:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(4096)
                if not query:
                    return
                answer = self._answer(query)
                if self._tcp and answer and len(answer) > UDP_MAX:
                    answer = head(query, NO_ERROR, truncated=True) + query[12:]
                if answer:
                    self._socket.sendto(answer, client)

    def _serve_tcp(self):
        """Serve one TCP client after the other, one query each."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, contextlib.suppress(OSError, struct.error), client.makefile('rb') as questions:
                    answer = self._answer(questions.read(*struct.unpack('!H', questions.read(2))))
                    if answer:
                        client.sendall(struct.pack('!H', len(answer)) + answer)

    def _answer(self, query):
        name, end = decode_name(query, 12)
        kind = NAMES.get(struct.unpack('!H', query[end:end + 2])[0], '?')
        self.asked.append((name, kind))
        manner = self._manner(name, kind)
        question = query[12:end + 4]
        if manner == 'silent':
            return None
        if manner == 'garbage':
            return query[:2] + bytes(range(255, 127, -1))
        if manner in ('servfail', 'refused'):
            return head(query, SERVFAIL if manner == 'servfail' else REFUSED) + question
        if manner == 'truncated':
            return head(query, NO_ERROR, truncated=True) + question
        if name not in self.names:
            return head(query, NXDOMAIN) + question
        records = list(self._follow(name, kind))
        secure = name in self.secure and query[3] & AD
        return head(query, NO_ERROR, len(records), secure=secure) + question + b''.join(records)

    def _manner(self, name, kind):
        if isinstance(self.manners, str):
            return self.manners
        return self.manners.get(name) or self.manners.get(kind, '')

    def _follow(self, name, kind):
        """The records of this type, aliases before them."""
        for found, value, *ttl in self.names.get(name, []):
            if found in (kind, 'CNAME'):
                yield record(name, found, value, *ttl)
            if found == 'CNAME' and value != name:
                yield from self._follow(value, kind)


def head(query, code, records=0, truncated=False, secure=False):
    flags = 0x8180 | (0x0200 if truncated else 0) | (AD if secure else 0) | code
    return query[:2] + struct.pack('!HHHHH', flags, 1, records, 0, 0)
