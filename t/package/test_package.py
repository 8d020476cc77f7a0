"""test_package.py - the Debian packages: built, checked, installed, used and purged

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import subprocess
from pathlib import Path

import pytest

import debian
import paths
import smallest
from debian import Machine, as_sdr, make_base, newer
from namespace import Namespace
from proc import run

SERVICES = ['sdr-milter', 'sdr-sync']


@pytest.fixture(scope='module')
def machine(debs):
    """A machine with all packages and no network."""
    make_base()
    with paths.scratch() as folder, Namespace(folder):
        made = Machine(folder / 'machine')
        made.before = made.files()
        made.install(debs.values())
        yield made


@pytest.fixture(scope='module')
def routing(machine):
    """The machine with a replica of two people, made by the daemons' user."""
    machine.write('/etc/sdr/sdr.conf', smallest.conf('/etc/sdr/people.ldif',
                                                      '/var/lib/sdr/replica'))
    machine.write('/etc/sdr/people.ldif', smallest.PEOPLE)
    machine.run('sdr-sync', '--once', user='sdr')
    return machine


# --- the packages ---

def test_lintian_finds_nothing(packages):
    changes, = packages.glob('*.changes')
    done = as_sdr(['lintian', '--fail-on', 'error,warning', '--tag-display-limit', '0', changes],
                  packages)
    assert done.stdout == ''


def test_the_tarball_has_all_that_the_repository_has(packages):
    if not (paths.ROOT / '.git').exists():
        pytest.skip('this is no repository')
    tracked = run(['git', '-c', f'safe.directory={paths.ROOT}', '-C', paths.ROOT,
                   'ls-files']).stdout.splitlines()
    source, = packages.glob('sdr-*/')
    missing = {name for name in tracked if not (source / name).exists()}
    assert {name for name in missing if not name.startswith(('.ci/', '.gitignore'))} == set()


@pytest.mark.parametrize('package, paths_in_it', [
    ('libsdr0', ['/usr/lib/*/libsdr.so.0']),
    ('libsdr-dev', ['/usr/lib/*/libsdr.so', '/usr/include/sdr/sdr.h', '/usr/lib/*/pkgconfig/sdr.pc']),
    ('sdr-common', ['/etc/sdr/sdr.conf', '/usr/lib/sysusers.d/sdr.conf',
                    '/usr/lib/tmpfiles.d/sdr.conf', '/usr/share/man/man5/sdr.conf.5.gz',
                    '/usr/share/sdr/ldap-schema/sdr.schema', '/usr/share/doc/sdr/README.md',
                    '/usr/share/doc/sdr/doc/install.md',
                    '/usr/share/doc/sdr/examples/sdr.conf',
                    '/usr/share/doc/sdr/examples/sdr-router',
                    '/usr/share/doc/sdr/examples/sendmail-sdr.m4']),
    ('sdr-milter', ['/usr/sbin/sdr-milter', 'lib/systemd/system/sdr-milter.service',
                    '/usr/share/man/man8/sdr-milter.8.gz']),
    ('sdr-sync', ['/usr/sbin/sdr-sync', 'lib/systemd/system/sdr-sync.service',
                  '/usr/share/man/man8/sdr-sync.8.gz']),
    ('exim-sdr', ['/usr/lib/exim4/exim-sdr.so', '/usr/lib/exim4/exim-sdr-live.so',
                  '/usr/share/man/man7/exim-sdr.7.gz']),
    ('sdrctl', ['/usr/bin/sdrctl', '/usr/share/man/man8/sdrctl.8.gz',
                '/usr/share/bash-completion/completions/sdrctl']),
])
def test_each_thing_is_in_its_package(debs, package, paths_in_it):
    found = [Path(name) for name in debian.contents(debs[package])]
    for wanted in paths_in_it:
        assert any(path.match(wanted) for path in found), wanted


def test_there_are_no_others(debs):
    assert set(debs) == {'libsdr0', 'libsdr-dev', 'sdr-common', 'sdr-milter', 'sdr-sync', 'exim-sdr',
                         'sdrctl'}


