"""beside.py - other services on a machine: content filters and milters

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil

from latermilter import LaterMilter
from tap import Tap


def start(machine, text):
    """One of 'proxy PORT NEXT-PORT', 'milter PORT' and 'milter PATH WHAT ARGUMENT...'; see README.md."""
    kind, *arguments = text.split()
    with machine.network():
        return {'proxy': proxy, 'milter': milter}[kind](machine, *arguments)


def proxy(_, port, next_port):
    """A content filter that passes everything on."""
    return Tap('127.0.0.1', int(next_port), own_port=int(port))


def milter(machine, at, what='', *arguments):
    """
    what  nothing: it lets all pass. refuse TEXT: recipients with that text get 550. remove ADDRESS,
          add ADDRESS: at the end of every message
    """
    paths = [f'<{address}>' for address in arguments]
    refusals = {text: '550 5.7.1 Refused by another' for text in arguments}
    options = {'': {'actions': 0}, 'refuse': {'refuse_rcpt': refusals, 'actions': 0},
               'remove': {'delete': paths}, 'add': {'add': paths}}[what]
    if at.isdigit():
        return LaterMilter(('127.0.0.1', int(at)), **options).start()
    path = machine.path(at)
    path.parent.mkdir(exist_ok=True)
    made = LaterMilter(path, **options).start()
    shutil.chown(path, 0, 0)
    return made
