"""test_exim_sdr.py - what the package exim-sdr does with a configuration that sdrctl has compiled

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil

import pytest

import debian
import paths
import smallest
from debian import Machine, make_base, newer
from namespace import Namespace

CONF = smallest.conf('/etc/sdr/people.ldif', '/var/lib/sdr/replica')
BROKEN = 'this-site\n'
OLD = 'what another version has compiled\n'
ADVICE = 'exim-sdr: correct sdr.conf and run sdrctl compile\n'


@pytest.fixture(scope='module')
def bare():
    """A Machine without our packages."""
    make_base()
    with paths.scratch() as folder, Namespace(folder):
        yield Machine(folder / 'machine')


@pytest.fixture
def machine(bare, debs):
    """With the packages and an sdr.conf."""
    bare.conf = bare.root / 'etc/sdr/sdr.conf'
    bare.compiled = bare.root / 'etc/sdr/sdr.conf.compiled'
    bare.install([debs[name] for name in ('sdr-common', 'exim-sdr', 'sdrctl')])
    bare.conf.write_text(CONF)
    yield bare
    bare.run('dpkg', '--purge', 'exim-sdr', 'sdrctl', 'sdr-common')
    shutil.rmtree(bare.root / 'etc/sdr', ignore_errors=True)


@pytest.fixture(scope='module')
def later(debs, tmp_path_factory):
    """Of the package with this name, the next version."""
    folder = tmp_path_factory.mktemp('newer')
    return {name: newer(debs[name], folder, '+later') for name in ('exim-sdr', 'sdrctl')}


def compiled(machine):
    """What sdrctl compiles now; what is there is another version's."""
    machine.run('sdrctl', 'compile')
    good = machine.compiled.read_bytes()
    machine.compiled.write_text(OLD)
    return good


def versions(machine, *names):
    """Of those that are installed, and configured."""
    shown = machine.run('dpkg-query', '--show', '--showformat', '${db:Status-Status} ${Version}\n', *names).stdout
    return {line.removeprefix('installed ') for line in shown.splitlines()}


def test_what_is_not_compiled_stays_so(machine, later):
    for name in later:
        assert machine.install([later[name]]).stderr == ''
        assert not machine.compiled.exists()


# Either may be configured before the other is unpacked.
@pytest.mark.parametrize('order', [['exim-sdr'], ['sdrctl'], ['exim-sdr', 'sdrctl'], ['sdrctl', 'exim-sdr']],
                         ids=' '.join)
def test_upgrade_compiles_anew(machine, later, order):
    good = compiled(machine)
    for name in order:
        machine.compiled.write_text(OLD)
        assert machine.install([later[name]]).stderr == ''
        assert machine.compiled.read_bytes() == good
    assert versions(machine, *order) == {debian.field(later[name], 'Version') for name in order}


def test_upgrade_compiles_anew_what_is_elsewhere(machine, later):
    """As of who keeps /etc/sdr on another disk."""
    good = compiled(machine)
    machine.compiled.rename(machine.root / 'root/elsewhere')
    machine.compiled.symlink_to('/root/elsewhere')
    machine.install([later['exim-sdr']])
    assert machine.compiled.read_bytes() == good
    (machine.root / 'root/elsewhere').unlink()


@pytest.mark.parametrize('spoil, reason', [
    (lambda conf: conf.write_text(BROKEN), '/etc/sdr/sdr.conf:1: '),
    (lambda conf: conf.unlink(), '/etc/sdr/sdr.conf: No such file'),
    (lambda conf: conf.write_text(CONF.partition('[replica]')[0]), 'needs a [replica]'),
    (lambda conf: conf.chmod(0o666), '/etc/sdr/sdr.conf: ')], ids=['syntax', 'missing', 'no replica', 'mode'])
@pytest.mark.parametrize('package', ['exim-sdr', 'sdrctl'])
def test_configuration_with_a_mistake_is_no_reason_to_fail(machine, later, package, spoil, reason):
    """Exim does not answer by what is no longer there."""
    compiled(machine)
    spoil(machine.conf)
    said = machine.install([later[package]]).stderr
    assert reason in said and said.endswith(ADVICE)
    assert versions(machine, package) == {debian.field(later[package], 'Version')}
    assert not machine.compiled.exists()


def test_first_installation_with_a_mistake(machine, debs):
    machine.run('dpkg', '--purge', 'exim-sdr')
    machine.conf.write_text(BROKEN)
    assert machine.install([debs['exim-sdr']]).stderr == ''
    assert machine.run('dpkg-query', '--show', '--showformat', '${db:Status-Status}', 'exim-sdr').stdout == 'installed'


def test_upgrade_without_sdrctl(machine, later):
    compiled(machine)
    machine.run('dpkg', '--remove', 'sdrctl')
    assert machine.compiled.read_text() == OLD
    assert machine.install([later['exim-sdr']]).stderr == ''
    assert not machine.compiled.exists()


@pytest.mark.parametrize('how', ['--remove', '--purge'])
def test_removal(machine, debs, how):
    good = compiled(machine)
    machine.compiled.write_bytes(good)
    machine.run('dpkg', how, 'exim-sdr')
    assert [path.name for path in machine.conf.parent.iterdir()] == ['sdr.conf']
    assert not list(machine.root.glob('var/lib/dpkg/info/exim-sdr.*')) or how == '--remove'
    machine.install([debs['exim-sdr']])
    assert not machine.compiled.exists()


def test_purge_of_what_is_removed(machine):
    """Somebody has compiled in between."""
    machine.run('dpkg', '--remove', 'exim-sdr')
    machine.run('sdrctl', 'compile')
    assert machine.compiled.exists()
    machine.run('dpkg', '--purge', 'exim-sdr')
    assert [path.name for path in machine.conf.parent.iterdir()] == ['sdr.conf']
    assert not list(machine.root.glob('var/lib/dpkg/info/exim-sdr.*'))
