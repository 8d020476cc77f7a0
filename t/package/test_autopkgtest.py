"""test_autopkgtest.py - runs debian/tests as autopkgtest does: with installed packages, on a machine that
they may damage

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'worlds/lib'))

import paths
from machine import Machine

TESTS = paths.ROOT / 'debian/tests'


def paragraphs():
    """[{field: value}] of debian/tests/control."""
    return [dict(line.split(': ', 1) for line in paragraph.splitlines())
            for paragraph in (TESTS / 'control').read_text().strip().split('\n\n')]


def test_each_test_is_declared_and_can_be_run():
    declared = [name for fields in paragraphs() for name in fields['Tests'].split()]
    assert sorted(declared) == sorted(path.name for path in TESTS.iterdir() if path.name != 'control')
    assert all((TESTS / name).stat().st_mode & 0o111 for name in declared)


@pytest.mark.parametrize('fields', paragraphs(), ids=lambda fields: fields['Tests'])
def test_on_a_machine(fields, debs):
    """A machine with the packages in Depends and what these require, but no other package of ours."""
    wanted = [name for name in fields['Depends'].split(', ') if name in debs] + ['sdr-common', 'libsdr0']
    with paths.scratch() as folder:
        machine = Machine(folder, 'postfix')
        machine.start()
        try:
            for name in wanted:
                shutil.copy(debs[name], machine.path(f'/root/{name}.deb'))
            machine.command('dpkg --install /root/*.deb', timeout=300)
            for name in fields['Tests'].split():
                said = machine.command(f'cd {paths.ROOT} && AUTOPKGTEST_TMP=/tmp debian/tests/{name}', timeout=600)
                assert 'all mail goes where it should' in said
        finally:
            machine.end()
