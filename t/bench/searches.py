"""searches.py - the number of searches; the same in each run

Rounded to a tenth of a search per recipient, so that searches at a connection or at intervals do not count.

SPDX-License-Identifier: BSD-2-Clause
"""
import exim_sides
import postfix_sides
import sendmail_sides
import turns
from sender import Load

RECIPIENTS = 1000
# A number of messages that does not take long, with one recipient each.
MEASURED = {'Postfix': 1000, 'Exim': 250, 'Sendmail': 50}


def work(premises, _):
    uri = premises.slapd.uri
    postfix = postfix_sides.postfix_sides(premises, uri)
    yield counted(premises, 'Postfix',
                  {name: lambda load, name=name: postfix.run(name, load)
                   for name in postfix_sides.ALL})
    yield counted(premises, 'Sendmail',
                  {name: lambda load, side=side: side.run(load, deliver=True)
                   for name, side in sendmail_sides.sendmail_sides(premises, uri).items()})
    yield counted(premises, 'Exim',
                  {name: side.run for name, side in exim_sides.exim_sides(premises, uri).items()})


def counted(premises, mta, sides):
    load = Load(5, messages=min(MEASURED[mta], premises.count))
    result, = turns.compare(
        f'{mta}, searches for {RECIPIENTS} recipients', 'searches',
        {name: lambda run=run: RECIPIENTS * round(premises.asked(lambda: run(load)) / load.messages, 1)
         for name, run in sides.items()}, rounds=1)
    for side in result.sides:
        side.ratio = None  # there is no side to compare with
    return result