@pytest.mark.parametrize('package, others', [
    ('exim-sdr', ['libmilter', 'libsdr0']), ('sdr-sync', ['libmilter', 'exim4', 'libsdr0']),
    ('sdr-milter', ['libldap', 'libmilter', 'exim4']), ('sdrctl', ['libmilter', 'exim4', 'libsdr0']),
    ('libsdr0', ['sdr-common', 'libmilter', 'exim4', 'libjansson'])])
def test_nothing_is_needed_that_is_not_used(debs, package, others):
    depends = debian.field(debs[package], 'Depends')
    assert not [name for name in others if name in depends]


# --- installed ---

@pytest.mark.parametrize('path, access', [
    ('/etc/sdr', 'root root 0755'), ('/etc/sdr/sdr.conf', 'root root 0644'),
    ('/var/lib/sdr', 'sdr sdr 0750'), ('/var/lib/sdrctl', 'root root 0700'),
    ('/usr/bin/sdrctl', 'root root 0755'),
    ('/usr/sbin/sdr-milter', 'root root 0755'), ('/usr/sbin/sdr-sync', 'root root 0755'),
    ('/usr/lib/exim4/exim-sdr.so', 'root root 0644'),
    ('/usr/lib/exim4/exim-sdr-live.so', 'root root 0644')])
def test_owners_and_modes(machine, path, access):
    assert machine.access(path) == access


def test_the_user_can_do_nothing_else(machine):
    user = machine.run('getent', 'passwd', 'sdr').stdout.strip().split(':')
    assert user[5:] == ['/nonexistent', '/usr/sbin/nologin']
    assert int(user[2]) < 1000
    assert machine.run('id', '-Gn', 'sdr').stdout.strip() == 'sdr'


@pytest.mark.parametrize('section, page', [
    ('5', 'sdr.conf'), ('7', 'exim-sdr'), ('8', 'sdr-milter'), ('8', 'sdr-sync'), ('8', 'sdrctl')])
def test_manual_pages_are_found(machine, section, page):
    found = machine.run('man', '--where', section, page).stdout
    assert found.strip() == f'/usr/share/man/man{section}/{page}.{section}.gz'


@pytest.mark.parametrize('program', ['sdr-milter', 'sdr-sync', 'sdrctl'])
def test_programs_find_their_libraries(machine, program):
    assert re.fullmatch(rf'{program} \d\S*\n', machine.run(program, '--version').stdout)


def test_the_configuration_is_a_sound_example(machine):
    """Before an administrator edits it."""
    installed = (machine.root / 'etc/sdr/sdr.conf').read_text()
    assert installed == (paths.ROOT / 'doc/sdr.conf').read_text()
    assert machine.run('sdr-milter', '-t').stdout == '/etc/sdr/sdr.conf: no errors found\n'


def test_bash_completes(machine):
    done = machine.run('bash', '-c', '. /usr/share/bash-completion/completions/sdrctl; complete -p sdrctl')
    assert done.stdout.endswith(' sdrctl\n')


# --- services ---

@pytest.mark.parametrize('service', SERVICES)
def test_nothing_starts_before_the_configuration_is_edited(machine, service):
    assert not list((machine.root / 'etc/systemd/system').rglob(f'{service}.service'))


@pytest.mark.parametrize('service', SERVICES)
def test_units_are_sound(machine, service):
    done = machine.run('systemd-analyze', 'verify', f'/lib/systemd/system/{service}.service')
    assert service not in done.stdout + done.stderr


@pytest.mark.parametrize('service', SERVICES)
def test_the_sandbox_is_tight(machine, service):
    """The exposure is at most 1.5 of 10."""
    machine.run('systemd-analyze', 'security', '--no-pager', '--offline=true', '--threshold=15',
                f'/lib/systemd/system/{service}.service')


@pytest.mark.parametrize('service', SERVICES)
def test_the_service_manager_watches(machine, service):
    unit = (machine.root / f'lib/systemd/system/{service}.service').read_text()
    assert re.search('^Type=notify$', unit, re.M)
    assert re.search('^WatchdogSec=30$', unit, re.M)
    assert re.search('^ExecReload=', unit, re.M)


