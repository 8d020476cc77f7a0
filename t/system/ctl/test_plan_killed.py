"""test_plan_killed.py - sdrctl plan, killed at any moment

SPDX-License-Identifier: BSD-2-Clause
"""
import os

import pytest

from planner import FIRST, HELD_HERE, HELD_THERE, HERE, NAMES, THERE, kill_library, killed, owners

STRIDE = 1 if os.environ.get('SDR_THOROUGH') else 19  # of calls at which it is killed


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    return kill_library(tmp_path_factory.mktemp('killed'))


@pytest.mark.parametrize('group', [True, False], ids=['group', 'process'])
def test_killed(planner, library, group):
    """Killed at any moment, it continues from there, nobody stays on hold, and everything can be undone."""
    before = planner.state()
    planner.write(command='true')
    for number in range(1, 1000, STRIDE):
        code = killed(planner, library, number, group)
        view = planner.status() if planner.plan.with_name('plan.state').exists() else ('', {}, 0)
        assert view[2] == owners(planner, FIRST).count(HELD_HERE) + owners(planner, FIRST).count(HELD_THERE)
        if code != 0:
            planner.run(*(['--repeat'] if view[1].get('command') == 'started' else []))
        assert owners(planner, NAMES) == [THERE] * 6
        planner.run('--undo', 'first')
        planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
        if code == 0:
            return
    assert False, 'it never ends'


@pytest.mark.parametrize('group', [True, False], ids=['group', 'process'])
def test_undo_killed(planner, library, group):
    before = planner.state()
    for number in range(1, 1000, STRIDE):
        planner.finish()
        code = killed(planner, library, number, group, '--undo', 'first')
        if code != 0:
            planner.run('--undo', 'first')
        assert owners(planner, FIRST) == [HERE] * 3
        planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
        if code == 0:
            return
    assert False, 'it never ends'


def test_broken_off_and_undone(planner, library):
    """Undo does not need to finish the run first."""
    before = planner.state()
    for number in range(1, 1000, STRIDE):
        code = killed(planner, library, number, True)
        if code == 0:
            break
        state = planner.plan.with_name('plan.state')
        if state.exists() and 'first' in state.read_text():
            planner.run('--undo', 'first')
        if state.exists() and 'second' in state.read_text():
            planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
