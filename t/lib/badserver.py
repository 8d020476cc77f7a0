"""badserver.py - an LDAP server that fails at a chosen stage and recovers

It is a proxy for a good server, and passes requests on until turn() says where
and how to fail. heal() ends the failure.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import select
import socket
import ssl
import struct
import threading

import ldapwire
from ldapwire import message, parse, parse_number, parse_tag, read_message, result, tlv

DRIP = 0.3  # seconds between two octets
# The stages, in the order in which a connection reaches them:
CONNECT = 'connect'      # the kernel drops its SYN
ACCEPT = 'accept'        # accepted, nothing read
HELLO = 'hello'          # TLS: the ClientHello was read
FLIGHT = 'flight'        # TLS: ServerHello and what follows it is being sent
START_TLS = 'start-tls'  # the answer to the StartTLS operation
BIND, BOUND = 'bind', 'bound'  # the answer to the bind; right after it
SEARCH, COMPARE = 'search', 'compare'  # the answer to the operation
OPERATIONS = {ldapwire.BIND: BIND, ldapwire.SEARCH: SEARCH, ldapwire.COMPARE: COMPARE}

GARBAGE = b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n' + bytes(range(256))
HUGE = b'\x30\x84\x7f\xff\xff\xff\x02\x01'  # begins a message of 2 GB
NOTICE = message(0, result(ldapwire.EXTENDED_ANSWER, ldapwire.UNAVAILABLE,
                           tlv(0x8a, ldapwire.DISCONNECTION)))


def server_context(certificate, client_ca=None):
    """For a tls.Certificate; clients may present one issued by client_ca."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers('DEFAULT:@SECLEVEL=0')  # present any certificate
    context.load_cert_chain(certificate.cert, certificate.key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def connect(upstream):
    if isinstance(upstream, tuple):
        return socket.create_connection(upstream)
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(str(upstream))
    return peer


class BadServer:
    """requests: the requests received, as octets. peers: (cipher suite, client's certificate) of each TLS."""

    def __init__(self, upstream, *, tls=None, client_ca=None, ldaps=False, host='127.0.0.1',
                 port=0, narrow=False):
        """
        upstream  the path of slapd's ldapi socket, or (address, port) of ldap://
        tls       a tls.Certificate
        narrow    a receive buffer so small that a client can fill it
        """
        self.requests, self.peers = [], []
        self.upstream = upstream
        self.ldaps = ldaps
        self.context = server_context(tls, client_ca) if tls else None
        self.bad = (None, None)  # stage and manner
        self._address = (host, port)
        self._narrow = narrow
        self._sessions = []
        self._fillers = []
        self._stopping = False
        self._listener = self._wake = self._alarm = self._thread = None

    @property
    def port(self):
        return self._address[1]

    @property
    def uri(self):
        return self.uri_for(f'[{self._address[0]}]' if ':' in self._address[0] else self._address[0])

    def uri_for(self, host):
        return f'{"ldaps" if self.ldaps else "ldap"}://{host}:{self.port}'

    # --- start and stop ---

    def start(self):
        family = socket.AF_INET6 if ':' in self._address[0] else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._narrow:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self._listener.bind(self._address)
        self._address = self._listener.getsockname()[:2]
        self._listener.listen(128)
        self._alarm, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._stopping = True
        self._alarm.send(b'.')
        self._thread.join()
        for each in [self._listener, self._alarm, self._wake, *self._fillers]:
            each.close()
        for session in self._sessions:
            session.drop()

    def _serve(self):
        while not self._stopping:
            full = self.bad[0] == CONNECT
            ready, _, _ = select.select([self._wake, *([] if full else [self._listener])], [], [])
            if self._wake in ready:
                self._wake.recv(1)
            elif ready:
                session = self._new_session(self._listener.accept()[0])
                self._sessions.append(session)
                session.start()

    def _new_session(self, peer):
        return Session(self, peer)

    # --- failing and recovering ---

    def turn(self, stage, manner):
        """Fail from now on. Closes all connections, unless the search is to fail."""
        self.bad = (stage, manner)
        self._alarm.send(b'.')
        if stage != SEARCH:
            self.drop_all()
        if stage == CONNECT:
            self._fill()

    def heal(self):
        """Serve correctly again. Requests that were not answered stay unanswered."""
        self.bad = (None, None)
        for filler in self._fillers:
            filler.close()
        self._fillers = []
        self._listener.listen(128)
        self._alarm.send(b'.')
        self.drop_all(lambda session: session.failing)

    def drop_all(self, which=lambda session: True):
        for session in [s for s in self._sessions if which(s)]:
            session.drop()
            self._sessions.remove(session)

    def _fill(self):
        """Open connections of our own until the kernel accepts no more."""
        self._listener.listen(0)
        with contextlib.suppress(TimeoutError):
            while True:
                self._fillers.append(socket.create_connection(self._address, timeout=0.2))


class Session(threading.Thread):
    """Serve one client until it or the server closes the connection."""

    def __init__(self, server, peer):
        super().__init__(daemon=True)
        self.failing = False
        self._server = server
        self._peer = peer
        self._upstream = None
        self._gone = threading.Event()

    def drop(self):
        self._gone.set()
        for each in [self._peer, self._upstream]:
            # Not SSLSocket's own method: afterwards the reader would get encrypted data.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def run(self):
        with contextlib.suppress(OSError, EndOfSession):
            self._fail_at(ACCEPT)
            if self._server.ldaps:
                self._secure()
            while request := read_message(self._peer):
                self._server.requests.append(request)
                self._answer(request)
        self._gone.set()
        self._peer.close()
        if self._upstream:
            self._upstream.close()

    # --- correct answers ---

    def _secure(self):
        if self._server.bad[0] in (HELLO, FLIGHT):
            hello = self._peer.recv(65536)
            self._fail_at(HELLO)
            self._fail_at(FLIGHT, self._flight(hello))
        self._peer = self._server.context.wrap_socket(self._peer, server_side=True)
        self._server.peers.append((self._peer.cipher()[:2], self._peer.getpeercert()))

    def _flight(self, hello):
        """The answer of TLS to this ClientHello."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._server.context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        return outgoing.read()

    def _answer(self, request):
        tag = parse_tag(request)
        if tag == ldapwire.EXTENDED and ldapwire.START_TLS in request:
            self._start_tls(request)
            return
        answers = self._ask_upstream(request, tag)
        if tag in OPERATIONS:
            self._fail_at(OPERATIONS[tag], answers)
        self._peer.sendall(answers)
        if tag == ldapwire.BIND:
            self._fail_at(BOUND)

    def _start_tls(self, request):
        able = self._server.context is not None
        answer = message(parse_number(request), result(
            ldapwire.EXTENDED_ANSWER, ldapwire.SUCCESS if able else ldapwire.UNAVAILABLE))
        self._fail_at(START_TLS, answer)
        self._peer.sendall(answer)
        if able:
            self._secure()

    def _ask_upstream(self, request, tag):
        """The whole answer to this request."""
        if not self._upstream:
            self._upstream = connect(self._server.upstream)
        self._upstream.sendall(request)
        answers = b''
        last = ldapwire.LAST_ANSWER.get(tag)
        while last:
            answer = read_message(self._upstream)
            if not answer:
                raise EndOfSession
            answers += answer
            if parse_tag(answer) == last:
                last = None
        return answers

    # --- faults ---

    def _fail_at(self, stage, answer=b''):
        """Fail and end the session if this is the stage to fail at."""
        bad, manner = self._server.bad
        if bad != stage:
            return
        self.failing = True
        MANNERS[manner](self, answer)
        raise EndOfSession

    def _wait(self, seconds=600):
        if self._gone.wait(seconds):
            raise EndOfSession

    def silent(self, _):
        self._wait()

    def half(self, answer):
        self._peer.sendall(answer[:len(answer) // 2])
        self._wait()

    def cut(self, answer):
        self._peer.sendall(answer[:len(answer) // 2])

    def drip(self, answer):
        for i in range(len(answer)):
            self._peer.sendall(answer[i:i + 1])
            self._wait(DRIP)

    def close(self, _):
        pass

    def reset(self, _):
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    def garbage(self, _):
        self._peer.sendall(GARBAGE)
        self._wait()

    def huge(self, _):
        self._peer.sendall(HUGE)
        self._wait()

    def notice(self, _):
        self._peer.sendall(NOTICE)

    def wrong_number(self, answer):
        """A valid response whose message ID belongs to no request."""
        number, operation = parse(answer)
        self._peer.sendall(message(number + 1000, operation))
        self._wait()

    def stream(self, answer):
        """An endless series of entries of other people."""
        number = parse_number(answer)
        people = b''.join(message(number, ldapwire.entry(
            f'uid=u{i},dc=example,dc=com', mail=[f'u{i}@example.com'])) for i in range(100))
        while not self._gone.is_set():
            self._peer.sendall(people)


MANNERS = {name: getattr(Session, name) for name in (
    'silent', 'half', 'cut', 'drip', 'close', 'reset', 'garbage', 'huge', 'notice',
    'wrong_number', 'stream')}


class HangingServer(BadServer):
    """Never answers a request that contains these octets. asked is set when one arrives."""

    def __init__(self, upstream, octets, **options):
        super().__init__(upstream, **options)
        self.octets = octets
        self.asked = threading.Event()

    def _new_session(self, peer):
        return HangingSession(self, peer)


class HangingSession(Session):
    def _answer(self, request):
        if self._server.octets in request:
            self._server.asked.set()
            self._wait()
        super()._answer(request)


class EndOfSession(Exception):
    """The server says no more."""
