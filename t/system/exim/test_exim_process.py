"""test_exim_process.py - exim-sdr.so in Exim's processes: it answers any input, and leaks nothing

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import subprocess
import time

import pytest

import paths

ALICE, THERE = 'alice@example.com', '<alice@hosted.example.com>'
DEFERRED = ':defer: 451 4.3.5 Configuration error, try again later'


# --- arguments ---

@pytest.fixture
def expand(exim):
    """expand([(function, argument...), ...]): what they become, all in one process."""
    def run(calls):
        shown = exim.run('-be', input=''.join(f'{exim.call(*call)}\n' for call in calls)).stdout
        return shown.removeprefix('> ').removesuffix('\n> \n').split('\n> ')
    return run


def test_wrong_number_of_arguments(expand):
    usage = {'sdr_next_hop': 'Failed: sdr_next_hop: use {ADDRESS}{FILE}',
             'sdr_mark': 'Failed: sdr_mark: use {MARKS}{FILE}'}
    calls = [(function, *[ALICE] * count)
             for function, most in [('sdr_route', 3), ('sdr_verify', 3), ('sdr_owner', 2), *zip(usage, (2, 2))]
             for count in (0, most + 1, 8)]
    assert expand(calls) == [usage.get(call[0], DEFERRED) for call in calls]


# As Exim expands them; \n is a line feed.
NO_MAILBOXES = [
    '', '@', 'alice', 'alice@', 'alice@example.com, b@evil.test',
    r'alice@example.com\nb@evil.test', ':include:/etc/passwd', ':fail:', '|/bin/sh', '/etc/passwd',
    '# Exim filter', r'\\', '"', 'alice@[127.0.0.1]',
    # some thousands of octets
    *('${sg{${sg{xxxxxxxxxx}{x}{yyyyyyyyyyyyyyyyyyyyyyyyy}}}{y}{%s}}' % text
      for text in ('a' * 30, '"@<>,:;', 'alice@example.com,')),
    'alice@${sg{xxxxxxxxxx}{x}{example.com.example.com.example.com.}}',
]
# In a split domain, but not valid as local parts; one has 320 octets.
BAD_LOCAL_PARTS = [
    '@example.com', r'al\nice@example.com', r'"al\nice"@example.com', r'"al\rice"@example.com',
    r'\x80@example.com', '<alice@example.com',
    '${sg{xxxxxxxxxx}{x}{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}@example.com']
# Unknown local parts, with or without quotes.
UNKNOWN = ['b@evil.test,y', '"b@evil.test,y"', 'alice@example.com, b', ':blackhole:', 'a b',
           '"alice', 'alice"', '|/bin/sh', '/etc/passwd', ':include:/etc/passwd', '.alice']


@pytest.mark.parametrize('function', ['sdr_route', 'sdr_next_hop', 'sdr_owner'])
def test_what_is_no_mailbox_is_left_to_exim(expand, exim_conf, function):
    more = [''] if function == 'sdr_route' else []
    shown = expand((function, text, *more, exim_conf()) for text in NO_MAILBOXES)
    assert shown == [''] * len(NO_MAILBOXES)


@pytest.mark.parametrize('function', ['sdr_route', 'sdr_owner'])
def test_bad_local_part_is_refused(expand, exim_conf, function):
    more = [''] if function == 'sdr_route' else []
    shown = expand((function, text, *more, exim_conf()) for text in BAD_LOCAL_PARTS)
    assert shown == [':fail: 553 5.1.3 Bad recipient address syntax'] * len(BAD_LOCAL_PARTS)


def test_local_parts_without_the_quotes_they_need(expand, exim_conf):
    shown = expand(('sdr_route', f'{local}@example.com', '', exim_conf()) for local in UNKNOWN)
    assert shown == [':fail: 550 5.1.1 User unknown'] * len(UNKNOWN)


def test_what_is_no_mark_is_ignored(expand, exim_conf):
    shown = expand(('sdr_route', ALICE, text, exim_conf()) for text in NO_MAILBOXES)
    assert shown == [THERE] * len(NO_MAILBOXES)
    shown = expand(('sdr_mark', text, exim_conf()) for text in NO_MAILBOXES)
    assert len({re.sub(r'\d+', 'TIME', mark) for mark in shown}) == 1


@pytest.mark.parametrize('marks, deferred', [
    (r'onprem; NOW\n' * 4, False),
    (r'onprem; NOW\n' * 5, True),
    (r' onprem; NOW\n' * 5, True),
    (r'ONPREM;\n\tNOW\n' * 5, True),
    (r'hosted; NOW\n' * 5 + r'onprem; NOW\n' * 4, False),
    (r'onprem; NOW\n' * 4 + r'x; y\n onprem; NOW\n', False),
])
def test_marks(expand, exim_conf, marks, deferred):
    marks = marks.replace('NOW', str(int(time.time())))
    [shown] = expand([('sdr_route', ALICE, marks, exim_conf())])
    assert shown.startswith(':defer: 451 4.4.6 ' if deferred else THERE)


# --- the configuration ---

MISTAKES = {
    'missing': lambda path: path.unlink(),
    'a folder': lambda path: (path.unlink(), path.mkdir()),
    'not readable': lambda path: path.chmod(0o600),
    'a mistake in it': lambda path: path.write_text('this-site = nowhere\n'),
    'empty': lambda path: path.write_text(''),
}


@pytest.mark.parametrize('spoil', MISTAKES.values(), ids=MISTAKES)
def test_unusable_configuration_defers(exim, exim_conf, deliver, spoil):
    spoil(exim_conf())
    reply = exim.send(ALICE).rcpts[0]
    assert str(reply) == '451 4.3.5 Configuration error, try again later'
    assert f'rcpt="{ALICE}" verdict=defer reply=451 status=4.3.5 source=none reason="' in exim.log()


@pytest.mark.parametrize('mode, owner', [(0o777, 'root'), (0o755, 'daemon')])
def test_root_trusts_its_own_files_alone(expand, exim_conf, mode, owner):
    """In this test exim -be runs as root."""
    conf = exim_conf()
    conf.parent.chmod(mode)
    shutil.chown(conf.parent, owner)
    assert expand([('sdr_route', ALICE, '', conf)]) == [DEFERRED]


def test_configuration_is_read_again_when_it_has_changed(exim, exim_conf, slapd):
    """Within one process, which serves an SMTP connection."""
    with exim.client() as client:
        client.mail()
        assert client.rcpt(ALICE).code == 250
        assert client.rcpt('nobody@example.com').code == 550
        exim_conf(**{'domain example.com': {'unknown': 'pass'}})
        assert client.rcpt('nobody@example.com').code == 250
        exim_conf().write_text('this-site = nowhere\n')
        assert client.rcpt('somebody@example.com').code == 250
        assert client.rcpt(ALICE).code == 250
        exim_conf()
        assert client.rcpt('someone@example.com').code == 550
    assert exim.log().count('keeping the previous configuration:') == 1


def test_one_connection_to_the_directory(exim, slapd):
    with exim.client() as client:
        client.mail()
        for i in range(20):
            assert client.rcpt(f'alice+{i}@example.com').code == 250
    assert len(slapd.searches('alice+')) == 20
    assert len(re.findall(r' BIND dn="[^"]*" mech=SIMPLE', slapd.log())) == 1


def test_ldaprc_changes_nothing(exim, exim_conf, scratch):
    (scratch / 'ldaprc').write_text('URI ldap://127.0.0.1:1\nTIMEOUT 1\nSIZELIMIT 1\n'
                                    'TLS_REQCERT demand\nBASE dc=nowhere\n')
    env = {**exim.env, 'LDAPRC': 'ldaprc', 'LDAPURI': 'ldap://127.0.0.1:1', 'HOME': str(scratch)}
    done = exim.run('-be', exim.call('sdr_route', ALICE, '', exim_conf()), cwd=scratch, env=env)
    assert done.stdout == f'{THERE}\n'


# --- what is left behind ---

@pytest.fixture
def script(scratch):
    """script(name, lines): the path of a program for anybody."""
    def make(name, lines):
        path = scratch / name
        path.write_text(f'#!/bin/sh\n{lines}\n')
        path.chmod(0o755)
        return path
    return make


PIPE_ROUTER = """\
pipe:
  driver = accept
  local_parts = dave
  transport = pipe
