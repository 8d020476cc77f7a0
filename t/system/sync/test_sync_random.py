"""The replica equals the directory, whatever happens to either.

The directory changes at random, and sdr-sync and its servers are killed at random. After each round the
replica equals a fresh copy. PYTEST_SEED=N repeats a run, ROUNDS=N sets the number of rounds, and -s shows
each round and the totals.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import random

import pytest

import paths
import sdrctl
import world
from company import AdCompany, Company, Round

pytestmark = pytest.mark.slow

DOMAINS = {'domain example.org': {'unknown': 'reject'}}
# In Active Directory an attribute counts as hidden when no entry shows it any more.
KEEPER = world.person('keeper', sdrOwner='hosted', sdrHold='TRUE',
                      sdrRoutingAddress='keeper@hosted.example.com')
ANYTHING_GOES = {'max-removed': '100'}  # the guard has tests of its own


@pytest.fixture
def choice():
    seed = int(os.environ.get('PYTEST_SEED', random.randrange(1 << 32)))
    print(f'PYTEST_SEED={seed}')
    return random.Random(seed)


def go(happening, rounds):
    try:
        for _ in range(int(os.environ.get('ROUNDS', paths.thorough(rounds, rounds // 3 + 1)))):
            happening.run()
            happening.sync.caught_up(120)
    finally:
        print(happening.sums())


@pytest.mark.parametrize('method', ['syncrepl', 'full'])
def test_openldap(choice, new_slapd, new_sync, scratch, method):
    options = choice.choice(['', 'syncprov-sessionlog 100']) if method == 'syncrepl' else ''
    slapd = new_slapd(syncprov=method == 'syncrepl', options=options)
    sync = new_sync(slapd, **DOMAINS, replica=ANYTHING_GOES,
                    directory_corp={'sync-interval': '1'}).start()
    go(Round(choice, slapd, sync, Company(choice), scratch / 'backup', 60),
       40 if method == 'syncrepl' else 20)


@pytest.mark.parametrize('method', ['usn', 'usn-blind', 'full'])
def test_active_directory(choice, new_ad, new_sync, scratch, ca, method):
    """An account that cannot see deletions reads everybody again and again."""
    ad = new_ad(AdCompany(choice).entry(world.PEOPLE + KEEPER))
    blind = method == 'usn-blind'
    if not blind:
        ad.show_deletions()
    sync = new_sync(ad, **DOMAINS,
                    replica={**ANYTHING_GOES, 'reconcile': '2' if blind else '0'},
                    directory_corp={'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert),
                                    'sync': method.removesuffix('-blind'),
                                    'sync-interval': '1'}).start()
    go(Round(choice, ad, sync, AdCompany(choice), scratch / 'backup', 25),
       5 if method == 'full' else 15)
    assert not blind or 'no deleted entries are visible' in sync.log()


@pytest.mark.parametrize('method', ['syncrepl', 'full'])
def test_389_directory_server(choice, new_ds, new_sync, scratch, method):
    """With content synchronization everything is read again after each interruption."""
    ds = new_ds()
    sync = new_sync(ds, **DOMAINS, replica=ANYTHING_GOES,
                    directory_corp={'sync': method, 'sync-interval': '1'}).start()
    go(Round(choice, ds, sync, Company(choice), scratch / 'backup', 40), 4)
    status = sdrctl.run(sync.conf, 'sync', 'status', '--json').stdout
    assert status.count(f'"method":"{method}"') == 1
