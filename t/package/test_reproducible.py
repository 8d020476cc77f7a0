"""test_reproducible.py - building the packages from the same tarball gives the same octets everywhere

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import debian
import paths
from proc import run


@pytest.fixture(scope='module')
def others(packages):
    """The packages by name, built again: in another folder, later, by a user with other settings."""
    with paths.scratch() as folder:
        place = folder / 'a-folder-with-a-longer-name' / 'and+deeper'
        place.mkdir(parents=True)
        debian.build_tarball(debian.tarball(), place, jobs=1, umask='027', TZ='Pacific/Kiritimati',
                             LC_ALL='C', LANG='de_DE.UTF-8', LANGUAGE='de', USER='somebody', HOSTNAME='elsewhere')
        yield {path.name: path for path in place.glob('*.deb')}


def test_built_twice_they_are_the_same(packages, others, tmp_path):
    first = {path.name: path for path in packages.glob('*.deb')}
    assert set(first) == set(others)
    different = [name for name in first if first[name].read_bytes() != others[name].read_bytes()]
    assert different == [], '\n'.join(difference(first[name], others[name], tmp_path) for name in different)


def difference(one, other, folder):
    """The files that differ."""
    for name, deb in (('one', one), ('other', other)):
        run(['dpkg-deb', '--raw-extract', deb, folder / one.stem / name])
    return run(['diff', '--recursive', '--brief', 'one', 'other'], cwd=folder / one.stem, ok=(0, 1)).stdout
