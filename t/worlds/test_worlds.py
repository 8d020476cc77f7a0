"""test_worlds.py - in each world every message arrives in the right place, or check mta has said why not

SPDX-License-Identifier: BSD-2-Clause
"""
import sys
from pathlib import Path

import pytest

for folder in ('lib', '../lib'):
    sys.path.insert(0, str(Path(__file__).parent / folder))

import realworld
from look import Look


@pytest.mark.parametrize('name', realworld.names())
def test_every_message_is_where_it_belongs_or_check_mta_says_wrong(name):
    look = Look(name)
    if look.verdict:
        pytest.fail('\n'.join([*look.verdict, look.text, look.logs[-20000:]]), pytrace=False)
