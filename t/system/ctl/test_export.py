"""test_export.py - sdrctl export: what a mail system without sdr must know

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import io
import re
from collections import Counter

import pytest

import paths
import sdrctl
import world
from exim import Exim
from peoplefile import PeopleFile
from postfix import Postfix
from proc import wait_for
from sink import Sink
from world import person

FORMATS = ['csv', 'postfix', 'exim', 'cpanel', 'exchange', 'google']
DOMAIN = 'example.com'
# Local parts that may be in a directory, and the formats that can hold them.
UGLY = {
    '|touch /tmp/x': ['csv'], '|id': ['csv', 'exchange', 'google'], '/etc/passwd': ['csv', 'google'],
    'corp/users/boss': ['csv', 'postfix', 'google'],
    ':include:/etc/passwd': ['csv'], ':fail:': ['csv'], 'a"b': ['csv'], 'a b': ['csv'], 'a,b': ['csv'],
    'a;b': [], 'a;=1+1': [], '#x': ['csv', 'exchange', 'google'], "o'neil": FORMATS, '$x': ['csv', 'postfix', 'exchange', 'google'],
    '`id`': ['csv', 'postfix', 'exchange', 'google'], '${run{id}}': ['csv', 'postfix', 'exchange', 'google'],
    '$(id)': ['csv'], '=cmd': ['postfix', 'exim', 'exchange'], '+x': ['postfix', 'exim', 'exchange'],
    '-x': ['exim', 'exchange'], 'a%b': ['csv', 'exchange', 'google'], 'a!b': ['csv', 'exchange', 'google'],
    '*': ['csv', 'postfix', 'exim', 'google'], 'a\\b': ['csv'], '(x)': ['csv'], '<x>': ['csv'],
    'j\u00f6rg': ['csv', 'postfix', 'exim'], '\u2019x': ['csv', 'postfix', 'exim'], 'a..b': ['csv'], "'": FORMATS,
    '\uff1dcmd': ['postfix', 'exim'], '\uff0bx': ['postfix', 'exim'], '\uff0dx': ['postfix', 'exim'],
}


def spelled(local):
    """The local part as an address has it."""
    atom = re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~\u0080-\uffff-]+", local)
    return local if atom else '"' + re.sub(r'(["\\])', r'\\\1', local) + '"'


@pytest.fixture
def new_people(scratch, stop_later):
    """new_people(text, ...): a PeopleFile that is in the replica."""
    def make(text, **sections):
        people = PeopleFile(scratch / 'people', text, **sections)
        stop_later(people.sync.close)
        people.sync.once()
        return people
    return make


def export(people, *arguments, code=0):
    """Its output and its messages."""
    done = sdrctl.run(people.conf, 'export', *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def lines(text):
    return [line for line in text.splitlines() if not line.startswith('#')]


def rows(text):
    return list(csv.reader(io.StringIO(text)))


# --- each format ---

def test_formats(new_people):
    people = new_people(world.PEOPLE)
    names = ['alice', 'bob', 'both', 'held', 'robert']
    pairs = [(f'{name}@{DOMAIN}', f'{name}@hosted.{DOMAIN}') for name in names]
    assert rows(export(people, '--for', 'csv')[0]) == [['action', 'address', 'target', 'site'], *[
        ['copy' if a.startswith('both') else 'redirect', a, b, 'hosted'] for a, b in pairs]]
    assert lines(export(people, '--for', 'postfix')[0]) == [
        f'{a} {a}, {b}' if a.startswith('both') else f'{a} {b}' for a, b in pairs]
    assert lines(export(people, '--for', 'exim')[0]) == [
        f'{a}: {a}, {b}' if a.startswith('both') else f'{a}: {b}' for a, b in pairs]
    assert rows(export(people, '--for', 'cpanel')[0]) == [['source', 'target'], *map(list, pairs)]
    output, errors = export(people, '--for', 'google', code=65)
    assert rows(output) == [list(pair) for pair in pairs if not pair[0].startswith('both')]
    assert f'both@{DOMAIN}: not exported: it has a mailbox there as well' in errors
    shell = lines(export(people, '--for', 'exchange')[0])
    assert shell[:2] == [f"Set-AcceptedDomain -Identity '{DOMAIN}' -DomainType Authoritative",
                         f"New-SendConnector -Name 'hosted.{DOMAIN}' -AddressSpaces 'SMTP:hosted.{DOMAIN};1' "
                         '-DNSRoutingEnabled $true']
    assert (f"else {{ New-MailContact -Name 'alice@{DOMAIN}' -ExternalEmailAddress 'alice@hosted.{DOMAIN}' "
            f"-PrimarySmtpAddress 'alice@{DOMAIN}' }}") in shell[2]
    assert shell[4] == (f"Set-Mailbox -Identity 'both@{DOMAIN}' -ForwardingSmtpAddress 'both@hosted.{DOMAIN}' "
                        '-DeliverToMailboxAndForward $true')


def test_the_other_site(new_people):
    """Aliases of the domain are domains in the export, too."""
    people = new_people(world.PEOPLE, **{'domain_example.org': {'alias-of': DOMAIN}})
    assert lines(export(people, '--for', 'postfix', '--site', 'HOSTED')[0]) == [
        f'both@{DOMAIN} both@{DOMAIN}, both@onprem.{DOMAIN}',
        'both@example.org both@example.org, both@onprem.example.com',
        f'dave@{DOMAIN} dave@onprem.{DOMAIN}', 'dave@example.org dave@onprem.example.com',
        f'plain@{DOMAIN} plain@onprem.{DOMAIN}', 'plain@example.org plain@onprem.example.com']


@pytest.fixture(scope='module')
def ugly():
    with paths.scratch() as folder:
        people = PeopleFile(folder / 'people', ''.join(
            person(f'u{n}', mail=f'{spelled(local)}@{DOMAIN}', sdrOwner='hosted') for n, local in enumerate(UGLY)))
        people.sync.once()
        yield people
        people.sync.close()


@pytest.mark.parametrize('kind', FORMATS)
def test_nothing_becomes_a_command(ugly, kind):
    """Addresses that a format cannot hold are reported and left out."""
    output, errors = export(ugly, '--for', kind, code=0 if all(kind in can for can in UGLY.values()) else 65)
    for local, can in UGLY.items():
        address = f'{spelled(local)}@{DOMAIN}'
        complained = any(line.startswith(f'sdrctl export: {address}: not exported: ') or
                         (not address.isascii() and ': not exported: it is not ASCII' in line)
                         for line in errors.splitlines())
        assert complained != (kind in can), (local, errors)
    body = lines(output)
    if kind == 'exchange':
        strings = r"'(?:[^']|'')*'"
        assert all(re.fullmatch(r"[A-Za-z(){}$: ;-]+", re.sub(strings, '', line)) for line in body), body
        assert any("'o''neil@example.com'" in line for line in body)
    elif kind in ('csv', 'cpanel', 'google'):
        fields = [field for row in rows(output) for field in row]
        assert not [field for field in fields if re.match('[=+@\uff1d\uff0b\uff0d-]', field)]
        assert ';' not in output
        assert "o'neil@example.com" in fields
    else:
        for line in body:
            assert re.fullmatch(r'(\S+?)(:?) (\S+)', line) and not re.match(r'[#|/:"]', line.split()[-1]), line


@pytest.mark.parametrize('kind', FORMATS)
def test_invisible_characters(new_people, kind):
    """Line ends, direction marks, zero-width characters, blanks and fillers, and how they are shown."""
    hidden = ['a\u0085b', 'a\u2028b', '\u202exam', 'a\u200bb', '\u00a0xam', 'a\u3000b', 'a\u115fb', 'a\u00adb']
    people = new_people(''.join(person(f'u{n}', mail=f'{local}@{DOMAIN}', sdrOwner='hosted')
                                for n, local in enumerate([*hidden, 'fine', '\u05d0\u05d1'])))
    output, errors = export(people, '--for', kind, code=65)
    assert output.count(f'@hosted.{DOMAIN}') == 2 if kind in ('csv', 'postfix', 'exim') else output.isascii()
    assert f'fine@hosted.{DOMAIN}' in output
    assert not re.search('|'.join(hidden), output)
    assert 'invisible character' in errors or 'not ASCII' in errors


def test_name_of_a_site(new_people):
    """The author of sdr.conf need not be the user who opens the list."""
    people = new_people(person('a', sdrOwner='=1+1') + person('b', sdrOwner='hosted'),
                        **{'site_=1+1': {'routing-domain': 'third.%d'}})
    output, errors = export(people, '--for', 'csv', code=65)
    assert rows(output)[1:] == [['redirect', f'b@{DOMAIN}', f'b@hosted.{DOMAIN}', 'hosted']]
    assert f'a@{DOMAIN}: not exported: a spreadsheet would read the name of its site as a formula' in errors


def test_many_targets(new_people):
    people = new_people(person('far', sdrOwner=['hosted', 'third']), **{'site_third': {'routing-domain': 'third.%d'}})
    assert lines(export(people, '--for', 'exim')[0]) == [f'far@{DOMAIN}: far@hosted.{DOMAIN}, far@third.{DOMAIN}']
    assert 'several other sites' in export(people, '--for', 'exchange', code=65)[1]


def test_what_is_not_sure(new_people):
    """A contradiction, a site without its own routing domain, a catch-all."""
    people = new_people(
        person('a', sdrOwner='nowhere') + person('b', sdrOwner='far') + person('c', mail=f'@{DOMAIN}', sdrOwner='hosted'),
        milter={'milter-route': 'pass'}, **{'site_far': {'routing-domain': 'far.%d', 'delivery': 'route', 'next-hop': 'far.test:25'}})
    output, errors = export(people, '--for', 'csv', code=65)
    assert len(rows(output)) == 1
    for name, words in [('a', 'owner'), ('b', 'next hop'), ('', 'a catch-all')]:
        assert re.search(rf'^sdrctl export: {name}@{DOMAIN}: not exported: .*{words}', errors, re.M), errors
    assert '3 not exported' in errors


def test_incomplete_replica(scratch, stop_later):
    """A table that lacks people would make them unknown."""
    people = PeopleFile(scratch / 'people')
    stop_later(people.sync.close)
    output, errors = export(people, '--for', 'postfix', code=75)
    assert not output and 'directory corp: ' in errors


@pytest.mark.parametrize('arguments, words', [
    ([], 'expected --for csv'), (['--for', 'qmail'], 'expected --for csv'),
    (['--for', 'csv', '--site', 'moon'], '--site: no such site: moon; known: '),
    (['--for', 'csv', 'x'], 'unexpected argument: x')])
def test_misuse(ugly, arguments, words):
    assert words in export(ugly, *arguments, code=64)[1]


# --- the difference of a run ---

def test_since(new_people, scratch):
    journals = scratch / 'journal'
    journals.mkdir(0o700)
    people = new_people(world.PEOPLE, main={'journal-directory': str(journals)})
    for arguments in (['--to', 'onprem', f'bob@{DOMAIN}'], ['--to', 'hosted', f'plain@{DOMAIN}']):
        assert sdrctl.run(people.conf, 'move', '--quiet', *arguments).returncode == 0
    first, second = sorted(path.name for path in journals.iterdir())
    output, errors = export(people, '--for', 'csv', '--since', first, code=75)
    assert not output and 'does not have 1 of the journal' in errors
    people.sync.once()
    assert rows(export(people, '--for', 'csv', '--since', first)[0])[1:] == [
        ['remove', f'bob@{DOMAIN}', '', ''], ['remove', f'robert@{DOMAIN}', '', '']]
    assert rows(export(people, '--for', 'csv', '--since', str(journals / second))[0])[1:] == [
        ['redirect', f'plain@{DOMAIN}', f'plain@hosted.{DOMAIN}', 'hosted']]
    assert export(people, '--for', 'exim', '--since', first)[0].splitlines()[-2:] == [
        f'#- bob@{DOMAIN}', f'#- robert@{DOMAIN}']
    assert rows(export(people, '--for', 'google', '--since', first)[0])[1] == ['remove', f'bob@{DOMAIN}', '']
    assert f"Remove-MailContact -Identity 'bob@{DOMAIN}' -Confirm:$false" in export(
        people, '--for', 'exchange', '--since', first)[0]
    assert lines(export(people, '--for', 'postfix', '--site', 'hosted', '--since', first)[0]) == [
        f'bob@{DOMAIN} bob@onprem.{DOMAIN}', f'robert@{DOMAIN} robert@onprem.{DOMAIN}']
    assert 'No such file' in export(people, '--for', 'csv', '--since', 'none.ldif', code=66)[1]


@pytest.mark.parametrize('other', [
    ('uid=dave,', 'uid=david,'), ('uid=dave,ou=people,', 'uid=dave,ou=leavers,ou=people,')])
def test_renamed_since(new_people, scratch, other):
    """An entry that was renamed since is reported; another spelling of its DN is no new name."""
    journals = scratch / 'journal'
    journals.mkdir(0o700)
    people = new_people(world.PEOPLE, main={'journal-directory': str(journals)})
    assert sdrctl.run(people.conf, 'move', '--quiet', '--to', 'hosted', f'dave@{DOMAIN}',
                      f'plain@{DOMAIN}').returncode == 0
    people.replace(people.path.read_text().replace('dn: uid=dave,', 'dn: UID=Dave ,'))
    people.sync.once()
    since = ['--for', 'csv', '--since', next(journals.iterdir()).name]
    assert len(rows(export(people, *since)[0])) == 3
    people.replace(people.path.read_text().replace('dn: UID=Dave ,', 'dn: uid=dave,').replace(*other))
    people.sync.once()
    output, errors = export(people, *since, code=75)
    assert not output and errors.startswith('sdrctl: uid=dave,ou=people,') and 'renamed or deleted' in errors


# --- two mail systems without sdr ---

HERE, THERE = ['dora', 'emil'], ['hans', 'ines', 'jan', 'old+one']
TWO_WAY = ''.join([*(person(name, sdrOwner='onprem') for name in HERE),
                   *(person(name, sdrOwner='hosted') for name in THERE),
                   person('both', sdrOwner=['onprem', 'hosted'])])
# The tests' Exim accepts mail for everybody in its domains: these are its mailboxes.
MAILBOXES = """
mailboxes:
  driver = redirect
  domains = +ours
  local_part_suffix = +*
  local_part_suffix_optional
  local_parts = ! dora : ! emil : ! both : *
  data = :fail: User unknown
  allow_fail
