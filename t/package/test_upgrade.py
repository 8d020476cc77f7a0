"""test_upgrade.py - how package upgrades treat running daemons, on a machine with systemd

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import paths
import smallest
from booted import Booted, control_groups
from debian import make_base, newer
from namespace import Namespace
from proc import wait_for

SERVICES = ['sdr-sync', 'sdr-milter']
PACKAGES = ['sdr-common', 'libsdr0', 'sdrctl', *SERVICES]
CONF = smallest.conf('/etc/sdr/people.ldif', '/var/lib/sdr/replica') + """
[milter]
socket = unix:/run/sdr/milter.sock
"""


@pytest.fixture(scope='module')
def versions(debs, tmp_path_factory):
    """Three versions, each a list of packages."""
    folder = tmp_path_factory.mktemp('newer')
    return [[debs[name] for name in PACKAGES],
            *([newer(debs[name], folder, f'+{number}') for name in PACKAGES]
              for number in (1, 2))]


@pytest.fixture(scope='module')
def running():
    """A Booted machine without our packages."""
    if control_groups() is None:
        pytest.skip('there are no control groups for systemd')
    make_base()
    with paths.scratch() as folder, Namespace(folder), Booted(folder / 'machine') as machine:
        yield machine


@pytest.fixture
def machine(running, versions):
    """The machine with the first version and a configuration."""
    running.install(versions[0])
    running.write('/etc/sdr/sdr.conf', CONF)
    running.write('/etc/sdr/people.ldif', smallest.PEOPLE)
    yield running
    running.run('dpkg', '--purge', *PACKAGES)


def what_runs(machine):
    """{service: its process ID}; checks that systemd and the machine agree."""
    found = {service: machine.main_process(service) for service in SERVICES}
    for service, process in found.items():
        assert machine.processes(service) == ([process] if process else [])
    return found


def start(machine, running, enabled):
    for service in SERVICES:
        machine.run('systemctl', 'enable' if service in enabled else 'disable', service)
        machine.run('systemctl', 'start' if service in running else 'stop', service)


def wait_up_to_date(machine):
    """sdr-sync is ready before the first copy is complete; until then mail is deferred."""
    wait_for(lambda: 'up to date' in machine.run('sdrctl', 'sync', 'status',
                                                 ok=range(256)).stdout.lower(),
             what='a complete replica')


def test_first_installation_starts_nothing(machine):
    assert what_runs(machine) == dict.fromkeys(SERVICES)
    for service in SERVICES:
        assert machine.run('systemctl', 'is-enabled', service, ok=(1,)).stdout == 'disabled\n'


STATES = {'both run': (SERVICES, SERVICES), 'neither runs': ([], []),
          'stopped by hand': ([], SERVICES), 'started by hand': (SERVICES, []),
          'one runs, the other is enabled': (['sdr-sync'], ['sdr-milter']),
          'the other way round': (['sdr-milter'], ['sdr-sync'])}


@pytest.mark.parametrize('runs, enabled', STATES.values(), ids=STATES)
def test_upgrade_restarts_what_runs_and_nothing_else(machine, versions, runs, enabled):
    """Twice: the remains of the first time do no harm."""
    start(machine, runs, enabled)
    for later in versions[1:]:
        before = what_runs(machine)
        machine.install(later)
        after = what_runs(machine)
        assert [name for name in SERVICES if after[name]] == [
            name for name in SERVICES if name in runs]
        assert not [name for name in runs if after[name] == before[name]]
    for service in SERVICES:
        said = machine.run('systemctl', 'is-enabled', service, ok=(0, 1)).stdout.strip()
        assert said == ('enabled' if service in enabled else 'disabled')


def test_upgraded_daemons_answer(machine, versions):
    start(machine, SERVICES, SERVICES)
    machine.install(versions[1])
    wait_up_to_date(machine)
    assert machine.run('sdrctl', 'route', *smallest.RECIPIENTS).stdout == smallest.ROUTES


@pytest.mark.parametrize('runs, enabled', STATES.values(), ids=STATES)
def test_removal_stops_and_comes_back_stopped(machine, versions, runs, enabled):
    start(machine, runs, enabled)
    machine.run('dpkg', '--remove', *SERVICES)
    for service in SERVICES:
        assert machine.processes(service) == []
        assert machine.run('systemctl', 'is-active', service, ok=(3, 4)).stdout == 'inactive\n'
    machine.install(versions[1])
    assert what_runs(machine) == dict.fromkeys(SERVICES)


def test_one_is_removed_the_other_goes_on(machine):
    start(machine, SERVICES, SERVICES)
    before = what_runs(machine)
    machine.run('dpkg', '--remove', 'sdr-milter')
    assert machine.processes('sdr-milter') == []
    assert machine.main_process('sdr-sync') == before['sdr-sync']


def test_purge_leaves_no_trace(machine):
    start(machine, SERVICES, SERVICES)
    machine.run('dpkg', '--purge', *PACKAGES)
    assert not list((machine.root / 'etc/systemd/system').rglob('sdr-*'))
    assert not list((machine.root / 'var/lib/systemd').rglob('sdr-*'))
    for path in ('var/lib/sdr', 'var/lib/sdrctl'):
        assert not (machine.root / path).exists()
    for service in SERVICES:
        assert machine.processes(service) == []


def test_policy_that_nothing_is_restarted_is_kept(machine, versions):
    """As when an image is built."""
    start(machine, SERVICES, SERVICES)
    before = what_runs(machine)
    machine.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755)
    machine.install(versions[1])
    (machine.root / 'usr/sbin/policy-rc.d').unlink()
    assert what_runs(machine) == before
