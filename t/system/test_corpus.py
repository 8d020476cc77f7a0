"""test_corpus.py - t/corpus on slapd, Active Directory, 389 Directory Server and LDIF files, and behind each MTA

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import re
import shutil
import subprocess
from collections import Counter

import pytest

import adldif
import paths
import sdrctl
import world
from daemon import assert_clean, environment
from mta import INSIDER
from socketmap import TABLES, Socketmap
from sync import Sync

pytestmark = pytest.mark.whole

CORPUS = paths.ROOT / 't/corpus'
WORLDS = sorted(path for path in CORPUS.iterdir() if path.is_dir())


def unescape(octets):
    return re.sub(rb'\\x([0-9A-Fa-f]{2})', lambda m: bytes([int(m[1], 16)]), octets)


def cases(path):
    """(recipient as octets, lines of what is expected as text) of each block."""
    for block in re.split(rb'\n\s*\n', path.read_bytes()):
        lines = [line for line in block.split(b'\n') if line and not line.startswith(b'#')]
        if lines:
            yield unescape(lines[0]), [unescape(line[4:]).decode() for line in lines[1:]]


def describe(answer):
    """A JSON object of sdrctl in the words of the corpus."""
    lines = [f'verdict {answer["verdict"]}']
    lines += [f'site {site}' for site in answer['sites']]
    lines += [f'to {target}' for target in answer['targets']]
    if 'next-hop' in answer:
        lines.append(f'next-hop {answer["next-hop"]}')
    if answer['reply']:
        lines.append('reply ' + ' '.join(answer['reply'].split()[:2]))
    return lines


def conf_text(folder, scratch, uri, ca):
    return (folder / 'sdr.conf').read_text().replace('@URI@', uri).replace(
        '@PASSWORD_FILE@', f'{world.password_file(scratch)}\ntls-ca-file = {ca.cert}')


def wrong_answers(folder, conf, unable=()):
    """(recipient, expected, answered, reason) of each case that is answered wrongly.

    unable   recipients that are left out
    """
    # sdrctl's input cannot contain a line feed in a recipient; the unit tests have such cases.
    wanted = [case for case in cases(folder / 'cases')
              if b'\n' not in case[0] and case[0] not in unable]
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'route', '--json', '-'],
                          input=b'\n'.join(recipient for recipient, _ in wanted),
                          capture_output=True, env=environment(), timeout=300)
    assert_clean(done.stderr.decode())
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == (75 if any(a['verdict'] == 'defer' for a in answers) else 0)
    assert len(answers) == len(wanted)
    return [(recipient, expected, describe(answer), answer['reason'])
            for (recipient, expected), answer in zip(wanted, answers)
            if describe(answer) != expected]


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world(folder, new_slapd, scratch, ca):
    slapd = new_slapd((folder / 'directory.ldif').read_text(), schema=folder.glob('schema'))
    conf = sdrctl.write_conf(scratch, conf_text(folder, scratch, slapd.uri, ca))
    assert not wrong_answers(folder, conf)


EXPORTS = {
    'as written': lambda slapd, folder: (folder / 'directory.ldif').read_text(),
    'ldapsearch': lambda slapd, folder: slapd.search(),
    'slapcat': lambda slapd, folder: slapd.export(),
}


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_from_a_file(folder, new_slapd, scratch, ca):
    slapd = new_slapd((folder / 'directory.ldif').read_text(), schema=folder.glob('schema'))
    for i, (name, export) in enumerate(EXPORTS.items()):
        people = scratch / f'people{i}.ldif'
        people.write_text(export(slapd, folder))
        (scratch / str(i)).mkdir()
        sync = Sync(scratch / str(i), lambda path, people=people:
                    conf_text(folder, scratch, f'ldif:{people}', ca)
                    + world.section('replica', {'path': str(path)}))
        sync.once()
        assert (name, wrong_answers(folder, sync.conf)) == (name, [])


# Samba and 389 Directory Server compare octets: an address that is decomposed in the directory is not found
# by its composed spelling, for which sdr searches.
OCTETS = {'basic': ['Zo\u00eb@example.com'.encode(), 'ZOE\u0308@example.com'.encode(),
                          '"zo\u00eb"@example.com'.encode()]}


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_in_active_directory(folder, ad, scratch, ca):
    ad.add(adldif.people((folder / 'directory.ldif').read_text()))
    unable = OCTETS.get(folder.name, ())
    conf = sdrctl.write_conf(scratch, conf_text(folder, scratch, ad.ldaps_uri, ca))
    assert not wrong_answers(folder, conf, unable)


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_in_389_directory_server(folder, ds, scratch, ca):
    ds.add((folder / 'directory.ldif').read_text())
    text = conf_text(folder, scratch, ds.uri, ca)
    live = sdrctl.write_conf(scratch, text)
    assert ('live', wrong_answers(folder, live, OCTETS.get(folder.name, ()))) == ('live', [])
    sync = Sync(scratch, lambda path: text + world.section('replica', {'path': str(path)}))
    text = sync.conf.read_text()
    for method in ('syncrepl', 'full'):
        sync.configure(text.replace('\nuri', f'\nsync = {method}\nuri'))
        sync.once()
        assert (method, wrong_answers(folder, sync.conf)) == (method, [])


# --- the same behind an MTA ---

ATOM = r"""[^\s"(),:;<>@\[\]\\.]+"""
MAILBOX = rf'(?:@[^:]+:)?(?:{ATOM}(?:\.{ATOM})*|"(?:\\.|[^"\\])*")@[\w-]+(?:\.[\w-]+)*\.?'
PATH = re.compile(rf'<{MAILBOX}>|{MAILBOX}')
# Replies that sdr-milter never gives: the MTA has rejected the address, or that it is not ASCII.
OWN_REFUSALS = (500, 501, 553, 555)


def sendable(recipient):
    """Cases that mean the same mailbox to every MTA: an MTA may correct the others first."""
    text = recipient.decode('utf-8', 'replace')
    return PATH.fullmatch(text) and not re.search('[\0-\x1f\x7f\ufffd]', text)


def plain(address):
    """Without the parts that each MTA removes by its own rules."""
    local, _, domain = re.sub('^<?(@[^:]+:)?|>$', '', address).rpartition('@')
    bare = re.sub(r'\\(.)', r'\1', local[1:-1]) if local.startswith('"') else local
    return f'{bare}@{domain.lower().removesuffix(".")}'


def as_expected(recipient, expected, reply, got):
    """The SMTP reply, and who got the message."""
    if expected[-1].startswith('reply '):
        return not got and expected[-1] == f'reply {reply.code} {reply.text.split()[0]}'
    wanted = [line.removeprefix('to ') for line in expected if line.startswith('to ')]
    if expected[0].split()[1] in ('pass', 'copy', 'route'):
        wanted.append(recipient)
    return Counter(map(plain, wanted)) == Counter(map(plain, got.elements()))


@pytest.fixture
def start_milter(new_slapd, new_milter, scratch):
    """start_milter(folder, **options): with the configuration and the directory of this folder."""
    def make(folder, **options):
        text = (folder / 'sdr.conf').read_text()
        slapd = new_slapd((folder / 'directory.ldif').read_text(), schema=folder.glob('schema'))
        text = text.replace('@URI@', slapd.uri)
        text = text.replace('@PASSWORD_FILE@', str(world.password_file(scratch)))
        options = {'milter-route': 'pass', **options}
        return new_milter(text + world.section('milter', options)).start()
    return make


@pytest.fixture
def behind(start_milter, mta):
    """behind(folder): mta asks that milter."""
    def make(folder):
        start_milter(folder, **{'socket-group': mta.manners.group,
                                'socket': f'unix:{mta.queue_folder / world.SOCKET}'})
        return mta
    return make


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_behind(folder, behind, sink):
    mta = behind(folder)
    wanted = [(r.decode(), e) for r, e in cases(folder / 'cases') if sendable(r)]
    sent = [mta.send(r, source=INSIDER, mail_args='' if r.isascii() else 'SMTPUTF8')
            for r, _ in wanted]
    mta.wait_empty(60)
    answers = [(r, e, (one.rcpts or [one.mail])[0], sink.recipients(one.message_id))
               for (r, e), one in zip(wanted, sent)]
    ours = [answer for answer in answers if answer[2].code not in OWN_REFUSALS]
    assert ours
    assert [answer for answer in ours if not as_expected(*answer)] == []


# --- the same through the lookup tables ---

def bare(recipient):
    """The key for a recipient that a client has given."""
    return re.sub('^<?(@[^:]+:)?|>$', '', recipient)


def words(expected):
    """{'verdict': ['copy'], 'to': [...], ...}"""
    found = {}
    for line in expected:
        name, _, value = line.partition(' ')
        found.setdefault(name, []).append(value)
    return found


COMMAND = re.compile(r'["\\ ]*([|/]|:include:)', re.I)


def table_answers(key, expected, next_hops):
    """The right answers of route, transport and recipient. Without next hops transport has none."""
    found = words(expected)
    verdict, targets = found['verdict'][0], found.get('to', [])
    if verdict == 'defer':
        return ['TEMP', 'TEMP' if next_hops else 'NOTFOUND', 'TEMP']
    # No table names a program or a file: an MTA could run or write it.
    if COMMAND.match(key) and verdict != 'pass':
        return ['NOTFOUND'] * 3
    if verdict in ('copy', 'route') and targets:
        targets = [key, *targets]
    hop = found.get('next-hop', [''])[0]
    host, _, port = hop.rpartition(':')
    return ['OK ' + ', '.join(targets) if targets else 'NOTFOUND',
            f'OK smtp:[{host.strip("[]")}]:{port}' if hop else 'NOTFOUND',
            'NOTFOUND' if verdict == 'reject' else 'OK known']


def reported(tables, key, expected):
    """Their real answers, in the words of the corpus."""
    answers = [tables.ask(table, key) for table in TABLES]
    if expected[0] == 'TEMP':
        answers = [answer.split()[0] for answer in answers]
    # The corpus says "pass" also for recipients that need no look-up.
    if answers == ['NOTFOUND'] * 3 and expected == ['NOTFOUND', 'NOTFOUND', 'OK known']:
        return expected
    return answers


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_through_the_tables(folder, start_milter, scratch):
    run = scratch / 'run'
    run.mkdir()
    shutil.chown(run, 'sdr')
    start_milter(folder, **{'socket': f'unix:{run}/milter.sock',
                            'map-socket': f'unix:{run}/map.sock', 'rewrite': 'tables'})
    wanted = [(bare(r.decode()), e) for r, e in cases(folder / 'cases') if sendable(r)]
    assert wanted
    next_hops = 'delivery = route' in (folder / 'sdr.conf').read_text()
    with Socketmap(run / 'map.sock') as tables:
        wrong = []
        for key, lines in wanted:
            expected = table_answers(key, lines, next_hops)
            # Another query between two, so that none uses what the previous one has settled.
            tables.ask('route', '')
            answers = reported(tables, key, expected)
            if answers != expected:
                wrong.append((key, expected, answers))
    assert wrong == []
