"""test_sync_methods.py - how sdr-sync learns of changes, and from whom

SPDX-License-Identifier: BSD-2-Clause
"""
import json

import pytest

import sdrctl
import world
from adldif import group, people
from proc import wait_for
from slapd import SUFFIX
from test_ad_sight import rights

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
HOSTED = f'CN=hosted,OU=groups,{SUFFIX}'
LIMITED = 'limits dn.exact="cn=router,ou=services,dc=example,dc=com" size.prtotal=unlimited\n'


def status(sync):
    """Of the one directory."""
    done = sdrctl.run(sync.conf, 'sync', 'status', '--json')
    return json.loads(done.stdout.splitlines()[0])


def route(sync, *recipients):
    """The verdicts, all of them from the replica."""
    answers = [json.loads(line) for line in
               sdrctl.run(sync.conf, 'route', '--json', *recipients).stdout.splitlines()]
    assert {answer['source'] for answer in answers} == {'replica'}
    return [answer['verdict'] for answer in answers]


@pytest.fixture
def ad_sync(new_sync, ca):
    """ad_sync(*servers, ...): a Sync of these domain controllers."""
    def make(*servers, directory_corp=None, **sections):
        return new_sync(servers[0], directory_corp={
            'uri': [server.ldaps_uri for server in servers], 'tls-ca-file': str(ca.cert),
            'sync-interval': '1', 'timeout': '2', **(directory_corp or {})}, **sections)
    return make


@pytest.fixture
def people_ad(new_ad):
    server = new_ad(people(world.PEOPLE))
    server.show_deletions()
    return server


# --- which one ---

@pytest.mark.parametrize('syncprov, method', [(True, 'syncrepl'), (False, 'full')])
def test_openldap_is_asked(new_slapd, new_sync, syncprov, method):
    sync = new_sync(new_slapd(syncprov=syncprov))
    sync.once()
    assert status(sync)['method'] == method


def test_active_directory_is_asked(people_ad, ad_sync):
    sync = ad_sync(people_ad)
    sync.once()
    assert status(sync)['method'] == 'usn'


def test_overlay_on_another_database(new_slapd, new_sync):
    """The server says that it has content synchronization, and has none here."""
    sync = new_sync(new_slapd(syncprov='elsewhere'))
    sync.once()
    assert status(sync)['method'] == 'full'


def test_method_that_the_server_has_not(new_slapd, new_sync):
    slapd = new_slapd(syncprov=False)
    for method, words in [('syncrepl', 'syncprov'), ('usn', 'no Active Directory')]:
        sync = new_sync(slapd, directory_corp={'sync': method})
        assert words in sync.once(ok=(75,)).stderr


METHODS = ['syncrepl', 'full', 'syncrepl', 'full']


def test_change_of_method_changes_nothing(new_slapd, new_sync):
    """Nobody is lost, or there twice, or even written again."""
    slapd = new_slapd(options=LIMITED)
    sync = new_sync(slapd)
    sync.once()
    before, generation = sync.dump(), status(sync)['generation']
    text = sync.conf.read_text()
    for method in METHODS:
        sync.configure(text.replace('default-owner', f'sync = {method}\ndefault-owner'))
        sync.once()
        assert (status(sync)['method'], sync.dump()) == (method, before)
    assert status(sync)['generation'] == generation


def test_change_of_method_with_active_directory(people_ad, ad_sync):
    sync = ad_sync(people_ad)
    sync.once()
    before, generation = sync.dump(), status(sync)['generation']
    text = sync.conf.read_text()
    for method in ['full', 'usn', 'full', 'usn']:
        sync.configure(text.replace('default-owner', f'sync = {method}\ndefault-owner'))
        sync.once()
        assert (status(sync)['method'], sync.dump()) == (method, before)
    assert status(sync)['generation'] == generation


# --- pages ---

def test_more_than_a_page(new_slapd, new_sync):
    slapd = new_slapd(''.join(world.person(f'u{n}') for n in range(1201)), syncprov=False,
                      options=LIMITED)
    sync = new_sync(slapd)
    sync.once()
    assert status(sync)['entries'] == 1201


def test_limit_of_the_server(new_slapd, new_sync):
    """What it does not tell is not gone."""
    slapd = new_slapd(options=LIMITED, syncprov=False)
    sync = new_sync(slapd, replica={'max-removed': '100'})
    sync.once()
    before = sync.dump()
    slapd.set(options='sizelimit 3\n')
    assert 'limit' in sync.once(ok=(75,)).stderr
    assert sync.dump() == before


