"""one_recipient.py - one process decides about one recipient after the other

The ground is a read of the same key in the same LMDB file. All who ask slapd
ask the same filter. Of a process of Postfix or Exim the same with one question
is taken off: its start, its connection and its bind do not count.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import subprocess
import time
from itertools import cycle, islice
from urllib.parse import quote

import postfix
import slapd
import turns
from exim import Exim
from questions import Questions

MDB, REPLICA, LIVE = 'mdb_get of the same key', 'sdr, replica', 'sdr, live search'
RATE = 5000  # lines that a process gets for each second that a turn shall take
LEAST = 1000  # in less the start of the process would drown the rest

POSTFIX_TABLE = f"""\
version = 3
server_host = {{uri}}
search_base = {slapd.SUFFIX}
bind = yes
bind_dn = {slapd.READER_DN}
bind_pw = {slapd.READER_PASSWORD}
query_filter = {{filter}}
result_attribute = mailRoutingAddress
"""


class Lines:
    """A process of somebody else that answers a line with a line."""

    def __init__(self, command, env, lines):
        self._command, self._env = command, env
        lines = list(islice(cycle(lines), max(LEAST, int(RATE * turns.SECONDS))))
        self._few, self._many = lines[:1], lines
        self._seconds(self._few)  # read from the disk

    def microseconds(self):
        few, many = self._seconds(self._few), self._seconds(self._many)
        return (many - few) / (len(self._many) - len(self._few)) * 1e6

    def _seconds(self, lines):
        start = time.perf_counter()
        done = subprocess.run(self._command, input='\n'.join([*lines, '']), env=self._env,
                              capture_output=True, text=True, timeout=120, check=True)
        seconds = time.perf_counter() - start
        assert done.stdout.count('@hosted.example.com') == len(lines), done.stdout[:500]
        return seconds


def postmap(folder, questions):
    """Postfix's own way to ask, without Postfix."""
    folder.mkdir()
    (folder / 'main.cf').write_text(f'compatibility_level = 3.6\nmeta_directory = {folder}\n')
    (folder / 'dynamicmaps.cf').write_text(
        f'ldap\t{postfix.DAEMONS.parent}/postfix-ldap.so\tdict_ldap_open\n')
    table = folder / 'ldap.cf'
    table.write_text(POSTFIX_TABLE.format(uri=questions.premises.slapd.uri,
                                          filter=questions.filter()))
    env = {**os.environ, 'LD_LIBRARY_PATH': postfix.LIBRARIES, 'MAIL_CONFIG': str(folder)}
    return Lines([postfix.SERVER / 'usr/sbin/postmap', '-q', '-', f'ldap:{table}'], env,
                 questions.addresses)


def exim(folder, questions):
    mta = Exim(folder, 0)
    mta.configure()
    who = f'user="{slapd.READER_DN}" pass="{slapd.READER_PASSWORD}"'
    url = f'{questions.premises.slapd.uri}/{slapd.SUFFIX}?mailRoutingAddress?sub?'
    template = questions.filter()
    return Lines([*mta.command, '-be'], mta.env,
                 ['${lookup ldap{%s %s}}' % (who, url + quote(template.replace('%s', address),
                                                              safe='()=@'))
                  for address in questions.addresses])


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
                                                   questions).microseconds,
        'exim -be ${lookup ldap}, same filter': exim(premises.folder / 'exim-be',
                                                     questions).microseconds,
    }
    each, = turns.compare('decide about one recipient', 'µs each', sides, rounds=rounds)
    each.notes.append(aims(each))
    yield each
    yield turns.result('first decision of a process', 'µs', REPLICA, first)
