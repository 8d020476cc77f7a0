"""exim_process.py - the cost of queries in an Exim process, which seldom makes many

Uses exim -be. The first query loads exim-sdr.so, reads its configuration, and opens the replica or a
connection.

SPDX-License-Identifier: BSD-2-Clause
"""
import sdrctl
import turns
from exim import Exim
from lines import Lines
from questions import Questions

NOTHING = 'a constant'


def work(premises, rounds):
    questions = Questions(premises)
    mta = Exim(premises.folder / 'eximp', 0, questions.live)
    mta.configure()

    def routes(conf):
        return [mta.call('sdr_route', address, '', conf) for address in questions.addresses]
    compiled = premises.folder / 'compiled.conf'
    compiled.write_text(premises.replica)
    sdrctl.compile(compiled)
    asked = {NOTHING: ['u@hosted.example.com'], 'sdr, replica, compiled': routes(compiled),
             'sdr, replica': routes(questions.replica), 'sdr, live search': routes(questions.live),
             '${lookup ldap}': questions.exim_lookups()}
    sides = {name: Lines([*mta.command, '-be'], mta.env, lines) for name, lines in asked.items()}
    yield from turns.compare('a process of Exim with one question', 'ms',
                             {name: side.one for name, side in sides.items()}, rounds=rounds)
    del sides[NOTHING]
    yield from turns.compare('each further question of it', 'µs',
                             {name: side.each for name, side in sides.items()}, rounds=rounds)