# --- Active Directory ---

def test_second_controller(new_ad, people_ad, ad_sync, scratch):
    """It numbers its changes otherwise, and need not be as far."""
    people_ad.stop()
    people_ad.copy_data(scratch / 'copy')
    second = new_ad()
    second.stop()
    second.copy_data(scratch / 'copy', back=True)
    second.start()
    people_ad.start()
    sync = ad_sync(people_ad, second).start()
    sync.caught_up()
    second.modify(f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: delete\n')
    people_ad.kill()
    wait_for(lambda: len(sync.dump()) == 5, 30, 'what the second one has')
    assert route(sync, ALICE, DAVE, NOBODY) == ['redirect', 'pass', 'reject']
    second.add(people(world.person('carol', sdrOwner='hosted')))
    wait_for(lambda: route(sync, 'carol@example.com') == ['redirect'], 30, 'carol')
    second.kill()
    people_ad.start()
    wait_for(lambda: len(sync.dump()) == 7, 30, 'what the first one has')


def test_owners_by_group(new_ad, ad_sync):
    """Members come and go, and are not changed by it: the group is."""
    ad = new_ad(people(world.person('alice') + world.person('dave')) + group(HOSTED, []))
    sync = ad_sync(ad, directory_corp={'owner-attribute': 'memberOf'},
                   site_hosted={'owner-value': HOSTED}).start()
    sync.caught_up()
    assert route(sync, ALICE, DAVE) == ['pass', 'pass']

    def change(text, *wanted):
        ad.modify(text)
        wait_for(lambda: route(sync, ALICE, DAVE) == list(wanted), 20, text)

    member = f'CN=alice,OU=people,{SUFFIX}'
    change(f'dn: {HOSTED}\nchangetype: modify\nadd: member\nmember: {member}\n', 'redirect', 'pass')
    change(f'dn: {HOSTED}\nchangetype: modrdn\nnewrdn: CN=others\ndeleteoldrdn: 1\n', 'pass', 'pass')
    change(f'dn: {HOSTED.replace("hosted", "others")}\nchangetype: modrdn\nnewrdn: CN=hosted\n'
           'deleteoldrdn: 1\n', 'redirect', 'pass')
    change(f'dn: {HOSTED}\nchangetype: delete\n', 'pass', 'pass')


def test_out_of_the_search_base(people_ad, ad_sync):
    sync = ad_sync(people_ad, directory_corp={'search-base': f'OU=people,{SUFFIX}'},
                   replica={'max-removed': '100'}).start()
    assert len(sync.caught_up()) == 7
    people_ad.modify(f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: CN=bob\n'
                     f'deleteoldrdn: 1\nnewsuperior: OU=groups,{SUFFIX}\n')
    wait_for(lambda: len(sync.dump()) == 5, 20, 'bob to be gone')
    people_ad.modify(f'dn: CN=bob,OU=groups,{SUFFIX}\nchangetype: modrdn\nnewrdn: CN=bob\n'
                     f'deleteoldrdn: 1\nnewsuperior: OU=people,{SUFFIX}\n')
    wait_for(lambda: len(sync.dump()) == 7, 20, 'bob to be back')


def test_rights_taken_away_while_it_reads(people_ad, ad_sync):
    """An Active Directory says nothing at all of those who are hidden, nor that they are."""
    sync = ad_sync(people_ad).start()
    before = sync.caught_up()
    rights(people_ad, '(D;CI;LCRPLO;;;$sid)')
    people_ad.modify(f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: modify\n'
                     'replace: description\ndescription: x\n')
    sync.wait_told('no entry shows a value')
    assert sync.dump() == before


def test_out_of_the_filter(people_ad, ad_sync):
    sync = ad_sync(people_ad, directory_corp={'filter': '(!(description=gone))'}).start()
    sync.caught_up()
    text = f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: modify\nreplace: description\n'
    people_ad.modify(f'{text}description: gone\n')
    wait_for(lambda: route(sync, 'bob@example.com') == ['reject'], 20, 'bob to be gone')
    people_ad.modify(text)
    wait_for(lambda: route(sync, 'bob@example.com') == ['redirect'], 20, 'bob to be back')
