"""through_sendmail.py - messages a second through Sendmail

SPDX-License-Identifier: BSD-2-Clause
"""
import turns
from sender import Load
from sendmail_sides import sendmail_sides

LOADS = [Load(5, recipients, kept) for recipients in (1, 20) for kept in (True, False)]


def work(premises, rounds):
    sides = sendmail_sides(premises, premises.slapd.uri)
    for load in LOADS:
        yield from turns.compare(
            f'Sendmail, {load}', 'messages/s',
            {name: lambda side=side: side.run(load).rate for name, side in sides.items()},
            rounds=rounds)
