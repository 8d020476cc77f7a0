"""conftest.py - builds the packages once

SPDX-License-Identifier: BSD-2-Clause
"""
import sys
from pathlib import Path

import pytest

for folder in ('worlds/lib', 'lib'):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import paths
from debian import build_packages


@pytest.fixture(scope='session')
def packages():
    """The folder in which they were built."""
    with paths.scratch() as folder:
        yield build_packages(folder)


@pytest.fixture(scope='session')
def debs(packages):
    """The packages by name."""
    found = {path.name.split('_')[0]: path for path in packages.glob('*.deb')}
    return {name: path for name, path in found.items() if not name.endswith('-dbgsym')}
