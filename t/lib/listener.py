"""listener.py - a TCP server with a thread for each client

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import socket
import threading


class Listener:
    """It accepts clients from start() on, in the network namespace of the caller."""

    def __init__(self, host, port=0):
        self._listener = socket.create_server((host, port), backlog=100)
        self.port = self._listener.getsockname()[1]

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def talk(self, client):
        """Serve one client until its end."""
        raise NotImplementedError

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, ValueError), client:
            client.settimeout(300)
            self.talk(client)
