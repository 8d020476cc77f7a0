"""test_usage.py - sdrctl: its help, and how it reports errors in its use and configuration

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import sdrctl
import world

OK, BAD_USE, WRONG = 0, 64, 78
COMMANDS = ['route', 'show', 'report', 'check', 'move', 'hold', 'release', 'undo', 'history', 'sync', 'dump']
NO_SERVER = {'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None}


@pytest.fixture(scope='module')
def conf(tmp_path_factory):
    return sdrctl.write_conf(tmp_path_factory.mktemp('usage'), world.conf(directory_corp=NO_SERVER))


def is_balanced(text):
    while '[' in text or ']' in text:
        text, count = re.subn(r'\[[^][]*\]', '', text)
        if count == 0:
            return False
    return True


@pytest.mark.parametrize('command', COMMANDS)
def test_help(conf, command):
    done = sdrctl.run(conf, command, '--help')
    assert (done.returncode, done.stderr) == (OK, '')
    assert done.stdout.startswith(f'  {command} ') and is_balanced(done.stdout)


@pytest.mark.parametrize('arguments, words', [
    *([[command, '--no-such-option'], 'invalid option'] for command in COMMANDS
      if command != 'sync'),
    (['sync', 'status', '--no-such-option'], 'invalid option'),
    (['move', '--to'], 'invalid option'),
    (['sync'], 'expected status or accept'),
    (['dump', 'moon'], 'no such directory'),
    (['check', 'everything'], 'no such check'),
    (['check', 'directory', 'moon'], 'no such directory'),
    (['check', 'sites', 'moon'], 'no such site'),
    (['check', 'mta', 'qmail'], 'no such mail server'),
    (['check', 'dns', 'example.com'], 'dns takes no names'),
    (['route'], 'expected an address'),
    (['frobnicate'], 'no such command: frobnicate'),
])
def test_misuse(conf, arguments, words):
    """Each line names the program until the usage begins."""
    done = sdrctl.run(conf, *arguments)
    assert (done.returncode, done.stdout) == (BAD_USE, '')
    errors = done.stderr.partition('usage:\n')[0].splitlines()
    assert words in errors[-1] and all(line.startswith('sdrctl') for line in errors), done.stderr


def test_errors_in_the_configuration(scratch):
    """All of them, each with the name of the program and the line."""
    path = sdrctl.write_conf(scratch, world.conf(main={'loop-limit': 'x'}, directory_corp={**NO_SERVER, 'timeout': '0'}))
    done = sdrctl.run(path, 'route', 'alice@example.com')
    assert done.returncode == WRONG and len(done.stderr.splitlines()) == 2
    assert re.fullmatch(rf'(sdrctl: {re.escape(str(path))}:\d+: .+\n)+', done.stderr)
