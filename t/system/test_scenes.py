"""test_scenes.py - the chapters of doc/, executed

Each chapter is executed line by line on separate hosts, and every message is looked for in the mailboxes.
./quickstart demo N shows the same.

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

from scene import sound, summary
from scenes import SCENES


@pytest.mark.slow
@pytest.mark.parametrize('number', SCENES, ids=lambda n: SCENES[n].chapter)
def test_scene(number, scratch):
    outcomes = SCENES[number](scratch).run()
    assert sound(outcomes), summary(outcomes)
    assert outcomes['delivered'] and outcomes['refused']
