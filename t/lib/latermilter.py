"""latermilter.py - another milter, which rejects, deletes or adds recipients

Implements only the part of the protocol (Sendmail's libmilter/mfdef.h, version 6) that this needs.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import socket
import socketserver
import struct
import threading

from sockets import read_exactly

OPTNEG, RCPT, EOM, QUIT, ABORT, MACRO = b'O', b'R', b'E', b'Q', b'A', b'D'
QUIT_NC = b'K'
ADDRCPT, DELRCPT = b'+', b'-'
MAY_ADD, MAY_DELETE = 0x04, 0x08
CONTINUE = b'c'
NO_ANSWER = (ABORT, MACRO, QUIT_NC)


class LaterMilter:
    """
    path            of its socket; (host, port): over TCP
    refuse_rcpt     {text: reply} for recipients that contain the text, ignoring case
    refuse_message  reply to every message
    add, delete     recipients to add or delete at the end of every message, as <address>
    actions         the actions that it asks the MTA for
    """

    def __init__(self, path, refuse_rcpt=None, refuse_message=None, add=(), delete=(),
                 actions=MAY_ADD | MAY_DELETE):
        self.path = path if isinstance(path, tuple) else str(path)
        self.refuse_rcpt = refuse_rcpt or {}
        self.refuse_message = refuse_message
        self._actions = actions
        self._edits = [(DELRCPT, a) for a in delete] + [(ADDRCPT, a) for a in add]
        self._server = None

    def start(self):
        milter = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                milter.serve(self.request)

        kind = socketserver.ThreadingTCPServer if isinstance(self.path, tuple) else \
            socketserver.ThreadingUnixStreamServer

        class Server(kind):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(self.path, Handler)
        if not isinstance(self.path, tuple):
            os.chmod(self.path, 0o666)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def serve(self, peer):
        while True:
            command, data = read_packet(peer)
            if command in (b'', QUIT):
                return
            if command in NO_ANSWER:
                continue
            if command == EOM:
                for edit, address in self._edits:
                    write_packet(peer, edit, f'{address}\0'.encode())
            write_packet(peer, *self.answer(command, data))

    def answer(self, command, data):
        if command == OPTNEG:
            return OPTNEG, struct.pack('!III', 6, self._actions, 0)
        if command == RCPT:
            for text, reply in self.refuse_rcpt.items():
                if text.lower().encode() in data.lower():
                    return b'y', reply.encode() + b'\0'
        if command == EOM and self.refuse_message:
            return b'y', self.refuse_message.encode() + b'\0'
        return CONTINUE, b''


def read_packet(peer):
    try:
        head = read_exactly(peer, 4)
        packet = read_exactly(peer, struct.unpack('!I', head)[0]) if head else b''
    except (ConnectionError, socket.timeout):
        packet = b''
    return packet[:1], packet[1:]


def write_packet(peer, command, data):
    peer.sendall(struct.pack('!I', 1 + len(data)) + command + data)
