"""test_sync_methods.py - how sdr-sync learns of changes, and from whom

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import re

import pytest

import sdrctl
import world
from adldif import group, people
from proc import wait_for
from slapd import SERVER, SUFFIX
from test_ad_visibility import access

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
HOSTED = f'CN=hosted,OU=groups,{SUFFIX}'
LIMITED = 'limits dn.exact="cn=router,ou=services,dc=example,dc=com" size.prtotal=unlimited\n'


def status(sync):
    """The status of the only directory."""
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
            'sync-interval': '1', 'timeout': '20', **(directory_corp or {})}, **sections)
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
    """The server announces content synchronization, but this database does not have it."""
    sync = new_sync(new_slapd(syncprov='elsewhere'))
    sync.once()
    assert status(sync)['method'] == 'full'


def test_method_that_the_server_has_not(new_slapd, new_sync):
    slapd = new_slapd(syncprov=False)
    for method, words in [('syncrepl', 'syncprov'), ('usn', 'not Active Directory')]:
        sync = new_sync(slapd, directory_corp={'sync': method})
        assert words in sync.once(ok=(75,)).stderr


# --- what is not reported ---

OVERLAYS = {
    'memberof': 'moduleload memberof\noverlay memberof',
    'dynlist': 'moduleload dynlist\noverlay dynlist\n'
               'dynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames'}
IN_HOSTED = f'(memberOf=cn=hosted,ou=people,{SUFFIX})'
# How a directory may depend on groups.
BY_GROUP = {'owner': {'owner-attribute': 'memberOf'},
            'filter': {'filter': f'(&(objectClass=inetOrgPerson)(!{IN_HOSTED}))'}}


def group_of_names(*members):
    return f'dn: cn=hosted,ou=people,{SUFFIX}\n' + ''.join(
        f'{line}\n' for line in ['objectClass: groupOfNames', 'cn: hosted', 'member:', *members])


@pytest.mark.parametrize('depends', BY_GROUP)
@pytest.mark.parametrize('overlay', OVERLAYS)
def test_groups_of_openldap(new_slapd, new_sync, overlay, depends):
    """Members are not modified: content synchronization would not report it."""
    slapd = new_slapd(group_of_names() + '\n' + world.person('alice') + world.person('dave'),
                      options=OVERLAYS[overlay],
                      schema=[SERVER / 'etc/ldap/schema/dyngroup.schema'])
    sync = new_sync(slapd, directory_corp={**BY_GROUP[depends], 'sync-interval': '1'},
                    site_hosted={'owner-value': f'cn=hosted,ou=people,{SUFFIX}'}).start()
    sync.caught_up()
    assert status(sync)['method'] == 'full'
    there = route(sync, ALICE, DAVE)
    slapd.modify(f'dn: cn=hosted,ou=people,{SUFFIX}\nchangetype: modify\nadd: member\n'
                 f'member: uid=alice,ou=people,{SUFFIX}\n')
    wait_for(lambda: route(sync, ALICE, DAVE) != there, 20)
    assert route(sync, ALICE, DAVE) == ['redirect' if depends == 'owner' else 'reject', 'pass']


@pytest.mark.parametrize('depends', BY_GROUP)
def test_syncrepl_that_would_not_report_it(new_slapd, new_sync, depends):
    slapd = new_slapd(options=OVERLAYS['memberof'])
    sync = new_sync(slapd, directory_corp={**BY_GROUP[depends], 'sync': 'syncrepl'},
                    site_hosted={'owner-value': f'cn=hosted,ou=people,{SUFFIX}'})
    assert 'does not report every change of memberOf' in sync.once(ok=(75,)).stderr


@pytest.mark.parametrize('filter_, method', [
    ('(&(objectClass=inetOrgPerson)(entryUUID=*))', 'syncrepl'),
    ('(!(hasSubordinates=TRUE))', 'full'),
    ('(sn;lang-en:caseExactMatch:=a\\28memberOf\\29)', 'syncrepl')])
def test_filter_of_what_is_reported(new_slapd, new_sync, filter_, method):
    sync = new_sync(new_slapd(), directory_corp={'filter': f'(|(objectClass=person){filter_})'})
    sync.once()
    assert status(sync)['method'] == method


METHODS = ['syncrepl', 'full', 'syncrepl', 'full']


def test_change_of_method_changes_nothing(new_slapd, new_sync):
    """No entry is lost, duplicated or even written again."""
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
    """Entries that it does not report are not deleted."""
    slapd = new_slapd(options=LIMITED, syncprov=False)
    sync = new_sync(slapd, replica={'max-removed': '100'})
    sync.once()
    before = sync.dump()
    slapd.set(options='sizelimit 3\n')
    assert 'limit' in sync.once(ok=(75,)).stderr
    assert sync.dump() == before


# --- Active Directory ---

def test_second_controller(new_ad, people_ad, ad_sync, scratch):
    """It numbers its changes differently, and may lag behind."""
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
    """Adding a member changes the group, not the member."""
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


INNER = rf'CN=inner\, (ö),OU=groups,{SUFFIX}'


@pytest.mark.parametrize('method', ['usn', 'full'])
def test_groups_in_groups(new_ad, ad_sync, method):
    """Members of nested groups belong to the site, even if the groups contain each other."""
    alice, dave = (f'CN={name},OU=people,{SUFFIX}' for name in ('alice', 'dave'))
    ad = new_ad(people(world.person('alice') + world.person('dave') + world.person('stays'))
                + group(INNER, [('member', alice.encode())])
                + group(HOSTED, [('member', INNER.encode())]))
    sync = ad_sync(ad, directory_corp={'owner-attribute': 'memberOf', 'sync': method},
                   site_hosted={'owner-value': [HOSTED, 'cn=elsewhere,dc=other', 'x=y']},
                   replica={'max-removed': '100'}).start()
    live = sync.folder / 'live.conf'
    live.write_text(re.sub(r'\[replica\]\n(.+\n)*', '', sync.conf.read_text()))
    sync.caught_up()
    assert route(sync, ALICE, DAVE) == ['redirect', 'pass']
    shown = json.loads(sdrctl.run(live, 'show', '--json', ALICE).stdout)['directories'][0]
    assert shown['entries'][0]['owner-values'][0]['sites'] == ['hosted']
    assert json.loads(sdrctl.run(live, 'report', '--json').stdout)['domains'][0]['by-default'] == 2

    def change(*wanted, **lists):
        for name, lines in lists.items():
            ad.modify(f'dn: {dict(hosted=HOSTED, inner=INNER)[name]}\nchangetype: modify\n{lines}\n')
        wait_for(lambda: route(sync, ALICE, DAVE) == list(wanted), 30, f'{lists}')
        asked = sdrctl.run(live, 'route', '--json', ALICE, DAVE).stdout.splitlines()
        assert [json.loads(line)['verdict'] for line in asked] == list(wanted)

    change('redirect', 'redirect', inner=f'add: member\nmember: {dave}')
    change('redirect', 'redirect', inner=f'add: member\nmember: {HOSTED}')
    change('pass', 'pass', hosted=f'delete: member\nmember: {INNER}')
    change('pass', 'redirect', inner=f'delete: member\nmember: {alice}',
           hosted=f'add: member\nmember: {INNER}')


def test_filter_by_group(new_ad, ad_sync):
    ad = new_ad(people(world.person('alice', sdrOwner='hosted') + world.person('dave'))
                + group(INNER, []) + group(HOSTED, [('member', INNER.encode())]))
    ad.show_deletions()
    rule = r'(memberOf:1.2.840.113556.1.4.1941:=%s)' % HOSTED.replace('hosted', r'\68osted')
    sync = ad_sync(ad, directory_corp={'filter': f'(!{rule})', 'sync-interval': '1'},
                   replica={'max-removed': '100'}).start()
    sync.caught_up()
    assert route(sync, ALICE, DAVE) == ['redirect', 'pass']
    ad.modify(f'dn: {INNER}\nchangetype: modify\nadd: member\nmember: CN=alice,OU=people,{SUFFIX}\n')
    wait_for(lambda: route(sync, ALICE, DAVE) == ['reject', 'pass'], 20)


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


def test_folder_out_of_the_search_base(people_ad, ad_sync):
    """Moving a folder does not change the entries in it."""
    away = f'OU=away,OU=groups,{SUFFIX}'
    people_ad.add(f'dn: {away}\nobjectClass: organizationalUnit\n\n')
    sync = ad_sync(people_ad, directory_corp={'search-base': f'OU=people,{SUFFIX}'},
                   replica={'max-removed': '100'}).start()
    assert len(sync.caught_up()) == 7

    def move(dn, new, seven):
        people_ad.modify(f'dn: {dn}\nchangetype: modrdn\nnewrdn: {dn.split(",")[0]}\n'
                         f'deleteoldrdn: 1\nnewsuperior: {new}\n')
        wait_for(lambda: (len(sync.dump()) == 7) == seven, 20)

    move(f'CN=bob,OU=people,{SUFFIX}', away, False)
    move(away, f'OU=people,{SUFFIX}', True)
    move(f'OU=away,OU=people,{SUFFIX}', f'OU=groups,{SUFFIX}', False)


def test_access_taken_away_while_it_reads(people_ad, ad_sync):
    """Active Directory reports neither hidden entries nor that it hides them."""
    sync = ad_sync(people_ad).start()
    before = sync.caught_up()
    access(people_ad, '(D;CI;LCRPLO;;;$sid)')
    people_ad.modify(f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: modify\n'
                     'replace: description\ndescription: x\n')
    sync.wait_reported('no entry shows a value')
    assert sync.dump() == before


def test_out_of_the_filter(people_ad, ad_sync):
    sync = ad_sync(people_ad, directory_corp={'filter': '(!(description=gone))'}).start()
    sync.caught_up()
    text = f'dn: CN=bob,OU=people,{SUFFIX}\nchangetype: modify\nreplace: description\n'
    people_ad.modify(f'{text}description: gone\n')
    wait_for(lambda: route(sync, 'bob@example.com') == ['reject'], 20, 'bob to be gone')
    people_ad.modify(text)
    wait_for(lambda: route(sync, 'bob@example.com') == ['redirect'], 20, 'bob to be back')
