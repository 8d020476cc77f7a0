"""syncserver.py - an LDAP server for RFC 4533 that a test controls

It is a proxy for a good server, which answers all other requests.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import select
import threading
import uuid

import badserver
import ldapwire
from badserver import EndOfSession
from ldapwire import parse_number, read_message, result, tlv

CONTROL, STATE, DONE, INFO = (f'1.3.6.1.4.1.4203.1.9.1.{n}'.encode() for n in (1, 2, 3, 4))
PAGED = b'1.2.840.113556.1.4.319'
PRESENT, ADD, MODIFY, DELETE = range(4)
REFERENCE, INTERMEDIATE = 0x73, 0x79
COOKIE = b'rid=000,csn=20260101000000.000000Z#000000#000#000000'  # cookies as OpenLDAP makes them


class SyncServer(badserver.BadServer):
    """
    script(session) is called for each sync request; searches: those requests. A plain search for all people
    finds the people in it.
    """

    def __init__(self, upstream, script):
        super().__init__(upstream)
        self.script = script
        self.searches = []
        self.shows = []

    def become(self, script):
        """Use this script from now on. Closes the current connections."""
        self.script = script
        self.searches = []
        self.drop_all()

    def _new_session(self, peer):
        return SyncSession(self, peer)


class SyncSession(badserver.Session):
    """number: the message ID of the sync request."""

    def __init__(self, server, peer):
        super().__init__(server, peer)
        self.number = None
        self.deaf = False  # answers no other requests
        self.deaf_to_pings = False  # nor requests that only need a reply

    def _answer(self, request):
        if CONTROL in request:
            self.number = parse_number(request)
            self._server.searches.append(request)
            self._server.script(self)
        elif PAGED in request and b'entryUUID' in request and not self.deaf:
            self._show_people(request)
        elif b'entryUUID' in request and not self.deaf:
            self._show_origin(request)
        elif not self.deaf and not (self.deaf_to_pings and is_ping(request)):
            super()._answer(request)

    def _show_origin(self, request):
        """Every entry that is looked up by its ID exists: the replica was made from this server."""
        before, self.number = self.number, parse_number(request)
        self.send(self.message(ldapwire.entry('uid=u0,ou=people,dc=example,dc=com')), self.result(0))
        self.number = before

    def _show_people(self, request):
        """No entry has changed since the last cookie."""
        names = [] if b'entryCSN' in request else self._server.shows
        before, self.number = self.number, parse_number(request)
        self.send(*(self.message(ldapwire.entry(
            f'uid={name},ou=people,dc=example,dc=com', mail=[f'{name}@example.com'],
            sdrOwner=['hosted'], entryUUID=[str(uuid.UUID(bytes=ident_of(name)))]))
                    for name in names), self.result(0))
        self.number = before

    def send(self, *messages):
        self._peer.sendall(b''.join(messages))

    def send_slowly(self, octets):
        """One by one."""
        for i in range(len(octets)):
            self.send(octets[i:i + 1])
            self._wait(badserver.DRIP)

    def wait(self, seconds):
        self._wait(seconds)

    def send_for_ever(self, make):
        """make(i) returns the i-th message; other requests are answered in between."""
        def run():
            with contextlib.suppress(OSError, EndOfSession):
                i = 0
                while not self._gone.is_set():
                    self.send(*(make(n) for n in range(i, i + 100)))
                    i += 100
        threading.Thread(target=run, daemon=True).start()

    def send_again_and_again(self, octets, pause=0):
        """Send these octets until the end of the session; answer requests in between."""
        while True:
            self.send(octets)
            if select.select([self._peer], [], [], pause)[0]:
                request = read_message(self._peer)
                if not request:
                    self.end()
                self._answer(request)

    def end(self):
        raise EndOfSession

    # --- messages ---

    def message(self, operation, *controls):
        """controls: (oid, value)"""
        parts = [tlv(0x02, self.number.to_bytes(2, 'big')), operation]
        if controls:
            parts.append(tlv(0xa0, *(tlv(0x30, tlv(0x04, oid), tlv(0x04, value))
                                     for oid, value in controls)))
        return tlv(0x30, *parts)

    def entry(self, name, state=ADD, cookie=None, ident=None, **attributes):
        """A person of the hosted site, unless stated otherwise."""
        values = {'mail': [f'{name}@example.com'], 'sdrOwner': ['hosted'], **attributes}
        dn = f'uid={name},ou=people,dc=example,dc=com'
        value = tlv(0x30, tlv(0x0a, bytes([state])), tlv(0x04, ident_of(name)
                    if ident is None else ident), *([tlv(0x04, cookie)] if cookie else []))
        return self.message(ldapwire.entry(dn, **values), (STATE, value))

    def info(self, value):
        return self.message(tlv(INTERMEDIATE, tlv(0x80, INFO), tlv(0x81, value)))

    def phase(self, tag, cookie=COOKIE, done=True):
        return self.info(tlv(tag, *([tlv(0x04, cookie)] if cookie is not None else []),
                             *([] if done else [tlv(0x01, b'\0')])))

    def refresh_delete(self, **options):
        return self.phase(0xa1, **options)

    def refresh_present(self, **options):
        return self.phase(0xa2, **options)

    def ids(self, names, deleted=False):
        return self.info(tlv(0xa3, *([tlv(0x01, b'\xff')] if deleted else []),
                             tlv(0x31, *(tlv(0x04, ident_of(name)) for name in names))))

    def result(self, code, *controls):
        return self.message(tlv(ldapwire.SEARCH_DONE, tlv(0x0a, code.to_bytes(2, 'big')),
                                tlv(0x04), tlv(0x04)), *controls)

    def done(self, cookie=COOKIE, deletes=False):
        """The end of a refresh without a persist stage; deletes: deleted entries were listed."""
        return self.result(0, (DONE, tlv(0x30, tlv(0x04, cookie),
                                         *([tlv(0x01, b'\xff')] if deletes else []))))

    def reference(self):
        return self.message(tlv(REFERENCE, tlv(0x04, b'ldap://127.0.0.1:1/dc=elsewhere')))


def is_ping(request):
    """A search for no attributes of the root DSE."""
    return b'objectClass' in request and b'1.1' in request


def ident_of(name):
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).bytes


__all__ = ['ADD', 'COOKIE', 'DELETE', 'DONE', 'MODIFY', 'PRESENT', 'STATE', 'SyncServer', 'ident_of', 'result',
           'tlv']
