"""test_ad_exchange.py - profile = exchange: the objects that Exchange's tools make

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import sdrctl
import world
from adldif import write
from slapd import SUFFIX

TENANT = 'tenant.mail.example.org'
DISABLED, ENABLED = '514', '544'


def recipient(kind, name, *proxies, **attributes):
    """LDIF of an object with these proxyAddresses; the first one is its primary address."""
    values = [('objectClass', kind),
              *(('proxyAddresses', f'{"SMTP" if p is proxies[0] else "smtp"}:{p}')
                for p in proxies),
              *attributes.items()]
    if kind != 'contact':
        values.append(('sAMAccountName', name))
    return write(f'CN={name},OU=people,{SUFFIX}',
                 [(key, value.encode()) for key, value in values])


OBJECTS = ''.join([
    recipient('user', 'mailbox', 'mailbox@example.com', 'm.box@example.com',
              mail='mailbox@example.com', userAccountControl=ENABLED),
    recipient('user', 'remote', 'remote@example.com', f'remote@{TENANT}', mail='remote@example.com',
              targetAddress=f'SMTP:remote@{TENANT}', userAccountControl=ENABLED),
    recipient('user', 'mailuser', 'mailuser@example.com', mail='mailuser@example.com',
              targetAddress='SMTP:mailuser@hosted.example.com', userAccountControl=ENABLED),
    recipient('contact', 'partner', 'sales@partner.example', 'partner@example.com',
              mail='sales@partner.example', targetAddress='SMTP:sales@partner.example'),
    recipient('contact', 'colleague', 'colleague@example.com', mail='colleague@example.com',
              targetAddress=f'SMTP:colleague@{TENANT}'),
    recipient('group', 'everybody', 'everybody@example.com', mail='everybody@example.com'),
    recipient('group', 'cloudgroup', 'cloudgroup@example.com', mail='cloudgroup@example.com',
              targetAddress=f'SMTP:cloudgroup@{TENANT}'),
    recipient('user', 'shared', 'shared@example.com', mail='shared@example.com',
              userAccountControl=DISABLED),
    recipient('user', 'room', 'room@example.com', targetAddress=f'SMTP:room@{TENANT}',
              userAccountControl=DISABLED),
    recipient('user', 'twin1', 'twin@example.com'),
    recipient('user', 'twin2', 'other@example.com', 'twin@example.com',
              targetAddress=f'SMTP:twin@{TENANT}'),
    recipient('user', 'same1', 'same@example.com'),
    recipient('user', 'same2', 'second@example.com', 'same@example.com',
              userAccountControl=DISABLED),
    # a person without a mailbox, whose mail attribute was entered by hand
    recipient('user', 'typed', mail='remote@example.com'),
])

ANSWERS = {
    'mailbox@example.com': 'pass',
    'M.Box@example.com': 'pass',
    'remote@example.com': f'redirect to remote@{TENANT}',
    'remote+news@example.com': f'redirect to remote@{TENANT}',
    'mailuser@example.com': 'redirect to mailuser@hosted.example.com',
    # Exchange itself forwards it
    'partner@example.com': 'pass',
    'colleague@example.com': f'redirect to colleague@{TENANT}',
    'everybody@example.com': 'pass',
    'cloudgroup@example.com': f'redirect to cloudgroup@{TENANT}',
    'shared@example.com': 'pass',
    'room@example.com': f'redirect to room@{TENANT}',
    'twin@example.com': 'defer 451 4.3.5',
    'same@example.com': 'pass',
    'typed@example.com': 'reject 550 5.1.1',
    # Built-in accounts, such as Administrator, have no address, so they are not recipients
    'administrator@example.com': 'reject 550 5.1.1',
}


@pytest.fixture
def answers(ad, scratch, ca):
    """answers(recipients, **options): of the exchange profile, without reply texts and reasons."""
    def ask(recipients, sections=None, **options):
        conf = sdrctl.write_conf(scratch, world.conf(**{
            'site hosted': {'accept-domain': TENANT}, 'directory_corp': {
                'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert), 'profile': 'exchange',
                'password-file': str(world.password_file(scratch)), **options},
            **(sections or {})}))
        lines = sdrctl.run(conf, 'route', *recipients).stdout.splitlines()
        return {line.split(': ')[0]: line.split(': ')[1].partition(' (')[0] for line in lines}
    return ask


def test_objects_of_exchange(ad, answers):
    ad.add(OBJECTS)
    answered = answers(ANSWERS)
    assert {r: answered[r][:len(ANSWERS[r])] for r in ANSWERS} == ANSWERS


def test_a_move_is_followed(ad, answers):
    """Onboarding sets targetAddress, offboarding removes it: no other attribute is used."""
    ad.add(OBJECTS)
    change = f'dn: CN=mailbox,OU=people,{SUFFIX}\nchangetype: modify\n'
    ad.modify(f'{change}replace: targetAddress\ntargetAddress: SMTP:mailbox@{TENANT}\n')
    assert answers(['mailbox@example.com']) == {
        'mailbox@example.com': f'redirect to mailbox@{TENANT}'}
    ad.modify(f'{change}delete: targetAddress\n')
    assert answers(['mailbox@example.com']) == {'mailbox@example.com': 'pass'}


# --- the owner by groups ---

def group(name, *members):
    return write(f'CN={name},OU=groups,{SUFFIX}', [
        ('objectClass', b'group'), ('sAMAccountName', name.encode()),
        *(('member', dn.encode()) for dn in members)])


def people_dn(name):
    return f'CN={name},OU=people,{SUFFIX}'


def test_owner_by_group(ad, answers, scratch):
    """memberOf does not show primary groups. It does not show nested groups either, so sdr searches for
    these."""
    ad.add(''.join(recipient('user', name, f'{name}@example.com')
                   for name in ['moved', 'stays', 'neither', 'nested']))
    ad.add(group('inner', people_dn('nested')))
    ad.add(group('hosted', people_dn('moved'), f'CN=inner,OU=groups,{SUFFIX}'))
    ad.add(group('here', people_dn('stays')))
    ad.add(group('football', people_dn('moved'), people_dn('neither')))
    sections = {'site hosted': {'owner-value': f'cn=hosted,ou=groups,{SUFFIX}'},
                'site onprem': {'owner-value': f'cn=here,ou=groups,{SUFFIX}'}}
    options = {'profile': 'sdr', 'address-attribute': 'proxyAddresses',
               'owner-attribute': 'memberOf'}
    recipients = [f'{name}@example.com' for name in ['moved', 'stays', 'neither', 'nested']]
    redirected = {f'{name}@example.com': f'redirect to {name}@hosted.example.com'
                  for name in ['moved', 'nested']}
    assert answers(recipients, sections, **options) == {**dict.fromkeys(recipients, 'pass'),
                                                        **redirected}
    found = sdrctl.run(scratch / 'sdr.conf', 'check', 'directory').stdout
    assert 'access: ' in found and ' groups: ' not in found, found
    ad.modify(f'dn: CN=hosted,OU=groups,{SUFFIX}\nchangetype: modify\n'
              f'delete: member\nmember: {people_dn("moved")}\n-\n'
              f'add: member\nmember: {people_dn("stays")}\n')
    answered = answers(recipients, sections, **options)
    assert answered['moved@example.com'] == 'pass'
    # in the groups of both sites: a copy for each
    assert answered['stays@example.com'] == 'copy to stays@hosted.example.com'


# --- at a global catalog, which holds some attributes only ---

def test_global_catalog_without_addresses(ad, answers, scratch):
    """If no entry shows a proxyAddress, only the schema says whether the global catalog has it."""
    dave, nobody = 'dave@example.com', 'nobody@example.com'
    ad.add(recipient('user', 'dave', mail=dave, userAccountControl=ENABLED))
    assert answers([dave, nobody]) == {dave: 'pass', nobody: 'reject 550 5.1.1 User unknown'}
    unsure = answers([dave, nobody], uri=ad.gc_ldaps_uri)
    assert all(answer.startswith('defer 451 4.4.3') for answer in unsure.values()), unsure
    reported = sdrctl.run(scratch / 'sdr.conf', 'check', 'directory').stdout
    assert 'WRONG      global catalog: ' in reported and 'to hold proxyAddresses' in reported, reported
    ad.add(recipient('user', 'alice', 'alice@example.com', userAccountControl=ENABLED))
    assert answers([dave], uri=ad.gc_ldaps_uri) == {dave: 'pass'}
