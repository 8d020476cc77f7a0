"""test_scenes.py - the chapters of doc/, as they happen

Each is done line by line on hosts of its own, and every message is accounted
for at the mailboxes. ./quickstart demo N shows the same to a person.

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
