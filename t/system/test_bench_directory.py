"""test_bench_directory.py - the benchmarks that query a directory work

The figures mean nothing here: few people, one short turn.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import subprocess

import paths
import pytest
from daemon import assert_clean, environment

CONNECTIONS = [f'{name}, {count} connections' for name in ('replica', 'live')
               for count in (0, 10, 100, 500)]

COPIES = ['libldap: read all, keep nothing', 'first refresh', 'nothing new']

# Differences of two times, which can be negative on a busy machine
SUBTRACTED = {'decide about one recipient', 'each further question of it'}

# {work: {name of a comparison: its sides, the base first}}
WORKS = {
    'one-recipient': {
        'decide about one recipient': [
            'mdb_get of the same key', 'sdr, replica', 'sdr, live search',
            'ldap_search_ext_s, same filter', 'postmap -q - ldap:, same filter',
            'exim -be ${lookup ldap}, same filter'],
        'first decision of a process': ['sdr, replica', 'sdr, live search'],
    },
    'exim-process': {
        'a process of Exim with one question': [
            'a constant', 'sdr, replica, compiled', 'sdr, replica', 'sdr, live search', '${lookup ldap}'],
        'each further question of it': [
            'sdr, replica, compiled', 'sdr, replica', 'sdr, live search', '${lookup ldap}'],
    },
    'concurrency': {
        'live decisions, 1 asks': ['ldap_search_ext_s, 1 connection', 'sdr, 1 connection'],
        **{f'{what}, {n} ask at once': [
            f'ldap_search_ext_s, {n} connections', *(f'sdr, {m} connections' for m in ours)]
           for n, ours in ((8, [8]), (64, [16, 64]), (256, [16, 64]))
           for what in ('live decisions', 'longest wait')},
    },
    'memory': {f'sdr-milter: {what}': CONNECTIONS for what in (
        'resident memory', 'resident memory, PSS', 'memory in no file', 'descriptors', 'threads')},
    'replica': {
        'sdr-sync --once': COPIES,
        'sdr-sync --once: largest resident set': COPIES,
        'a change can be seen in the replica after': ['mean of twenty'],
    },
}


@pytest.mark.parametrize('work', WORKS)
def test_all_sides_are_measured(work, scratch):
    output = scratch / 'bench.json'
    done = subprocess.run(
        [paths.ROOT / 't/bench/bench', work], capture_output=True, text=True, timeout=900,
        check=False, env={**environment(), 'BENCH_PEOPLE': '1000', 'BENCH_ROUNDS': '1',
                          'BENCH_SECONDS': '0.1', 'BENCH_OUTPUT': str(output)})
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr)
    sides = json.loads(output.read_text(encoding='utf-8'))
    found = {}
    for side in sides:
        assert side['min'] <= side['median'] <= side['max'], side
        assert side['rounds'] == 1 and side['base'], side
        assert side['work'] in SUBTRACTED or (side['min'] > 0 and side['ratio'] > 0), side
        found.setdefault(side['work'], []).append(side['side'])
    assert found == WORKS[work]