"""
OTHER_SITE = """
other_site:
  driver = manualroute
  route_list = hosted.example.com 127.0.0.1::{port} byname
  self = send
  transport = smtp
"""


def snippet(output, folder, end='#   '):
    """The configuration lines in the comments of the output, with the path of this file."""
    config = [line.removeprefix(end) for line in output.splitlines() if line.startswith(end)]
    return re.sub(r'/etc/\w+/', f'{folder}/', '\n'.join(config) + '\n')


@pytest.fixture
def two_way(new_people, scratch, stop_later):
    """(Postfix at hosted, its mailboxes, Exim at onprem, its mailboxes)"""
    people = new_people(TWO_WAY)
    sinks = [Sink(), Sink()]
    tables = scratch / 'tables'
    tables.mkdir(0o755)
    for server in sinks:
        stop_later(server.stop)
        server.start()

    postfix = Postfix(scratch / 'postfix', sinks[0].port)
    output, _ = export(people, '--for', 'postfix', '--site', 'hosted')
    (tables / 'sdr-export').write_text(output)
    name, value = snippet(output, tables).strip().split(' = ')

    exim_output, _ = export(people, '--for', 'exim')
    (tables / 'exim').mkdir(0o755)
    (tables / 'exim/sdr-export').write_text(exim_output)
    exim = Exim(scratch / 'exim', sinks[1].port, routers=MAILBOXES, first_routers=snippet(
        exim_output, tables / 'exim') + OTHER_SITE.format(port=postfix.port))

    mailboxes = ' '.join(f'{{{who}@{domain}=x}}' for who in [*THERE, 'both']
                         for domain in ('example.com', 'hosted.example.com'))
    postfix.main.update({name: value, 'relay_domains': 'example.com hosted.example.com',
                         'recipient_delimiter': '+', 'relay_recipient_maps': f'inline:{{{mailboxes}}}',
                         'transport_maps': f'inline:{{onprem.example.com=smtp:[127.0.0.1]:{exim.port}}}'})
    postfix.configure()
    postfix.command('postmap', value)
    for server in (postfix, exim):
        stop_later(server.stop)
        server.start()
    return postfix, sinks[0], exim, sinks[1]


def test_chapter_3_without_sdr(two_way):
    """Each server accepts mail for everybody, each message arrives once, and none goes back."""
    postfix, there, exim, here = two_way
    for server in (postfix, exim):
        sent = server.send([f'{name}@{DOMAIN}' for name in [*HERE, *THERE, 'both', 'dora+x', 'jan+x', 'nemo']])
        assert [reply.code for reply in sent.rcpts] == [250] * 9 + [550]
        wait_for(lambda: sum(here.recipients(sent.message_id).values()) >= 4  # pylint: disable=W0640
                 and sum(there.recipients(sent.message_id).values()) >= 6)
        for each in (postfix, exim, postfix):
            each.wait_empty()
        got = [Counter(address.partition('@')[0] for address in sink.recipients(sent.message_id).elements())
               for sink in (here, there)]
        assert got == [Counter([*HERE, 'dora+x', 'both']), Counter([*THERE, 'jan+x', 'both'])]
    for server, domain in [(postfix, 'hosted'), (exim, 'onprem')]:
        assert server.send([f'nemo@{domain}.{DOMAIN}', f'"|id"@{DOMAIN}']).rcpts[0].code == 550
    assert exim.send([f'"hans+x,|id"@{DOMAIN}', f'"hans+${{run{{id}}}}"@{DOMAIN}', f'hans+x@{DOMAIN}']).rcpts[2].code == 250
