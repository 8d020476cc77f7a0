"""test_completion.py - sdrctl's options: what bash completes, --help lists, sdrctl(8) explains and sdrctl takes

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shlex
import subprocess

import pytest

import paths
import sdrctl
import world
from proc import run

SCRIPT = paths.ROOT / 'sdrctl/completions/sdrctl'
COMMANDS = ['route', 'show', 'report', 'check', 'verify', 'diff', 'move', 'hold', 'release', 'undo',
            'history', 'plan', 'export', 'sync', 'dump', 'compile']
# The other arguments that a command needs in addition to an option.
ARGUMENTS = {'sync': ['status']}
CONF = """\
this-site = onprem
journal-directory = JOURNALS
[site onprem]
[site third]
[site hosted]
[directory corp]
[directory lab]
"""


@pytest.fixture
def conf(scratch):
    journals = scratch / 'journals'
    journals.mkdir()
    (journals / '1.ldif').touch()
    path = scratch / 'sdr.conf'
    path.write_text(CONF.replace('JOURNALS', str(journals)))
    return path


def complete(line, cwd=None):
    """COMPREPLY for this line, whose last word may be incomplete."""
    words = shlex.split(line) + ([''] if line.endswith(' ') else [])
    script = (f'source {SCRIPT}; COMP_WORDS=({" ".join(map(shlex.quote, words))}); '
              f'COMP_CWORD={len(words) - 1}; _sdrctl; for word in "${{COMPREPLY[@]}}"; do printf "%s\\n" "$word"; done')
    return run(['bash', '--norc', '-uc', script], cwd=cwd).stdout.split('\n')[:-1]


def completed_options(command):
    words = {'sync': 'sync status'}.get(command, command)
    return set(complete(f'sdrctl {words} -'))


def helped_options(*arguments):
    text = run([paths.BUILD / 'sdrctl/sdrctl', *arguments, '--help']).stdout
    return set(re.findall(r'(?<![\w-])--?[a-zA-Z][a-z-]*', text))


# --- options ---

@pytest.mark.parametrize('command', COMMANDS)
def test_help_and_completion_agree(command):
    assert completed_options(command) == helped_options(command)


def test_options_before_the_command():
    general = set(complete('sdrctl -'))
    assert general == {'-c', '--config', '-h', '--help', '-V', '--version'}
    reported = run([paths.BUILD / 'sdrctl/sdrctl', '--help']).stdout
    assert all(option in reported for option in general)


@pytest.mark.parametrize('command', COMMANDS)
def test_options_are_those_that_are_taken(scratch, command):
    """A command accepts each of its options, and no option of another command, except as an abbreviation of
    its own."""
    conf = sdrctl.write_conf(scratch, world.conf(
        directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None},
        replica={'path': str(scratch / 'none')}))
    mine = completed_options(command)
    for option in set.union(*map(completed_options, COMMANDS)):
        words = [command, *ARGUMENTS.get(command, []), option, 'x']
        reported = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, *words], text=True,
                              input='', capture_output=True, check=False).stderr
        refused = re.search('unrecognized|invalid option|only for move', reported)
        taken = option in mine or (option[:2] == '--' and any(own.startswith(option) for own in mine))
        assert bool(refused) != taken, (option, reported)


def test_the_manual_explains_them():
    text = (paths.ROOT / 'man/sdrctl.8').read_text().replace('\\', '')
    for option in set.union(*map(completed_options, COMMANDS)):
        pattern = rf'^\.(It|Op|Fl|Cm).*\bFl {re.escape(option[1:])}\b' if option[:2] != '--' \
            else rf'^\.(\w.*)?(Fl|,|\|) +{re.escape(option[1:])}\b'
        assert re.search(pattern, text, re.M), option


# --- arguments ---

def test_commands():
    assert set(complete('sdrctl ')) == set(COMMANDS)
    assert complete('sdrctl rel') == ['release']
    reported = run([paths.BUILD / 'sdrctl/sdrctl', '--help']).stdout
    assert set(re.findall(r'^  ([a-z]+) ', reported, re.M)) == set(COMMANDS)


@pytest.mark.parametrize('line, words', [
    ('move --to ', ['onprem', 'third', 'hosted']),
    ('move --from h', ['hosted']),
    ('verify --site h', ['hosted']),
    ('move --to hosted --w', ['--wait']),
    ('check ', ['configuration', 'directory', 'replica', 'dns', 'sites', 'mta']),
    ('check sites h', ['hosted']),
    ('check --port 25 sites h', ['hosted']),
    ('check mta ', ['postfix', 'sendmail', 'exim']),
    ('check directory ', ['corp', 'lab']),
    ('report ', ['corp', 'lab']),
    ('sync ', ['status', 'accept']),
    ('sync accept ', ['corp', 'lab']),
    ('sync accept -', []),
    ('dump l', ['lab']),
    ('move --filter ', []),
    ('export --for p', ['postfix']),
    ('export --site ', ['onprem', 'third', 'hosted']),
    ('route alice', []),
])
def test_arguments(conf, line, words):
    assert complete(f'sdrctl -c {conf} {line}') == words


def test_files(conf, scratch):
    assert complete(f'sdrctl move --to hosted --file {scratch}/sdr.c') == [f'{scratch}/sdr.conf']
    assert complete(f'sdrctl -c {conf} undo ') == [f'{scratch}/journals/1.ldif']
    assert complete(f'sdrctl plan --status {scratch}/sdr.c') == [f'{scratch}/sdr.conf']
    assert complete('sdrctl --config sdr', cwd=scratch) == ['sdr.conf']
    assert complete(f'sdrctl check --postfix-config {scratch}/') == [f'{scratch}/journals']


def test_without_a_configuration():
    assert complete('sdrctl -c /nonexistent move --to ') == []
    assert complete('sdrctl -c /nonexistent undo /nonexistent/') == []
