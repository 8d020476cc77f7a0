"""test_migration_manual.py - the migration in sdrctl(8), followed to the letter

Every command of that section is run, in its order, by a shell that knows our sdr.conf, name server
and SMTP port.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shlex
from itertools import groupby

import pytest

import paths
import world
from daemon import environment
from mailhost import MailHost
from nameserver import NameServer
from office import Office
from proc import free_port, run

SITE = '127.0.0.2'
THEIRS = 'hosted.example.com'
NAMES = {'example.com': [('A', '127.0.0.1')], 'onprem.example.com': [('A', '127.0.0.1')],
         THEIRS: [('MX', (10, 'mx.hosted.test'))], 'mx.hosted.test': [('A', SITE)]}
JOURNAL = re.compile(r'/var/lib/sdrctl/\S+\.ldif')


def steps():
    """[(command, its input)]; the lines after `cat FILE` are the content of the file."""
    text = (paths.ROOT / 'man/sdrctl.8').read_text()
    section = text.partition('.Sh A MIGRATION\n')[2].partition('\n.Sh ')[0]
    lines = ''.join(re.findall(r'\.Bd -literal.*?\n(.*?)\.Ed\n', section, re.S)).splitlines()
    found = []
    for line in lines:
        if line.startswith('# '):
            found.append([line[2:], ''])
        else:
            found[-1][1] += line + '\n'
    return found


@pytest.fixture
def place(scratch, new_slapd, new_sync, stop_later, ca):
    """(Office, wrapper): all that the section takes for granted."""
    server = new_slapd(world.person('dave', sdrOwner='onprem') + world.person('plain')
                       + world.person('eve'))
    sync = new_sync(server).start()
    sync.caught_up()
    there = Office(scratch, server, replica={'path': str(sync.path)},
                   site_hosted={'verify-address': 'dave@example.com'})
    port = free_port(SITE)
    names = NameServer(NAMES, port=0)
    host = MailHost(SITE, port, [f'{name}@{THEIRS}' for name in ('dave', 'plain', 'eve')],
                    tls=ca.issue('mx', 'DNS:mx.hosted.test'))
    for thing in (names, host):
        stop_later(thing.stop)
        thing.start()
    wrapper = scratch / 'bin/sdrctl'
    wrapper.parent.mkdir()
    wrapper.write_text(
        '#!/bin/sh\n'
        f'case "$*" in check*|*--verify*) set -- "$@" --resolver {names.at} --port {port} '
        f'--timeout 60 --tls-ca-file {ca.cert};; esac\n'
        f'exec {paths.BUILD}/sdrctl/sdrctl -c {there.conf} "$@"\n')
    wrapper.chmod(0o755)
    return there, wrapper


def test_every_step(place, scratch):
    there, wrapper = place
    env = {**environment(), 'PATH': f'{wrapper.parent}:{os.environ["PATH"]}'}
    moved = None  # the journal of the batch
    verdicts = []
    for command, text in steps():
        if command.startswith('cat '):
            (scratch / command.split()[1]).write_text(text)
            continue
        assert command.startswith('sdrctl '), command
        command = JOURNAL.sub(shlex.quote(str(moved)), command)
        checks = command == 'sdrctl check'
        done = run(['sh', '-c', command], cwd=scratch, env=env, ok=(0, 78) if checks else (0,))
        if checks:  # any mail servers that this host has
            assert 'WRONG' not in done.stdout.partition('\nmta: ')[0]
        if command.startswith('sdrctl route '):
            assert done.stdout.count(': redirect to ') == 2
        if command.startswith('sdrctl show '):
            assert re.search(r'mailbox at +hosted\n', done.stdout)
        if command.startswith('sdrctl move') and '--file' in command and '--dry-run' not in command:
            moved = there.journal()
            assert str(moved) in done.stdout
        verdicts.append(' '.join(there.verdicts('dave@example.com', 'plain@example.com',
                                                'eve@example.com')))
    assert [verdict for verdict, _ in groupby(verdicts)] == [
        'pass pass pass', 'defer defer pass', 'redirect redirect pass', 'pass pass pass',
        'redirect pass pass', 'redirect redirect redirect'], verdicts


def test_commands_that_matter_are_shown():
    text = '\n'.join(command for command, _ in steps())
    for word in ['check', 'report', 'hold', 'release', 'undo', 'history', 'route', '--verify', '--wait',
                 '--dry-run', '--filter', '--skip-done']:
        assert word in text
