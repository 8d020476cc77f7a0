"""The replica is what the directory is, whatever happens to either.

Random changes of a directory, random deaths of sdr-sync and its servers: after
each round the replica is what a fresh read gives. PYTEST_SEED=N repeats a run.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import random

import pytest

import world
from company import AdCompany, Company, Round

DOMAINS = {'domain example.org': {'unknown': 'reject'}}
# In Active Directory an attribute that nobody shows any more counts as hidden.
KEEPER = world.person('keeper', sdrOwner='hosted', sdrHold='TRUE',
                      sdrRoutingAddress='keeper@hosted.example.com')
ANYTHING_GOES = {'max-removed': '100'}  # the guard has tests of its own


@pytest.fixture
def choice():
    seed = int(os.environ.get('PYTEST_SEED', random.randrange(1 << 32)))
    print(f'PYTEST_SEED={seed}')
    return random.Random(seed)


def go(rounds, count):
    for _ in range(count):
        rounds.run()
        rounds.sync.caught_up()


@pytest.mark.parametrize('syncprov', [True, False], ids=['syncrepl', 'full'])
def test_openldap(choice, new_slapd, new_sync, scratch, syncprov):
    slapd = new_slapd(syncprov=syncprov,
                      options=choice.choice(['', 'syncprov-sessionlog 100']) if syncprov else '')
    sync = new_sync(slapd, **DOMAINS, replica=ANYTHING_GOES,
                    directory_corp={'sync-interval': '1'}).start()
    go(Round(choice, slapd, sync, Company(choice), scratch / 'backup', 60), 80 if syncprov else 20)


@pytest.mark.parametrize('sees_deletions', [True, False], ids=['sees-deletions', 'blind'])
def test_active_directory(choice, new_ad, new_sync, scratch, ca, sees_deletions):
    """Who cannot see deletions reads everybody again and again."""
    ad = new_ad(AdCompany(choice).entry(world.PEOPLE + KEEPER))
    if sees_deletions:
        ad.show_deletions()
    sync = new_sync(ad, **DOMAINS,
                    replica={**ANYTHING_GOES, 'reconcile': '0' if sees_deletions else '2'},
                    directory_corp={'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert),
                                    'sync-interval': '1'}).start()
    go(Round(choice, ad, sync, AdCompany(choice), scratch / 'backup', 25), 15)
    assert sees_deletions or 'nothing that was deleted is to be seen' in sync.log()
