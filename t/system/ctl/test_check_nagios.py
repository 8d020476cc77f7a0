"""test_check_nagios.py - sdrctl check --nagios: one line for Nagios and Icinga

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import sdrctl
import world
from nameserver import NameServer
from proc import free_port

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN']
# https://www.monitoring-plugins.org/doc/guidelines.html; NRPE 2 passes 1023 octets on.
COUNT = r"[a-z_]+=\d+;;?0?;0?;0"
LINE = re.compile(rf"SDR (?P<word>[A-Z]+) - (?P<text>[^|\n]+)(\|(?P<numbers>( {COUNT})+))?\n")
SIZE = 1023
TWO_SERVERS = ['ldap://127.0.0.1:1', 'ldap://127.0.0.1:2']
HOST = '127.0.0.2'
NAMES = {'hosted.example.com': [('MX', (10, 'mx1.hosted.test'))], 'mx1.hosted.test': [('A', HOST)]}


def nagios(conf, *arguments, env=None):
    """(exit code, text, numbers), after the form has been checked. Nothing goes to standard error:
    Icinga shows it before the line."""
    done = sdrctl.run(conf, 'check', *arguments, '--nagios', env=env)
    found = LINE.fullmatch(done.stdout)
    assert found and len(done.stdout.encode()) <= SIZE and done.stdout[:-1].isprintable(), done.stdout
    assert WORDS[done.returncode] == found['word'] and done.stderr == ''
    pairs = (pair.split('=') for pair in (found['numbers'] or '').split())
    return done.returncode, found['text'].strip(), {
        name: int(value.partition(';')[0]) for name, value in pairs}


@pytest.fixture
def written(scratch):
    """written(sections...): the configuration, of two directory servers that do not answer."""
    def write(directory=None, **sections):
        return sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': TWO_SERVERS, 'bind': 'none', 'bind-dn': None, **(directory or {})}, **sections))
    return write


def test_ok(written):
    assert nagios(written(), 'configuration') == (
        OK, '1 finding, no problems', {'ok': 1, 'warnings': 0, 'wrong': 0, 'no_answer': 0})


def test_warning(written):
    """Names the first warning and what it is about."""
    code, text, numbers = nagios(written(main={'always-local': 'abuse', 'loop-limit': '1'}),
                                 'configuration')
    assert text.startswith('2 warnings: configuration /') and 'always-local: mail to postmaster' in text
    assert code == WARNING and numbers['warnings'] == 2


def test_no_answer_is_critical(written):
    """If a server does not answer, mail is deferred, as with a wrong configuration."""
    code, text, numbers = nagios(written(), 'directory')
    assert text.startswith('2 without an answer: directory corp, ldap://127.0.0.1:1: connection: ')
    assert code == CRITICAL and numbers['no_answer'] == 2


def test_everything(written, scratch):
    """There is no MTA, and no name server answers."""
    code, text, numbers = nagios(written(), '--resolver', '127.0.0.1:1', '--timeout', '1',
                                 env={'PATH': str(scratch)})
    assert code == CRITICAL and ' without an answer, ' in text and numbers['no_answer'] > 2


@pytest.mark.parametrize('arguments, code', [
    (['configuration'], OK), (['directory'], CRITICAL), (['directory', 'corp'], CRITICAL),
    (['replica'], CRITICAL), (['dns', '--resolver', '127.0.0.1:1', '--timeout', '1'], CRITICAL),
    (['sites', '--resolver', '127.0.0.1:1', '--timeout', '1'], CRITICAL),
    (['mta', '--sendmail-cf', '/nonexistent'], None), (['--nagios'], None)])
def test_each_part(written, scratch, arguments, code):
    found, _, _ = nagios(written(replica={'path': str(scratch / 'replica')}), *arguments)
    assert code in (None, found)


@pytest.mark.parametrize('arguments, words', [
    (['everything'], 'no such check'), (['directory', 'moon'], 'no such directory'),
    (['dns', 'example.com'], 'dns takes no names'), (['--bad-option'], '--bad-option'),
    (['--json'], '--json and --nagios'), (['--timeout', 'x'], '--timeout: "x" is not a number'),
    (['directory', 'mo|on'], 'no such directory')])
def test_misuse_is_unknown(written, arguments, words):
    code, text, numbers = nagios(written(), *arguments)
    assert (code, numbers) == (UNKNOWN, {}) and words in text


@pytest.mark.parametrize('directory, words', [
    ({'timeout': '0'}, 'timeout'), ({'password-file': '/non|existent', 'bind': 'simple',
                                     'bind-dn': 'cn=reader'}, 'No such file')])
def test_errors_in_the_configuration_are_critical(written, directory, words):
    """An MTA or a daemon that starts now would defer mail."""
    code, text, _ = nagios(written(directory))
    assert code == CRITICAL and 'sdr.conf:' in text and words in text


def test_no_configuration_is_critical(scratch):
    assert nagios(scratch / 'none.conf')[0] == CRITICAL


def test_no_replica_to_check(written):
    assert nagios(written(), 'replica')[0] == CRITICAL


def octets(text):
    """The UTF-8 octets of the text as Latin-1 characters, as the tests' hosts send them."""
    return text.encode().decode('latin-1')


@pytest.mark.parametrize('reply, words', [
    ('Blocked | ok=9', r'Blocked \x7C ok=9'), ('Blocked\r\x1b[2J\x7f', r'Blocked\x0D\x1B[2J\x7F'),
    (octets('\u202eBlocked'), r'\xE2\x80\xAEBlocked'), (octets('Gr\u00fc\u00dfe'), 'Gr\u00fc\u00dfe'),
    ('\xff' + '| ' * 200, '...'), (octets('\u00fc' * 200), '\u00fc')], ids=ascii)
def test_replies_of_other_hosts_are_escaped(written, new_host, stop_later, reply, words):
    port = free_port(HOST)
    new_host(HOST, port, [], {'greeting': f'554 5.7.1 {reply}'})
    server = NameServer(NAMES, '', port=0)
    stop_later(server.stop)
    server.start()
    code, text, _ = nagios(written(), 'sites', '--resolver', server.at, '--port', str(port))
    assert code == CRITICAL and words in text
