"""fakeldap.py - an LDAP server without a directory: a test sets its responses

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import socketserver
import threading

import ldapwire
from ldapwire import entry, message, parse_number, parse_search, parse_tag, read_message, result

CODES = {ldapwire.BIND: (ldapwire.BIND_ANSWER, ldapwire.SUCCESS),
         ldapwire.COMPARE: (ldapwire.COMPARE_ANSWER, ldapwire.COMPARE_FALSE)}


class FakeLdap:
    """Accepts every bind and answers every compare with "false". searches: every ldapwire.Search so far."""

    def __init__(self, answer):
        """
        answer(search): the items to send: an entry (dn, {attribute: values}); a number, the result code,
        after the entries; or octets, a whole operation
        """
        self.searches = []
        self._answer = answer
        self._server = None

    @property
    def uri(self):
        return f'ldap://127.0.0.1:{self._server.server_address[1]}'

    def start(self):
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while octets := read_message(self.request):
                        fake._serve(octets, self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(('127.0.0.1', 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, octets, peer):
        number, tag = parse_number(octets), parse_tag(octets)
        if tag == ldapwire.SEARCH:
            self._search(number, parse_search(octets), peer)
        elif tag in CODES:
            peer.sendall(message(number, result(*CODES[tag])))

    def _search(self, number, search, peer):
        self.searches.append(search)
        code = ldapwire.SUCCESS
        for each in self._answer(search):
            if isinstance(each, int):
                code = each
            elif isinstance(each, bytes):
                peer.sendall(message(number, each))
            else:
                dn, attributes = each
                peer.sendall(message(number, entry(dn, **attributes)))
        peer.sendall(message(number, result(ldapwire.SEARCH_DONE, code)))
