"""befall.py - faults of a server as context managers: with killed(server): ...; it recovers at the end

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib


@contextlib.contextmanager
def killed(server, **_):
    server.kill()
    yield
    server.start()


@contextlib.contextmanager
def stopped(server, **_):
    server.stop()
    yield
    server.start()


@contextlib.contextmanager
def frozen(server, **_):
    server.freeze()
    yield
    server.thaw()


@contextlib.contextmanager
def restarted(server, **_):
    server.stop()
    server.start()
    yield
