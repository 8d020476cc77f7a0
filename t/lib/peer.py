"""peer.py - the people of the default world (world.py) as seen by a peer of the milter

SPDX-License-Identifier: BSD-2-Clause
"""
import re

from milterclient import MilterClient

DAVE, ALICE, BOTH, NOBODY, HELD = EVERYONE = [
    f'<{name}@example.com>' for name in ('dave', 'alice', 'both', 'nobody', 'held')]
REPLIES = ['continue', 'continue', 'continue', '550 5.1.1', '451 4.2.1']
MARK = ('addheader', 'X-SDR-Routed', 'onprem; <time>')
ORCPT = {name: f'ORCPT=rfc822;{name}@example.com' for name in ('alice', 'both')}


def edits(postfix=True, plain=False, by=None, **added):
    """
    The edits of a message to these of alice and both, each with its parameters or None. postfix: it removes
    the angle brackets; plain: it accepts no parameters; by: other texts by which alice is deleted.
    """
    deleted = by or ['alice@example.com' if postfix else ALICE]
    result = [('delrcpt', text) for text in deleted if 'alice' in added]
    for name, parameters in added.items():
        address = f'<{name}@hosted.example.com>'
        if plain:
            result.append(('addrcpt', address))
        else:
            result.append(('addrcpt_par', address, *([parameters] if parameters else [])))
    return [*result, MARK]


EDITED = edits(**ORCPT)


def connect(milter, client=MilterClient, **macros):
    return client(milter.socket_path, **macros)


def short(reply):
    """'550 5.1.1' of an SMTP reply; other replies unchanged."""
    return ' '.join(reply.split()[:2])


def shown(message):
    """Replies, modifications and end of a message, without the parts that differ each time."""
    modifications = [(*m[:2], re.sub(r'\d+$', '<time>', m[2])) if m[0] == 'addheader' else m
                     for m in message.modifications]
    return [short(r) for r in message.rcpts], modifications, short(message.end)


def played(client, rcpts=EVERYONE, **content):
    return shown(client.message(rcpts, **content))
