"""tap.py - a TCP relay that remembers what went through

SPDX-License-Identifier: BSD-2-Clause
"""
import socket
import threading


class Tap:
    """Listens on a port of the server's own address, unless the server is elsewhere."""

    def __init__(self, host, port, to=None):
        self._server = (to or host, port)
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        self._heard = []
        threading.Thread(target=self._accept, daemon=True).start()

    def heard(self):
        """All octets so far, both ways."""
        return b''.join(self._heard)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for ends in [(client, server), (server, client)]:
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source, sink):
        try:
            while octets := source.recv(65536):
                self._heard.append(octets)
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
