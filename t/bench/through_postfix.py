"""through_postfix.py - messages a second through Postfix

SPDX-License-Identifier: BSD-2-Clause
"""
import turns
from postfix_sides import ALL, postfix_sides
from sender import Load

LOADS = [Load(20, recipients, kept) for recipients in (1, 20) for kept in (True, False)]


def work(premises, rounds):
    postfix = postfix_sides(premises, premises.slapd.uri)
    for load in LOADS:
        yield from turns.compare(
            f'Postfix, {load}', 'messages/s',
            {side: lambda side=side: postfix.run(side, load).rate for side in ALL}, rounds=rounds)
