"""test_exim_corpus.py - t/corpus through Exim: by -bt, and by SMTP

SPDX-License-Identifier: BSD-2-Clause
"""
import re
from collections import Counter

import pytest

import world
from mta import INSIDER
from smtpclient import Reply, octets
from test_corpus import WORLDS, as_expected, cases, plain, sendable

pytestmark = pytest.mark.whole

# Options with which Exim accepts the same addresses as the other MTAs.
MAIN = 'allow_utf8_domains\nstrip_trailing_dot'
NEXT_HOP = re.compile(r'mx\.(legacy|attic)\.example\.net:25')  # no such host

# What Exim makes of texts that the others do not accept as addresses; the decision is about this.
READ_AS = {
    # an address of this machine
    'dave': 'dave@onprem.test',
    '<dave>': 'dave@onprem.test',
    'al(ice@example.com': 'al@onprem.test',
    'alice%example.com': 'alice%example.com@onprem.test',
    'example.com!alice': 'example.com!alice@onprem.test',
    '"alice@example.com"': '"alice@example.com"@onprem.test',
    # a comment that does not end
    'alice@example.com(x': 'alice@example.com',
}
# An address for the others, but not for Exim's parser, which stops at the bracket.
REFUSED = {'<alice@example.com> NOTIFY=NEVER', '<alice@example.com>dave@example.com'}
PASS = ['verdict pass']
LONGEST = 255  # octets that Exim accepts

@pytest.fixture
def behind(new_slapd, new_exim, scratch, sink):
    """behind(folder): an Exim with the configuration and the directory of this folder."""
    def make(folder):
        text = (folder / 'sdr.conf').read_text()
        text = text.replace('@URI@', new_slapd(
            (folder / 'directory.ldif').read_text(), schema=folder.glob('schema')).uri)
        text = text.replace('@PASSWORD_FILE@',
                            str(world.password_file(scratch, group='Debian-exim')))
        (scratch / 'sdr').mkdir()
        conf = scratch / 'sdr/sdr.conf'
        conf.write_text(NEXT_HOP.sub(f'127.0.0.1:{sink.port}', text), encoding='utf-8')
        return new_exim(conf, main=MAIN, at_the_door=True)
    return make


# One address in the output of exim -bt.
DELIVERED = re.compile(r'^(\S.*?)(?:   \[duplicate, .*\])?\n(?:    <-- .*\n)*  router = (\w+), .*\n'
                       r'  host .*$', re.M)
NOT = re.compile(r'.* (?:is undeliverable|cannot be resolved at this time): (\d+) (.*)')


def address_tests(exim, recipients):
    """The output of exim -bt for each address, from one process."""
    shown = exim.run('-bt', input='\n'.join([*recipients, '']), ok=(0, 1, 2),
                     errors='surrogateescape').stdout
    return [text.strip('\n') for text in shown.removeprefix('> ').removesuffix('\n> \n').split('\n> ')]


def is_refused(recipient):
    return recipient in REFUSED or len(octets(recipient)) > LONGEST


def is_right(recipient, expected, shown):
    if shown.startswith('syntax error'):  # Exim accepts fewer addresses outside RFC 5321 than the others
        return is_refused(recipient) or not sendable(octets(recipient))
    reply = NOT.match(shown)
    found = DELIVERED.findall(shown)
    got = Counter(address for address, _ in found)
    hops = [plain(address) for address, router in found if router == 'sdr_next_hop']
    by_next_hop = [plain(recipient)] if expected[0] == 'verdict route' else []
    # Mail to our routing domain may go to the next hop in the split domain.
    if expected[0] != 'verdict redirect' and hops != by_next_hop:
        return False
    return as_expected(recipient, expected, Reply(int(reply[1]), reply[2]) if reply else None, got)


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world(folder, behind):
    exim = behind(folder)
    exim.configure()
    wanted = {r.decode('utf-8', 'surrogateescape'): e for r, e in cases(folder / 'cases')
              if not set(r) & set(b'\n\0')}
    shown = address_tests(exim, wanted)
    assert [(r, e, s) for (r, e), s in zip(wanted.items(), shown, strict=True)
            if not is_right(READ_AS.get(r, r), wanted.get(READ_AS.get(r, r), PASS), s)] == []


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_by_smtp(folder, behind, sink):
    exim = behind(folder).start()
    wanted = [(r.decode(), e) for r, e in cases(folder / 'cases')
              if sendable(r) and not is_refused(r.decode())]
    wanted = wanted[::1 + len(wanted) // 60]  # a part of a large file
    sent = [exim.send(r, source=INSIDER, mail_args='' if r.isascii() else 'SMTPUTF8')
            for r, _ in wanted]
    exim.wait_empty(60)
    answers = [(r, e, (one.rcpts or [one.mail])[0], sink.recipients(one.message_id))
               for (r, e), one in zip(wanted, sent)]
    assert [answer for answer in answers if not as_expected(*answer)] == []