"""
PIPE = """\
pipe:
  driver = pipe
  command = {command}
  user = daemon
  home_directory = /
  message_prefix = {out}
"""


def test_programs_that_exim_runs_inherit_nothing(new_exim, exim_conf, scratch, script):
    out = scratch / 'out'
    out.touch()
    out.chmod(0o666)
    command = script('pipe', f'exec >{out}; ls -l /proc/self/fd; cat')
    exim = new_exim(exim_conf(), routers=PIPE_ROUTER,
                    transports=PIPE.format(command=command, out='To dave')).start()
    exim.send([ALICE, 'dave@example.com'])
    exim.wait_empty()
    assert out.read_text().count('To dave') == 1
    assert 'socket:' not in out.read_text()


MANY = paths.thorough(10000, 2000)


def many():
    people = ['alice', 'dave', 'both', 'nobody', 'held']
    return ''.join(f'{people[i % len(people)]}+{i}@example.com\n' for i in range(MANY))


def test_descriptors_of_many(exim, exim_conf, script):
    calls = [exim.call('sdr_route', address, '', exim_conf()) for address in many().split()]
    count = '${run{%s}}' % script('count', 'ls /proc/$PPID/fd | wc -l')
    shown = exim.run('-be', input='\n'.join([calls[0], count, *calls, count, ''])).stdout
    answers = shown.removeprefix('> ').split('\n> ')
    assert sum(a.startswith(':fail: 550') for a in answers) == MANY / 5
    before, after = [a for a in answers if a.strip().isdigit()]
    assert before == after


@pytest.mark.skipif('asan' in paths.BUILD.name, reason='valgrind or AddressSanitizer, not both')
def test_memory_of_many(exim, scratch):
    log = scratch / 'valgrind'
    exim.program.chmod(0o755)  # not setuid
    done = subprocess.run(['valgrind', '--leak-check=full', f'--log-file={log}', *exim.command,
                           '-bt'], input=many(), capture_output=True, text=True, timeout=900,
                          check=False)
    assert done.stdout.count('router = everybody') == MANY * 4 / 5
    assert done.stdout.count('is undeliverable') == done.stdout.count('451 4.2.1') == MANY / 5
    text = log.read_text()
    assert 'definitely lost: 0 bytes' in text and 'indirectly lost: 0 bytes' in text
    # Memory in Exim's pools is "possibly lost". The configuration is still in use.
    assert int(re.search('still reachable: ([0-9,]+)', text)[1].replace(',', '')) < 200_000
