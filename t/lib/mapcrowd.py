"""mapcrowd.py - thousands of clients of the lookup tables, in one thread

Each behaves like Postfix's socketmap client (dict_sockmap.c, auto_clnt.c): it keeps its connection. If the
connection is closed before the answer, it repeats the query once on a new one.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import resource
import select
import socket
import time

from socketmap import netstring

ANSWER = re.compile(rb'(\d+):')


class Client:
    """connects: how often it has connected. Its query, if any, has no answer yet."""

    def __init__(self, path):
        self.path = path
        self.socket = self.question = None
        self.answer = b''
        self.connects = self.tries = 0

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(self.path))
        self.socket.setblocking(False)
        self.connects += 1

    def ask(self, question):
        self.question, self.answer, self.tries = question, b'', 0
        self._send()

    def _send(self):
        self.tries += 1
        try:
            self.socket.sendall(netstring(self.question))
        except (BrokenPipeError, ConnectionResetError):
            self._again()

    def _again(self):
        assert self.tries < 2, f'closed twice: {self.question}'
        self.socket.close()
        self.connect()
        self.answer = b''
        self._send()

    def take(self):
        """Read the octets that have arrived; the answer if it is complete."""
        try:
            got = self.socket.recv(4096)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            got = b''
        if not got:
            self._again()
            return None
        self.answer += got
        head = ANSWER.match(self.answer)
        if not head or len(self.answer) < head.end() + int(head[1]) + 1:
            return None
        assert self.answer.endswith(b',')
        self.question = None
        return self.answer[head.end():-1].decode().rstrip()


class Crowd:
    """clients: all that are connected."""

    def __init__(self, path):
        self.path = path
        self.clients = []
        self.limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def __enter__(self):
        _, most = self.limits
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.socket.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, self.limits)

    def join(self, count):
        """Connect this many more clients; returns them."""
        fresh = [Client(self.path) for _ in range(count)]
        for client in fresh:
            client.connect()
            self.clients.append(client)
        return fresh

    @staticmethod
    def ask(clients, question, seconds=300):
        """Each client sends question(number), all at once. The answers, in the order of the clients."""
        for number, client in enumerate(clients):
            client.ask(question(number))
        return Crowd.answers(clients, seconds)

    @staticmethod
    def answers(clients, seconds=300):
        """The answers to the queries that were sent."""
        end = time.monotonic() + seconds
        answers = [None] * len(clients)
        waiting = set(range(len(clients)))
        with select.epoll() as poll:
            numbers = {}

            def watch(number):
                numbers[clients[number].socket.fileno()] = number
                poll.register(clients[number].socket, select.EPOLLIN)
            for number in waiting:
                watch(number)
            while waiting:
                left = end - time.monotonic()
                assert left > 0, f'{len(waiting)} of {len(clients)} were not answered'
                for fd, _ in poll.poll(left):
                    number = numbers[fd]
                    client = clients[number]
                    connects = client.connects
                    answers[number] = client.take()
                    if client.connects > connects:  # the poll object has dropped the closed socket by itself
                        watch(number)
                    elif client.question is None:
                        poll.unregister(fd)
                        waiting.discard(number)
        return answers
