"""tap.py - a TCP relay that records the traffic

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import socket
import threading

from listener import Listener


class Tap(Listener):
    """
    Listens at the server's own address, unless the server is on another host.

    own_port  the port there; 0: a free one
    """

    def __init__(self, host, port, to=None, own_port=0):
        super().__init__(host, own_port)
        self._server = (to or host, port)
        self._heard = []
        self.start()

    def heard(self):
        """All octets so far, in both directions."""
        return b''.join(self._heard)

    def talk(self, client):
        client.settimeout(None)
        with self._connect() as server:
            threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
            self._pass_on(client, server)

    def _connect(self):
        return socket.create_connection(self._server)

    def _pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                self._heard.append(octets)
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
