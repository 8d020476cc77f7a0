"""befall.py - what may befall a server: with killed(server): ...; at the end it is well again

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
