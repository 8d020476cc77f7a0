"""test_diff.py - sdrctl diff: whose mail would go elsewhere after a change

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import io
import json

import pytest

import sdrctl
import slapd as ldap
import world
from office import Office
from peoplefile import PeopleFile

SAME, DIFFERENT, BAD_USE, WRONG, NOT_NOW, MISCONFIGURED = 0, 1, 64, 65, 75, 78
EVERYBODY = [f'{name}@example.com' for name in (
    'alice', 'bob', 'both', 'dave', 'held', 'plain', 'robert')]
NO_LIMITS = {'replica': {'max-removed': '100', 'max-moved': '100'}}
UNKNOWN_GO = {'domain example.com': {'unknown': 'hosted'}}


def diff(conf, *arguments, code=DIFFERENT, **options):
    done = sdrctl.run(conf, 'diff', *map(str, arguments), **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if code not in (SAME, DIFFERENT) else '')


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def routes(conf, recipients):
    """{recipient: its verdict}, by sdrctl route."""
    done = sdrctl.run(conf, 'route', '--json', *recipients)
    return {verdict['recipient']: verdict for verdict in objects(done.stdout)}


def fate(verdict):
    """Where the mail goes."""
    return verdict['verdict'], verdict['targets'], verdict['reply']


def check(text, before, after):
    """Assert that these are all differences, and that there are no others."""
    found = {o['recipient']: (fate(o['before']), fate(o['after'])) for o in objects(text)}
    assert found == {r: (fate(before[r]), fate(after[r])) for r in before
                     if fate(before[r]) != fate(after[r])}
    assert found


@pytest.fixture
def people(scratch):
    """A PeopleFile whose replica exists."""
    made = PeopleFile(scratch, **NO_LIMITS)
    made.sync.once()
    return made


@pytest.fixture
def new_conf(people, scratch):
    """new_conf(**sections): another sdr.conf, with the same replica unless they name another."""
    def make(**sections):
        path = scratch / 'new.conf'
        path.write_text(people.conf_text(**sections))
        return path
    return make


# --- the change ---

def test_a_move(slapd, scratch):
    """All addresses of the entries are compared, because all are moved."""
    there = Office(scratch, slapd)
    batch = scratch / 'batch'
    batch.write_text('address\ndave@example.com\nrobert@example.com\nheld@example.com\n')
    before = routes(there.conf, EVERYBODY)
    text = diff(there.conf, '--batch', batch, '--to', 'onprem', '--json')
    batch.write_text('robert@example.com\nheld@example.com\n')
    there.run('move', '--to', 'onprem', '--file', str(batch))
    check(text, before, routes(there.conf, EVERYBODY))
    assert [o['recipient'] for o in objects(text)] == ['bob@example.com', 'robert@example.com']


@pytest.mark.parametrize('sections, changed', [
    (UNKNOWN_GO, ['alice-x@example.com', 'nobody@example.com']),
    ({'main': {'recipient-delimiter': '-'}}, ['alice+x@example.com', 'alice-x@example.com']),
    ({'main': {'this-site': 'hosted'}}, None),
])
def test_a_configuration(people, new_conf, sections, changed):
    """Both configurations use the replica."""
    conf = new_conf(**sections)
    recipients = [*EVERYBODY, 'nobody@example.com', 'alice+x@example.com', 'alice-x@example.com',
                  'alice@hosted.example.com', 'dave@onprem.example.com']
    text = diff(people.conf, '--config', conf, '--json', '-', input='\n'.join(recipients))
    check(text, routes(people.conf, recipients), routes(conf, recipients))
    assert changed in (None, [o['recipient'] for o in objects(text)])


def test_nothing_changes(people, new_conf):
    assert diff(people.conf, '--config', new_conf(**UNKNOWN_GO), code=SAME) == '0 of 7 recipients change\n'


def test_other_people(people, new_conf, scratch):
    """Another LDIF file has its own replica."""
    new = scratch / 'files/new.ldif'
    new.write_text(world.person('alice', sdrOwner='onprem') + world.person('carol'))
    conf = new_conf(directory_corp={'uri': f'ldif:{new}'})
    reported = diff(people.conf, '--config', conf, code=MISCONFIGURED)
    assert 'directory corp: another uri needs another replica' in reported
    conf = new_conf(directory_corp={'uri': f'ldif:{new}'},
                    replica={'path': f'{people.sync.path}2'})
    assert f'{conf}: directory corp: ' in diff(people.conf, '--config', conf, code=NOT_NOW)
    old, people.sync.conf = people.conf, conf
    people.sync.once()
    recipients = [*EVERYBODY, 'carol@example.com']
    text = diff(old, '--config', conf, '--json')
    check(text, routes(old, recipients), routes(conf, recipients))


NEW_PEOPLE = ''.join([
    world.person('alice', sdrOwner='onprem'), world.person('carol'), world.person('dave', sdrOwner='onprem'),
    world.person('bob', sdrOwner='hosted', sdrAddress='bobby@example.com'),
    world.person('both', sdrOwner='hosted'), world.person('held', sdrOwner='hosted'),
    world.person('plain', sdrRoutingAddress='plain@hosted.example.com')])
ALL = [*EVERYBODY, 'carol@example.com', 'bobby@example.com']


@pytest.mark.parametrize('recipients', [None, [*ALL, 'nobody@example.com', 'alice+x@example.com', 'x@other.example']])
def test_a_file(people, scratch, recipients):
    """The recipients in either file, or in a list. Comparing changes nothing else."""
    new = scratch / 'new.ldif'
    new.write_text(NEW_PEOPLE)
    before = routes(people.conf, recipients or ALL)
    text = diff(people.conf, '--ldif', new, '--json', *(['-'] if recipients else []),
                input='\n'.join(recipients or []))
    people.replace(NEW_PEOPLE)
    people.sync.once()
    check(text, before, routes(people.conf, recipients or ALL))


def test_the_same_file(people, scratch):
    assert diff(people.conf, '--ldif', people.path, code=SAME) == '0 of 7 recipients change\n'
    with_more = scratch / 'new.ldif'
    with_more.write_text(world.PEOPLE + 'dn: cn=printer\ncn: printer\n')
    assert diff(people.conf, '--ldif', with_more, code=SAME) == '0 of 7 recipients change\n'


def test_a_file_for_a_server(slapd, scratch):
    """The file has all entries of the server."""
    there = Office(scratch, slapd)
    new = scratch / 'new.ldif'
    new.write_text(NEW_PEOPLE)
    before = routes(there.conf, ALL)
    text = diff(there.conf, '--ldif', new, '--json')
    slapd.modify(''.join(f'dn: uid={name},ou=people,dc=example,dc=com\nchangetype: delete\n\n' for name in (
        'alice', 'dave', 'bob', 'both', 'held', 'plain')))
    slapd.add(NEW_PEOPLE)
    check(text, before, routes(there.conf, ALL))


def test_beside_another_directory(scratch, slapd):
    """Both directories are asked: a recipient still in the other one goes to the site that this one names."""
    both = PeopleFile(scratch, **NO_LIMITS, **{'directory other': {
        'uri': slapd.uri, 'profile': 'sdr', 'search-base': 'dc=example,dc=com', 'default-owner': 'onprem',
        'bind': 'simple', 'bind-dn': ldap.READER_DN, 'password-file': str(world.password_file(scratch))}})
    new = scratch / 'new.ldif'
    new.write_text(NEW_PEOPLE)
    both.sync.once()
    before = routes(both.conf, ALL)
    text = diff(both.conf, '--ldif', new, '--json')
    both.replace(NEW_PEOPLE)
    both.sync.once()
    check(text, before, routes(both.conf, ALL))


@pytest.mark.parametrize('text, words', [
    (None, 'new.ldif: No such file'),
    ('', 'new.ldif: it contains no entries'),
    ('dn: cn=x\ncn: x\n', 'new.ldif: none of its 1 entries has an address in a split domain'),
    (NEW_PEOPLE + 'nonsense\n', f'new.ldif:{NEW_PEOPLE.count(chr(10)) + 1}: '),
    ('alice@example.com\n', 'new.ldif:1: '),
    (NEW_PEOPLE + world.person('alice'), f'new.ldif:{NEW_PEOPLE.count(chr(10)) + 1}: dn: the same as in line 1'),
    (NEW_PEOPLE + 'dn: cn=x\nchangetype: delete\n', 'new.ldif:'),
    (NEW_PEOPLE + 'dn: cn=x\ncn:: ====\n', f'new.ldif:{NEW_PEOPLE.count(chr(10)) + 2}: '),
])
def test_a_bad_file(people, scratch, text, words):
    new = scratch / 'new.ldif'
    if text is not None:
        new.write_text(text)
    reported = diff(people.conf, '--ldif', new, code=WRONG)
    assert reported.startswith(f'sdrctl: {scratch}/{words}'), reported


def test_which_directory(people, scratch):
    conf = scratch / 'two.conf'
    conf.write_text(people.conf_text(**{'directory other': {'uri': 'ldif:/etc/other', 'default-owner': 'onprem'}}))
    assert '--ldif: which directory?' in diff(conf, '--ldif', people.path, code=BAD_USE)


def test_text(people, new_conf):
    """Grouped by verdict, site and reason, the largest group first, each with examples."""
    conf = new_conf(**{'site hosted': {'routing-domain': 'hosted.%d', 'delivery': 'route',
                                       'next-hop': 'mx.test'},
                       'domain example.com': {'unknown': 'pass'}})
    recipients = ['alice@example.com', *[f'nobody{n}@example.com' for n in range(4)]]
    assert diff(people.conf, '--config', conf, '-', input='\n'.join(recipients)).splitlines() == [
        '4 reject 550 5.1.1 (no entry, unknown = reject) -> pass (no entry, unknown = pass)',
        '    nobody0@example.com, nobody1@example.com, nobody2@example.com, ...',
        '1 redirect to hosted (owner from the directory) -> route to hosted (owner from the directory)',
        '    alice@example.com',
        '5 of 5 recipients change']


def test_csv(people, new_conf):
    text = diff(people.conf, '--config', new_conf(**UNKNOWN_GO), '--csv', '-',
                input='=x\x1b@example.com\nnobody@example.com')
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[-1] == {
        'recipient': 'nobody@example.com', 'before': 'reject', 'targets before': '',
        'reason before': 'no entry, unknown = reject', 'after': 'redirect',
        'targets after': 'nobody@hosted.example.com', 'reason after': 'no entry, unknown = hosted'}
    assert '\x1b' not in text


# --- the recipients ---

LOG = """\
postfix/smtp[1]: 4X: to=<x@hosted.example.com>, orig_to=<nobody1@example.com>, relay=r, status=sent
2026-11-30 10:00:00 1a => nobody2@hosted.example.com <nobody2@example.com> R=r T=t
sendmail[1]: 5A: to=<nobody3@example.com>,<elsewhere@example.net>, delay=00:00:01, stat=Sent
sdr-milter[1]: 4X: rcpt=<nobody1@example.com> verdict=reject
postfix/smtpd[1]: connect from unknown[192.0.2.1]
"""


def test_from_a_log(people, new_conf, scratch):
    """Each recipient once, and only in domains that sdr decides about."""
    log = scratch / 'mail.log'
    log.write_bytes(LOG.encode() + b'\xff\x00 to=<\xff@example.com>\n to=<@>\n to=<\n')
    text = diff(people.conf, '--config', new_conf(**UNKNOWN_GO), '--from-log', log, '--json')
    assert [o['recipient'] for o in objects(text)] == [f'nobody{n}@example.com' for n in (1, 2, 3)]


# --- what goes wrong ---

@pytest.mark.parametrize('arguments, words, code', [
    ([], 'expected one of --config, --ldif and --batch', BAD_USE),
    (['--config', 'NEW', '--batch', 'BATCH', '--to', 'hosted'], 'expected one of', BAD_USE),
    (['--config', 'NEW', '--ldif', 'NEW'], 'expected one of', BAD_USE),
    (['--ldif', 'NEW', '--to', 'hosted'], '--batch and --to SITE belong together', BAD_USE),
    (['--batch', 'BATCH'], '--batch and --to SITE belong together', BAD_USE),
    (['--config', 'NEW', '--to', 'hosted'], '--batch and --to SITE belong together', BAD_USE),
    (['--batch', 'BATCH', '--to', 'x'], '--to: no such site: x; known: onprem, hosted', BAD_USE),
    (['--config', 'NEW', 'a', 'b'], 'expected one list of recipients', BAD_USE),
    (['--config', 'NEW', '--from-log', 'a', 'b'], 'expected one list of recipients', BAD_USE),
    (['--config', 'NEW', '--csv', '--json'], 'use only one of --csv and --json', BAD_USE),
    (['--config', '/nonexistent'], '/nonexistent: ', MISCONFIGURED),
    (['--config', 'NEW', '/nonexistent'], '/nonexistent: No such file', WRONG),
    (['--config', 'NEW', '--from-log', '/nonexistent'], '/nonexistent: No such file', WRONG),
    (['--batch', 'BATCH', '--to', 'hosted'], 'batch:2: nobody@example.com: no entry', WRONG),
])
def test_misuse(people, new_conf, scratch, arguments, words, code):
    batch = scratch / 'batch'
    batch.write_text('alice@example.com\nnobody@example.com\nalice+x@example.com\n')
    files = {'NEW': new_conf(), 'BATCH': batch}
    reported = diff(people.conf, *[files.get(a, a) for a in arguments], code=code)
    assert words in reported, reported


def test_no_answer(slapd, scratch):
    """A recipient without a sure answer is not a difference, and is reported."""
    there = Office(scratch, slapd)
    new = scratch / 'new.conf'
    new.write_text(there.conf.read_text().replace(slapd.uri, 'ldap://127.0.0.1:1'))
    reported = diff(there.conf, '--config', new, '-', input='alice@example.com\nx@elsewhere.example',
                    code=NOT_NOW)
    assert '1 recipients cannot be decided now: ' in reported and '0 of 2 recipients change' in reported