def test_a_folder_for_the_sockets_where_postfix_is(machine):
    """New files in it get its group."""
    unit = (machine.root / 'lib/systemd/system/sdr-milter.service').read_text()
    command = re.search("^ExecStartPre=-[+]/bin/sh -c '(.*)'$", unit, re.M)[1]
    folder = machine.root / 'var/spool/postfix'
    machine.run('sh', '-c', command)
    assert not folder.exists()
    machine.run('groupadd', '--system', 'postfix')
    folder.mkdir(mode=0o755)
    for _ in range(2):
        machine.run('sh', '-c', command)
        assert machine.access('/var/spool/postfix/sdr') == 'sdr postfix 2750'


# --- at work ---

def test_route(routing):
    done = routing.run('sdrctl', 'route', 'alice@example.com', 'dave@example.com', 'nobody@example.com')
    assert done.stdout == smallest.ROUTES


def test_exim_asks(routing):
    expansion = ('${dlfunc{/usr/lib/exim4/exim-sdr.so}{sdr_route}'
                 '{alice@example.com}{}{/etc/sdr/sdr.conf}}')
    assert routing.run('exim4', '-be', expansion).stdout.strip() == '<alice@hosted.example.com>'


def test_the_replica_is_not_for_everybody(routing):
    assert routing.access('/var/lib/sdr/replica') == 'sdr sdr 0640'
    assert routing.run('sdrctl', 'route', 'alice@example.com', user='nobody',
                       ok=(75,)).stdout.startswith('alice@example.com: defer ')


PROGRAM = """\
#include <sdr.h>
#include <stdio.h>

int main(void)
{
    struct sdr *sdr = NULL;
    struct sdr_verdict verdict;

    if (sdr_open(&sdr, "/etc/sdr/sdr.conf", NULL) != SDR_OK)
        return 1;
    sdr_decide(sdr, "alice@example.com", NULL, &verdict);
    puts(verdict.targets[0].address);
    sdr_close(&sdr);
    return 0;
}
"""


def test_a_program_can_be_built_with_the_library(routing):
    pkgconfig, = routing.root.glob('usr/lib/*/pkgconfig')
    flags = run(['pkg-config', '--cflags', '--libs', 'sdr'], env={
        **os.environ, 'PKG_CONFIG_LIBDIR': str(pkgconfig),
        'PKG_CONFIG_SYSROOT_DIR': str(routing.root)}).stdout.split()
    subprocess.run(['gcc', '-x', 'c', '-', '-o', routing.root / 'root/program', *flags,
                    '-Wl,--allow-shlib-undefined'], input=PROGRAM, text=True, check=True, timeout=300)
    assert routing.run('/root/program').stdout == 'alice@hosted.example.com\n'
    (routing.root / 'root/program').unlink()


def test_administrators_journals_are_believed(routing):
    """There are no journals yet. A folder that sdr could change is reported."""
    reported = routing.run('sdrctl', 'history').stderr
    assert reported == 'sdrctl: no journals in /var/lib/sdrctl\n'
    routing.run('mkdir', '-m', '700', '/var/lib/sdr/journal')
    assert '/var/lib/sdr/journal is no longer used' in routing.run('sdrctl', 'history').stderr
    routing.run('rmdir', '/var/lib/sdr/journal')


# --- upgraded and removed; with systemd: test_upgrade.py ---

def test_upgrade_where_no_systemd_runs(machine, debs, tmp_path):
    later = [newer(deb, tmp_path, '+later') for deb in debs.values()]
    machine.install(later)
    old = debian.field(debs['sdr-milter'], 'Version')
    assert f'sdr-milter {old}+later' in machine.run(
        'dpkg-query', '--show', '--showformat', '${Package} ${Version}\n').stdout


# Files of dpkg and its triggers, and the user, who may still own files.
KEPT = re.compile(r'var/(lib|cache|log)/(dpkg|man|ldconfig|apt|systemd)\b.*|run/systemd/.*'
                  r'|etc/(ld\.so\.cache|\.pwd\.lock|(passwd|group|shadow|gshadow)-?)')


def test_purge_leaves_what_the_postmaster_made_and_the_user(routing, debs):
    """Must be the last test: afterwards nothing is installed."""
    routing.run('dpkg', '--purge', *debs)
    after = routing.files()
    changed = {path for path in routing.before.keys() | after.keys()
               if routing.before.get(path) != after.get(path) and not KEPT.fullmatch(path)}
    assert changed == {'etc/sdr', 'etc/sdr/people.ldif', 'var/spool/postfix'}
    assert routing.run('getent', 'passwd', 'sdr').stdout
