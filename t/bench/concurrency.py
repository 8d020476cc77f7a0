"""concurrency.py - many clients query one slapd at once

Our clients are threads with one struct sdr, as in the milter, and share the connections of its pool. The
others have one connection each. The limits of all waits are so high that the longest wait shows.

SPDX-License-Identifier: BSD-2-Clause
"""
import turns
from questions import Questions

ASKERS = [1, 8, 64, 256]
DEFAULT, MOST = 16, 64  # max-connections, see sdr.conf(5)


def counted(connections):
    return f'{connections} connection' + 's' * (connections > 1)


def work(premises, rounds):
    questions = Questions(premises)
    confs = {most: premises.folder / f'{most}.conf' for most in (DEFAULT, MOST)}
    for most, conf in confs.items():
        own = {'timeout': '60', 'max-connections': None if most == DEFAULT else str(most)}
        conf.write_text(premises.conf(own=own))

    def rate(side, conf, askers, connections):
        def measure():
            answer = questions.ask(side, conf, turns.SECONDS, askers)
            assert answer['sockets'] <= connections, answer
            return answer['rate'], answer['longest'] / 1000
        return measure

    for askers in ASKERS:
        sides = {f'ldap_search_ext_s, {counted(askers)}':
                 rate('ldap', questions.live, askers, askers)}
        for most, conf in confs.items():
            few = min(askers, most)
            sides.setdefault(f'sdr, {counted(few)}', rate('decide', conf, askers, few))
        how = f'{askers} ask at once' if askers > 1 else '1 asks'
        rates, waits = turns.compare([f'live decisions, {how}', f'longest wait, {how}'],
                                     ['/s', 'ms'], sides, rounds=rounds)
        yield rates
        if askers > 1:
            yield waits
