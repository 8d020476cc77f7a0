"""through_exim.py - messages a second through Exim, and processor time

An Exim process accepts at most 200 messages a second, because message IDs contain a clock of that resolution.
Ten sessions are limited by the processors.

SPDX-License-Identifier: BSD-2-Clause
"""
import turns
from exim_sides import exim_sides
from sender import Load

LOADS = [Load(10), Load(10, kept=False), Load(10, 20)]


def work(premises, rounds):
    sides = exim_sides(premises, premises.slapd.uri)

    def measured(side, load):
        sent = side.run(load)
        return sent.rate, sent.cpu
    for load in LOADS:
        yield from turns.compare(
            [f'Exim, {load}', f'Exim, {load}: processors'],
            ['messages/s', 'ms/message'],
            {name: lambda side=side: measured(side, load) for name, side in sides.items()},
            rounds=rounds)
