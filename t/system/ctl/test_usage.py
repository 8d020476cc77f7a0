"""test_usage.py - sdrctl: its help, and how it reports errors in its use and configuration

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import paths
import proc
import sdrctl
import world

OK, BAD_USE, WRONG = 0, 64, 78
COMMANDS = ['route', 'show', 'report', 'check', 'verify', 'diff', 'move', 'hold', 'release', 'undo', 'history',
            'plan', 'export', 'sync', 'dump', 'compile']
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
    assert done.stdout.startswith(f'usage: sdrctl {command} ') and is_balanced(done.stdout)
    options = set(re.findall(r'^  (?:-\w, )?--[a-z-]+', done.stdout, re.M))
    assert (options or command == 'compile') and all(re.search(rf'^{re.escape(option)} .*\w', done.stdout, re.M) for option in options)


@pytest.mark.parametrize('arguments', [
    ['sync', 'status', '--help'], ['check', 'directory', '--help'], ['check', '--json', 'mta', '-h'],
    ['move', '--to', 'hosted', '--help'], ['route', 'alice@example.com', '--help']])
def test_help_wherever_it_stands(conf, arguments):
    done = sdrctl.run(conf, *arguments)
    assert (done.returncode, done.stdout) == (OK, sdrctl.run(conf, arguments[0], '--help').stdout)


@pytest.mark.parametrize('arguments, reason', [
    *([[command, '--explian'], "unrecognized option '--explian'"] for command in COMMANDS
      if command != 'sync'),
    (['sync', 'status', '--explian'], "unrecognized option '--explian'"),
    (['move', '--to'], "option '--to' requires an argument"),
    (['undo', '-X'], "invalid option -- 'X'"),
    (['sync'], 'expected status or accept'),
    (['sync', 'state'], 'expected status or accept, not state'),
    (['sync', 'status', 'moon'], 'no such directory: moon; known: corp'),
    (['dump', 'moon'], 'no such directory: moon; known: corp'),
    (['report', 'corp', 'moon'], 'no such directory: moon; known: corp'),
    (['check', 'everything'],
     'no such check: everything; known: configuration, directory, replica, dns, sites, mta'),
    (['check', 'directory', 'moon'], 'no such directory: moon; known: corp'),
    (['check', 'replica', 'moon'], 'no such directory: moon; known: corp'),
    (['check', 'sites', 'moon'], 'no such site: moon; known: onprem, hosted'),
    (['check', 'mta', 'postfix', 'qmail'], 'no such mail server: qmail; known: postfix, sendmail, exim'),
    (['check', 'dns', 'example.com'], 'dns takes no names: example.com'),
    (['check', '--port', '0'], '--port: "0" is not a number from 1 to 65535'),
    (['check', '--timeout', '5s'], '--timeout: "5s" is not a number from 1 to 300'),
    (['check', '--here', 'me'], '--here: "me" is not an IP address'),
    (['check', '--resolver', 'ns1'], '--resolver: "ns1" is not ADDRESS[:PORT]'),
    (['history', 'alice'], '"alice" is not an address'),
    (['history', '@example.com'], '"@example.com" is not an address'),
    (['history', ''], '"" is not an address'),
    (['undo'], 'expected one journal, not 0'),
    (['undo', 'a', 'b', 'c'], 'expected one journal, not 3'),
    (['hold', '--port', '25', 'alice@example.com'], '--port is only for move'),
    (['release', '--to', 'hosted', 'alice@example.com'], '--to is only for move'),
    (['route'], 'expected an address'),
    (['dump', 'm\x1boon'], 'no such directory: m\\x1Boon; known: corp'),
])
def test_misuse(conf, arguments, reason):
    """One line with the wrong word, and one that says where to find help."""
    done = sdrctl.run(conf, *arguments)
    command = f'sdrctl {arguments[0]}'
    assert (done.returncode, done.stdout) == (BAD_USE, '')
    assert done.stderr == f"{command}: {reason}\nsee '{command} --help'\n"


@pytest.mark.parametrize('arguments, reason', [
    ([], 'expected a command'),
    (['frobnicate'], f'no such command: frobnicate; known: {", ".join(COMMANDS)}'),
    (['--explian'], "unrecognized option '--explian'"),
    (['-x', 'route'], "invalid option -- 'x'"),
    (['-c'], "option requires an argument -- 'c'"),
])
def test_misuse_before_the_command(arguments, reason):
    done = proc.run([paths.BUILD / 'sdrctl/sdrctl', *arguments], ok=[BAD_USE])
    assert done.stdout == ''
    assert done.stderr == f"sdrctl: {reason}\nsee 'sdrctl --help'\n"


def test_errors_in_the_configuration(scratch):
    """All errors, each with the program's name and the line."""
    path = sdrctl.write_conf(scratch, world.conf(main={'loop-limit': 'x'}, directory_corp={**NO_SERVER, 'timeout': '0'}))
    done = sdrctl.run(path, 'route', 'alice@example.com')
    assert done.returncode == WRONG and len(done.stderr.splitlines()) == 2
    assert re.fullmatch(rf'(sdrctl: {re.escape(str(path))}:\d+: .+\n)+', done.stderr)
