"""away.py - benchmark with a distant directory

SPDX-License-Identifier: BSD-2-Clause
"""
import exim_sides
import postfix_sides
import sendmail_sides
import turns
from far import Far
from sender import Load

DISTANCES = 5, 50  # milliseconds of a round trip


def work(premises, rounds):
    far = Far(premises.slapd.port)
    premises.stack.callback(far.close)
    postfix = postfix_sides.postfix_sides(premises, far.uri)
    mtas = {
        'Postfix': (Load(20, lockstep=True),
                    {name: lambda load, name=name: postfix.run(name, load)
                     for name in postfix_sides.ASKING}),
        'Sendmail': (Load(5, lockstep=True),
                     {name: side.run for name, side
                      in sendmail_sides.sendmail_sides(premises, far.uri).items()
                      if name in sendmail_sides.ASKING}),
        'Exim': (Load(10, lockstep=True),
                 {name: side.run for name, side
                  in exim_sides.exim_sides(premises, far.uri).items()})}
    for distance in DISTANCES:
        far.set(distance)
        for mta, (load, sides) in mtas.items():
            name = f'{mta}, directory {distance} ms away'
            yield from turns.compare(
                [f'{name}, {load}', f'{name}: RCPT, median', f'{name}: RCPT, 99th percentile'],
                ['messages/s', 'ms', 'ms'],
                {side: lambda run=run: figures(run(load)) for side, run in sides.items()},
                rounds=rounds)
    far.set(0)


def figures(sent):
    return sent.rate, sent.p50, sent.p99
