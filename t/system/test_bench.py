"""test_bench.py - make bench works, tried with a few messages

Each run itself checks that every side sent mail to the right recipients, and queried the directory or not, as
it should: see t/bench.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os

import pytest

import paths
from proc import run

POSTFIX = {'no milter', 'sdr-milter, replica', 'sdr-milter, live search', 'sdr socketmap, replica',
           'proxy:ldap:', 'ldap:'}
ALL_POSTFIX = POSTFIX | {'do-nothing milter', 'lmdb:'}
SENDMAIL = {'no milter', 'sdr-milter, replica', 'sdr-milter, live search', 'sdr socketmap, replica',
            'FEATURE(ldap_routing)'}
ALL_SENDMAIL = SENDMAIL | {'do-nothing milter'}
EXIM = {'no router', 'redirect, no lookup', 'exim-sdr.so, replica', 'exim-sdr.so, live search',
        'redirect, ${lookup ldap}'}
SMALL = {'BENCH_PEOPLE': '20', 'BENCH_ROUNDS': '1', 'BENCH_SECONDS': '0.05'}

# Name, {beginning of a comparison's name: its sides}, number of comparisons
WORKS = [
    ('postfix', {'Postfix': ALL_POSTFIX}, 4),
    ('sendmail', {'Sendmail': ALL_SENDMAIL}, 4),
    ('exim', {'Exim': EXIM}, 6),
    ('searches', {'Postfix': ALL_POSTFIX, 'Sendmail': ALL_SENDMAIL, 'Exim': EXIM}, 3),
    ('away', {'Postfix': POSTFIX, 'Sendmail': SENDMAIL, 'Exim': EXIM}, 18),
]


@pytest.fixture
def measured(scratch):
    """measured(name): {comparison: {side: object of the JSON file}} of this work."""
    def measure(name):
        output = scratch / 'bench.json'
        run([paths.ROOT / 't/bench/bench', name], timeout=900,
            env={**os.environ, **SMALL, 'BENCH_OUTPUT': str(output)})
        summary = run([paths.ROOT / 't/bench/summary', output]).stdout
        comparisons = {}
        for item in json.loads(output.read_text()):
            assert item['side'] in summary
            comparisons.setdefault(item['work'], {})[item['side']] = item
        return comparisons
    return measure


@pytest.mark.parametrize('name, sides, count', WORKS, ids=[work[0] for work in WORKS])
def test_work(measured, name, sides, count):
    comparisons = measured(name)
    assert len(comparisons) == count
    for work, objects in comparisons.items():
        mta = work.replace(',', '').split()[0]
        assert set(objects) == sides[mta], work
        if name == 'searches':
            assert_asked(objects)
        else:
            assert all(o['median'] > 0 and o['ratio'] > 0 for o in objects.values()), work


def assert_asked(objects):
    """With a replica no query reaches the directory; without one there is one for each recipient."""
    for side, item in objects.items():
        asks = 'live' in side or 'ldap' in side
        assert item['ratio'] is None and (item['median'] >= 1000) == asks, side
