"""conftest.py - fixtures of the tests of sdrctl

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

from office import Office
from planner import PEOPLE, WAVES, FileAdministrator, Planner


@pytest.fixture(params=['server', 'file'])
def planner(request, scratch, new_slapd, stop_later):
    if request.param == 'server':
        office = Office(scratch, new_slapd(PEOPLE))
        return Planner(scratch, office, office.state, WAVES)
    office = FileAdministrator(scratch, PEOPLE)
    stop_later(office.people.sync.close)
    return Planner(scratch, office.start(), office.people.path.read_text, WAVES)
