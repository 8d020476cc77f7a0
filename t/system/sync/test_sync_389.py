"""test_sync_389.py - 389 Directory Server reports each change, or sdr-sync reads everything

SPDX-License-Identifier: BSD-2-Clause
"""
import json

import pytest

import sdrctl
import world
from proc import wait_for
from slapd import SUFFIX

ALICE, DAVE = 'alice@example.com', 'dave@example.com'
ALL_MAY_GO = {'max-removed': '100'}
MANY = [f'u{n}' for n in range(60)]


def method(sync):
    return json.loads(sdrctl.run(sync.conf, 'sync', 'status', '--json').stdout)['method']


def dn(name):
    return f'uid={name},ou=people,{SUFFIX}'


def modify(name, *lines):
    return '\n'.join([f'dn: {name}', 'changetype: modify', *lines, '', ''])


def deleted(*names):
    return ''.join(f'dn: {dn(name)}\nchangetype: delete\n\n' for name in names)


def forget_changes(ds):
    """As when its changelog is trimmed: earlier changes are forgotten."""
    names = [line for line in ds.search('(changeNumber=*)', '1.1', base='cn=changelog').splitlines()
             if line.startswith('dn: ')]
    ds.modify(''.join(f'{line}\nchangetype: delete\n\n' for line in names))


@pytest.fixture
def people(ds):
    ds.add(world.PEOPLE + ''.join(world.person(name) for name in MANY))
    return ds


def test_nothing_has_changed(people, new_sync):
    sync = new_sync(people)
    sync.once()
    before = sync.dump()
    sync.once()
    assert (method(sync), sync.dump()) == ('syncrepl', before)


# Changes that it does not report after an interruption.
UNREPORTED = {
    'the-last-address': lambda ds: ds.modify(modify(dn('dave'), 'delete: mail')),
    'many-deletions': lambda ds: ds.modify(deleted(*MANY)),
    'what-is-forgotten': lambda ds: (ds.modify(deleted('dave')), forget_changes(ds)),
    'all-but-the-last': lambda ds: (ds.modify(deleted('dave')), forget_changes(ds),
                                    ds.modify(deleted('bob')))}


@pytest.mark.parametrize('once', [True, False], ids=['once', 'persist'])
@pytest.mark.parametrize('name', UNREPORTED)
def test_unreported(people, new_sync, name, once):
    sync = new_sync(people, replica=ALL_MAY_GO)
    sync.once() if once else sync.start().caught_up()
    before = sync.dump()
    sync.stop()
    UNREPORTED[name](people)
    sync.once() if once else sync.start()
    assert sync.caught_up() != before


def test_trimmed_changelog(new_ds, new_sync):
    """The server trims it itself, by its settings."""
    ds = new_ds()
    sync = new_sync(ds, replica=ALL_MAY_GO)
    sync.once()
    ds.modify(deleted('dave') + modify(dn('alice'), 'replace: sdrOwner', 'sdrOwner: onprem'))
    ds.forget_changes()
    sync.once()
    assert sync.ask(ALICE, DAVE) == ['pass', 'reject']


def group(name, *members):
    lines = ['objectClass: groupOfNames', f'cn: {name}', *(f'member: {member}' for member in members)]
    return '\n'.join([f'dn: cn={name},ou=people,{SUFFIX}', *lines, '', ''])


def test_groups(people, new_sync):
    """Members are modified, also those of nested groups: both are reported."""
    hosted, inner = (f'cn={name},ou=people,{SUFFIX}' for name in ('hosted', 'inner'))
    nobody = f'cn=nobody,{SUFFIX}'
    people.add(group('hosted', nobody) + group('inner', nobody))
    people.modify(''.join(modify(dn(name), 'add: objectClass', 'objectClass: inetUser')
                          for name in ('alice', 'dave')))
    sync = new_sync(people, directory_corp={'owner-attribute': 'memberOf'},
                    site_hosted={'owner-value': hosted}).start()
    sync.caught_up()
    assert (method(sync), sync.ask(ALICE, DAVE)) == ('syncrepl', ['pass', 'pass'])
    people.modify(modify(hosted, 'add: member', f'member: {dn("alice")}', f'member: {inner}')
                  + modify(inner, 'add: member', f'member: {dn("dave")}'))
    wait_for(lambda: sync.ask(ALICE, DAVE) == ['redirect alice@hosted.example.com',
                                               'redirect dave@hosted.example.com'], 20)
    people.modify(modify(inner, 'delete: member', f'member: {dn("dave")}'))
    wait_for(lambda: sync.ask(DAVE) == ['pass'], 20)
