"""test_journal.py - which journals are accepted, what undo writes, and what is shown of them

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import pwd
import subprocess

import pytest

import paths
import sdrctl
import slapd as ldap
import world
from daemon import environment
from office import Office

DAVE, PLAIN = 'dave@example.com', 'plain@example.com'
SUFFIX = ldap.SUFFIX
SDR = pwd.getpwnam('sdr')
HEAD = '# sdrctl journal 1\n# date: 2026-11-21T10:00:00Z\n# administrator: me\n# command: hold\nversion: 1\n\n'


def record(*lines, dn=f'uid=dave,ou=people,{SUFFIX}', address=DAVE):
    return '\n'.join(['# directory: corp', f'# address: {address}', f'dn: {dn}',
                      'changetype: modify', *lines, '', ''])


def add(name, *values):
    return [f'add: {name}', *(f'{name}: {value}' for value in values), '-']


def delete(name, *values):
    return [f'delete: {name}', *(f'{name}: {value}' for value in values), '-']


@pytest.fixture
def office(slapd, scratch):
    return Office(scratch, slapd)


@pytest.fixture
def forged(office):
    """forged(text, name): a journal with this text in the right place; its path."""
    def make(text, name='forged.ldif'):
        path = office.journals / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return path
    return make


# --- what undo writes ---

GOOD = record(*delete('sdrOwner', 'hosted'), *add('sdrOwner', 'onprem'))
OURS = [*delete('sdrOwner', 'hosted'), *add('sdrOwner', 'onprem')]
ATTRIBUTES = {
    'password': ('userPassword', delete('userPassword', 'secret')),
    'password, given back': ('userPassword', add('userPassword', 'secret')),
    'in capitals': ('USERPASSWORD', delete('USERPASSWORD', 'secret')),
    'with an option': ('userPassword;x-y', delete('userPassword;x-y', 'secret')),
    'ours with an option': ('sdrOwner;x-y', delete('sdrOwner;x-y', 'onprem')),
    'by its OID': ('2.5.4.35', delete('2.5.4.35', 'secret')),
    'address taken': ('mail', add('mail', DAVE)),
    'address given': ('sdrAddress', delete('sdrAddress', 'root@example.com')),
    'beside one of ours': ('description', [*OURS, *delete('description', 'x')]),
    'class of others': ('objectClass', [*OURS, *delete('objectClass', 'extensibleObject')]),
    'class by its OID': ('2.5.4.0', [*OURS, *add('2.5.4.0', 'sdrRecipient')]),
    'our class and another': ('objectClass',
                              [*OURS, *add('objectClass', 'sdrRecipient', 'inetOrgPerson')]),
    'another class for ours': ('objectClass', [*OURS, *delete('objectClass', 'sdrRecipient'),
                                               *add('objectClass', 'extensibleObject')]),
    'our class alone': ('objectClass', add('objectClass', 'sdrRecipient')),
    'routing address replaced': ('sdrRoutingAddress', [
        *delete('sdrRoutingAddress', 'me@elsewhere.example'),
        *add('sdrRoutingAddress', 'dave@hosted.example.com')]),
    'hold that is none': ('sdrHold', [*delete('sdrHold', 'FALSE'), *add('sdrHold', 'no')]),
}


@pytest.mark.parametrize('name, lines', ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_other_attributes_are_never_written(office, forged, name, lines):
    """Nothing else in that journal is written either."""
    before = office.server.dump()
    journal = forged(HEAD + GOOD + record(*lines))
    for option in ([], ['--dry-run']):
        reported = office.run('undo', *option, journal, code=65)
        line = (HEAD + GOOD).count('\n') + 3
        assert f'sdrctl: {journal}:{line}: ' in reported and f'attribute {name}\n' in reported
        assert 'nothing was changed' in reported
    assert office.server.dump() == before


ENTRIES = {
    'elsewhere': 'uid=dave,ou=people,dc=other',
    'configuration': 'olcDatabase={1}mdb,cn=config',
    'above': SUFFIX.partition(',')[2],
    'the base in a value': f'uid=x\\2C{SUFFIX}',
    'the base in the middle': f'uid=dave,{SUFFIX},dc=other',
    'no DN': 'dave',
    'the root': '',
    'by its number': f'<GUID=6a2f5a3c-3a4f-4d11-9c0e-1a2b3c4d5e6f>;uid=dave,ou=people,{SUFFIX}',
    'by its SID': f'<SID=S-1-5-21-1-2-3-500>;uid=dave,ou=people,{SUFFIX}',
    'with semicolons': f'uid=dave;ou=people;{SUFFIX}',
}


@pytest.mark.parametrize('dn', ENTRIES.values(), ids=ENTRIES)
def test_other_entries_are_never_written(office, forged, dn):
    before = office.server.dump()
    journal = forged(HEAD + GOOD + record(*OURS, dn=dn))
    reported = office.run('undo', journal, code=65)
    assert f'{journal}:' in reported and 'not below the search-base of corp' in reported
    assert office.server.dump() == before


def test_the_same_base_in_other_letters(office):
    office.run('move', '--to', 'hosted', DAVE)
    journal = office.journal()
    text = journal.read_text()
    journal.write_text(text.replace(f'dn: uid=dave,ou=people,{SUFFIX}',
                                    f'dn: UID=dave, OU=people, {SUFFIX.upper()}'))
    assert journal.read_text() != text
    assert '1 undone' in office.run('undo', journal)


FORMS = {
    'file of an URL': record('add: sdrOwner', 'sdrOwner:< file:///etc/passwd', '-'),
    'file of a folded URL': record('add: sdrOwner', 'sdrOwner:', ' < file:///etc/passwd', '-'),
    'name of an URL': record(*OURS).replace('dn: ', 'dn:< file:///etc/passwd\ndn: '),
    'replace': record('replace: sdrOwner', 'sdrOwner: hosted', '-'),
    'increment': record('increment: sdrOwner', 'sdrOwner: 1', '-'),
    'all values': record('delete: sdrOwner', '-'),
    'nothing': record(),
    'new entry': record('uid: x').replace('modify', 'add'),
    'entry removed': record().replace('modify', 'delete'),
    'renamed': record('newrdn: uid=x', 'deleteoldrdn: 1').replace('modify', 'modrdn'),
    'no change': record(*OURS).replace('changetype: modify\n', ''),
    'control': record(*OURS).replace('changetype', 'control: 1.2.3 true\nchangetype'),
    'directory unsaid': record(*OURS).replace('# directory: corp\n', ''),
    'directory unknown': record(*OURS).replace('corp', 'moon'),
    'NUL': record(*OURS).replace('hosted', 'hosted\0x'),
    'CR': record(*OURS).replace('hosted\n', 'hosted\r\n'),
    'five attributes': record(*(line for n in 'abcde' for line in add(n, 'x'))),
}


@pytest.mark.parametrize('text', FORMS.values(), ids=FORMS)
def test_what_sdrctl_does_not_write_is_no_journal(office, forged, text):
    before = office.server.dump()
    journal = forged(HEAD + GOOD + text)
    reported = office.run('undo', journal, code=65)
    assert f'{journal}:' in reported and 'not a change made by sdrctl' in reported
    assert office.server.dump() == before


def test_cut_off(office):
    """Complete changes are undone; an incomplete record means a change that was not made."""
    before = office.state()
    office.run('move', '--to', 'hosted', DAVE, PLAIN)
    journal = office.journal()
    text = journal.read_text()
    cut = text.rindex('add: sdrOwner')
    office.run('undo', journal)
    office.run('move', '--to', 'hosted', DAVE)
    journal.write_text(text[:cut])
    assert '1 undone' in office.run('undo', journal)
    assert office.state() == before


def test_what_came_to_nothing_is_not_undone(office):
    """Another administrator has moved him since."""
    office.run('move', '--to', 'hosted', DAVE, PLAIN)
    journal = office.journal()
    failed = '# result: somebody else has changed the entry since'
    journal.write_text(journal.read_text().replace('# result: done', failed, 1))
    reported = office.run('undo', journal)
    assert DAVE not in reported and f'{PLAIN}: undone' in reported
    assert office.verdicts(DAVE, PLAIN) == ['redirect', 'pass']


def test_undo_of_an_undo(office):
    office.run('move', '--to', 'hosted', DAVE)
    office.run('undo', office.journal())
    assert '1 undone' in office.run('undo', office.journal())
    assert office.verdicts(DAVE) == ['redirect']


# --- what it says ---

def test_entry_and_values_are_named(office):
    office.run('move', '--to', 'hosted', DAVE)
    journal = office.journal()
    values = f'    uid=dave,ou=people,{SUFFIX} sdrOwner=hosted->onprem\n'
    assert f'# {DAVE}\n# {values}dn: uid=dave' in office.run('undo', '--dry-run', journal)
    assert f'{DAVE}: undone\n{values}' in office.run('undo', journal)


def test_entry_and_values_as_json(office):
    office.run('move', '--to', 'hosted', DAVE)
    change = json.loads(office.run('undo', '--json', office.journal()))
    assert change['attributes'] == {'sdrOwner': {'before': ['hosted'], 'after': ['onprem']}}
    assert change['dn'] == f'uid=dave,ou=people,{SUFFIX}' and change['result'] == 'done'


UGLY = 'a\x1b[2J\u009b\u202eb'


def test_no_field_reaches_the_terminal_as_it_is(office, forged):
    text = HEAD.replace('me', f'me {UGLY}').replace('hold', f'hold {UGLY}')
    dn = f'uid={UGLY},ou=people,{SUFFIX}'
    path = forged(text + record(*delete('sdrOwner', UGLY), *add('sdrOwner', 'x'), dn=dn,
                                address=f'{UGLY}@example.com'), f'{UGLY}.ldif')
    shown = [office.run('history'), office.run('history', '--json'),
             office.run('undo', '--dry-run', path)]
    path.write_text(path.read_text() + record('replace: x', f'x: {UGLY}', '-'))
    shown.append(office.run('undo', path, code=65))
    for text in shown:
        assert not set(text) & set('\x1b\u009b\u202e'), text
    assert UGLY in json.loads(shown[1])['command']


def test_no_journals(office):
    """Before the first change there is nothing to list, which is not an error."""
    for _ in range(2):
        assert office.run('history') == f'sdrctl: no journals in {office.journals}\n'
        if office.journals.exists():
            office.journals.rmdir()


def test_no_such_journal(office):
    path = office.journals / 'x.ldif'
    reported = office.run('undo', path, code=66)
    assert f'sdrctl: {path}: No such file or directory' in reported


# --- whose they are ---

def give(path, mode=None):
    """Change the owner to sdr."""
    os.chown(path, SDR.pw_uid, SDR.pw_gid)
    if mode is not None:
        path.chmod(mode)


def elsewhere(path):
    """Move the file and put a link in its place; the new path."""
    there = path.with_name(f'real-{path.name}')
    path.rename(there)
    path.symlink_to(there)
    return there


def fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)


def folder(path):
    path.unlink()
    path.mkdir()


def give_parent(path):
    """Give the folder above to sdr, which could then replace it."""
    give(path.parent)


# What is wrong: (the path, the change, the error)
FILES = {
    'of sdr': (give, 'belongs to sdr', 'chown root '),
    'writable by all': (lambda path: path.chmod(0o666), 'mode 0666', 'chmod go-w '),
    'writable by its group': (lambda path: path.chmod(0o620), 'mode 0620', 'chmod go-w '),
    'of sdr, not writable': (lambda path: give(path, 0o400), 'belongs to sdr', 'chown root '),
    'hard link': (lambda path: os.link(path, path.parent.parent / 'other'), 'hard links', 'cp '),
    'hard link beside it': (lambda path: os.link(path, f'{path}.old'), 'hard links', 'cp '),
    'symbolic link': (elsewhere, 'symbolic links', 'not followed'),
    'FIFO': (fifo, 'not a regular file', ''),
    'folder': (folder, 'not a regular file', ''),
}
FOLDERS = {
    'of sdr': (give, 'belongs to sdr', 'chown root '),
    'writable by all': (lambda path: path.chmod(0o777), 'mode 0777', 'chmod go-w '),
    'writable by all, sticky': (lambda path: path.chmod(0o1777), 'mode 1777', 'chmod go-w '),
    'writable by its group': (lambda path: path.chmod(0o770), 'mode 0770', 'chmod go-w '),
    'symbolic link': (elsewhere, 'symbolic links', 'not followed'),
    'in a folder of sdr': (give_parent, 'belongs to sdr', 'all parent folders'),
    'in a folder of all': (lambda path: path.parent.chmod(0o777), 'mode 0777', 'chmod go-w '),
    'below a link': (lambda path: elsewhere(path.parent), 'symbolic links', 'not followed'),
}


@pytest.fixture
def moved(slapd, scratch):
    """An Office whose journals are in a deeper folder, after a move of Dave."""
    (scratch / 'lib').mkdir()
    (scratch / 'office').mkdir()
    there = Office(scratch / 'office', slapd)
    there.journals = scratch / 'lib/journal'
    there.journals.mkdir(0o700)
    there.conf.write_text(there.conf.read_text().replace(
        str(scratch / 'office/journal'), str(there.journals)))
    there.run('move', '--to', 'hosted', DAVE)
    return there


@pytest.mark.parametrize('deed, words, cure', FILES.values(), ids=FILES)
def test_file_that_others_could_write(moved, deed, words, cure):
    journal = moved.journal()
    deed(journal)
    before = moved.server.dump()
    reported = moved.run('undo', journal, code=78)
    assert f'sdrctl: {journal}: ' in reported and words in reported and cure in reported
    assert 'nothing was changed' in reported and moved.server.dump() == before
    reported = moved.run('history', code=65)
    assert f'sdrctl: {journal}: ' in reported and words in reported


@pytest.mark.parametrize('deed, words, cure', FOLDERS.values(), ids=FOLDERS)
def test_folder_that_others_could_change(moved, deed, words, cure):
    """Nothing is read from it or written to it."""
    journal = moved.journal()
    deed(moved.journals)
    before = moved.server.dump(), sorted(moved.journals.iterdir())
    reported = [moved.run('undo', journal, code=78), moved.run('history', code=78),
            moved.run('move', '--to', 'hosted', PLAIN, code=74)]
    for text in reported:
        assert words in text and cure in text
    assert 'nothing was changed' in reported[0] and 'nothing was changed' in reported[2]
    assert (moved.server.dump(), sorted(moved.journals.iterdir())) == before


def test_another_way_to_the_same_folder(moved):
    """Through a link, with .., or by a relative path."""
    journal = moved.journal()
    link = moved.journals.parent / 'link'
    link.symlink_to(moved.journals)
    assert 'symbolic links' in moved.run('undo', link / journal.name, code=78)
    assert '1 undone' in moved.run('undo', f'{moved.journals}/../{moved.journals.name}//{journal.name}')
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', moved.conf, 'undo', '--dry-run',
                           moved.journal().name], cwd=moved.journals, env=environment(), check=True,
                          capture_output=True, text=True)
    assert 'dn: uid=dave' in done.stdout
    give(moved.journals)
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', moved.conf, 'undo',
                           moved.journal().name], cwd=moved.journals, env=environment(), check=False,
                          capture_output=True, text=True)
    assert done.returncode == 78 and 'belongs to sdr' in done.stderr


# --- another user than root ---

@pytest.fixture
def clerk(scratch):
    """(his folder of journals, history()): he is sdr."""
    journals = scratch / 'journal'
    journals.mkdir(0o700)
    give(journals)
    conf = sdrctl.write_conf(scratch, world.conf(
        main={'journal-directory': str(journals)},
        directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': None, 'bind-dn': None}))
    journal = journals / 'x.ldif'
    journal.write_text(HEAD + GOOD)
    give(journal, 0o600)

    def history():
        return subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'history'], user='sdr',
                              group='sdr', extra_groups=[], env=environment(), capture_output=True,
                              text=True, check=False)
    return journals, history


def test_his_own_folder(clerk):
    _, history = clerk
    done = history()
    assert done.returncode == 0 and str(clerk[0]) in done.stdout


def test_a_folder_of_somebody_else(clerk):
    journals, history = clerk
    nobody = pwd.getpwnam('nobody')
    os.chown(journals / 'x.ldif', nobody.pw_uid, nobody.pw_gid)
    (journals / 'x.ldif').chmod(0o644)
    assert 'belongs to nobody' in history().stderr
    os.chown(journals, nobody.pw_uid, nobody.pw_gid)
    journals.chmod(0o755)
    done = history()
    assert done.returncode == 78 and f'{journals}: belongs to nobody' in done.stderr
