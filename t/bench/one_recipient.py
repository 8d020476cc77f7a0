"""one_recipient.py - one process decides about one recipient after the other

The base is a read of the same key in the same LMDB file. All clients of slapd send the same filter. For
Postfix and Exim, the time of a process with one query is subtracted, so its start, connection and bind do not
count.

SPDX-License-Identifier: BSD-2-Clause
"""
import os

import postfix
import turns
from exim import Exim
from lines import Lines
from postfix_sides import LDAP_TABLE
from questions import Questions

MDB, REPLICA, LIVE = 'mdb_get of the same key', 'sdr, replica', 'sdr, live search'


def postmap(folder, questions):
    """Postfix's own lookup, without Postfix."""
    folder.mkdir()
    (folder / 'main.cf').write_text(f'compatibility_level = 3.6\nmeta_directory = {folder}\n')
    (folder / 'dynamicmaps.cf').write_text(
        f'ldap\t{postfix.DAEMONS.parent}/postfix-ldap.so\tdict_ldap_open\n')
    table = folder / 'ldap.cf'
    table.write_text(LDAP_TABLE.format(uri=questions.premises.slapd.uri,
                                       filter=questions.filter()))
    env = {**os.environ, 'LD_LIBRARY_PATH': postfix.LIBRARIES, 'MAIL_CONFIG': str(folder)}
    env.pop('LD_PRELOAD', None)  # options of our own programs
    return Lines([postfix.SERVER / 'usr/sbin/postmap', '-q', '-', f'ldap:{table}'], env,
                 questions.addresses)


def exim(folder, questions):
    mta = Exim(folder, 0)
    mta.configure()
    return Lines([*mta.command, '-be'], mta.env, questions.exim_lookups())


def aims(each):
    replica, live = each.side(REPLICA), each.side(LIVE)
    return (f'aims: from the replica at most twice the time of mdb_get (here {replica.ratio:.2f} x); '
            f'100 times as fast as a live search (here {live.median / replica.median:.0f} x)')


def work(premises, rounds):
    questions = Questions(premises)
    first = {REPLICA: [], LIVE: []}

    def asked(name, side, conf):
        def microseconds():
            answer = questions.ask(side, conf, turns.SECONDS)
            first.get(name, []).append(answer['first'])
            return 1e6 / answer['rate']
        return microseconds

    sides = {
        MDB: asked(MDB, 'mdb_get', questions.replica),
        REPLICA: asked(REPLICA, 'decide', questions.replica),
        LIVE: asked(LIVE, 'decide', questions.live),
        'ldap_search_ext_s, same filter': asked('', 'ldap', questions.live),
        'postmap -q - ldap:, same filter': postmap(premises.folder / 'postmap',
                                                   questions).each,
        'exim -be ${lookup ldap}, same filter': exim(premises.folder / 'exim',
                                                     questions).each,
    }
    each, = turns.compare('decide about one recipient', 'µs each', sides, rounds=rounds)
    each.notes.append(aims(each))
    yield each
    yield turns.result('first decision of a process', 'µs', REPLICA, first)
