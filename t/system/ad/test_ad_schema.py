"""test_ad_schema.py - the schema for Active Directory has the same meaning, and the access rights suffice

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import paths
import samba
import sdrctl
import slapd as ldap
import world
from adldif import entries, person
from proc import run
from slapd import READER_DN, READER_PASSWORD, SUFFIX
from test_schema import definitions, readme

ALICE, DAVE = 'alice@example.com', 'dave@example.com'
PEOPLE = person('alice', sdrOwner='hosted') + person('dave', sdrOwner='onprem')
MOVER_DN, MOVER_PASSWORD = f'CN=mover,OU=services,{SUFFIX}', 'mover secret'
COMPATIBLE = f'CN=Pre-Windows 2000 Compatible Access,CN=Builtin,{SUFFIX}'

# OpenLDAP's syntax: AD's attributeSyntax and oMSyntax.
SYNTAX = {'1.3.6.1.4.1.1466.115.121.1.15': (b'2.5.5.12', b'64'),
          '1.3.6.1.4.1.1466.115.121.1.7': (b'2.5.5.8', b'1')}


def ad_definitions():
    """{name: {attribute: [values]}} of the definitions in sdr-ad.ldif."""
    found = {}
    for _, attributes in entries(samba.SCHEMA.read_text()):
        definition = {}
        for name, value in attributes:
            definition.setdefault(name, []).append(value)
        if 'lDAPDisplayName' in definition:
            found[definition['lDAPDisplayName'][0].decode()] = definition
    return found


def test_the_same_as_for_openldap():
    ours = definitions((paths.SCHEMA / 'sdr.schema').read_text())
    theirs = ad_definitions()
    assert list(theirs) == list(ours)
    for name, definition in theirs.items():
        assert f"DESC '{definition['adminDescription'][0].decode()}'" in ours[name]
        if name == 'sdrRecipient':
            may = re.search(r'MAY \( (.*) \) \)', ours[name])[1].split(' $ ')
            assert [m.decode() for m in definition['mayContain']] == may
            continue
        syntax = re.search(r'SYNTAX ([\d.]+)', ours[name])[1]
        assert (definition['attributeSyntax'][0], definition['oMSyntax'][0]) == SYNTAX[syntax]
        single = b'TRUE' if 'SINGLE-VALUE' in ours[name] else b'FALSE'
        assert definition['isSingleValued'] == [single]


def test_identifiers_are_distinguished():
    for name in ['attributeID', 'governsID', 'schemaIDGUID']:
        values = [d[name][0] for d in ad_definitions().values() if name in d]
        assert len(set(values)) == len(values) > 0


def test_loading_it_as_the_readme_says(new_ad):
    """From another host, with OpenLDAP's tools."""
    server = new_ad(image=samba.plain_image())
    [command] = readme('## Load it into Active Directory', 'sed ')
    for said, meant in [('sdr-ad.ldif', str(samba.SCHEMA)),
                        ('ldaps://dc1.example.com', server.ldaps_uri),
                        (' -W', f" -w '{samba.ADMIN_PASSWORD}'")]:
        command = command.replace(said, meant)
    run(['sh', '-e', '-c', command], env=ldap.environment(server.tls))
    server.add(samba.BASE + PEOPLE)
    assert 'sdrOwner: hosted' in server.search(f'(mail={ALICE})')


@pytest.mark.parametrize('kind', ['user', 'group', 'contact', 'inetOrgPerson'])
def test_who_may_have_an_owner(ad, kind):
    name = {} if kind == 'contact' else {'sAMAccountName': 'thing'}
    ad.add(person('thing', **{'objectClass': kind, 'sAMAccountName': None, **name},
                  sdrOwner=['hosted', 'onprem'], sdrAddress='thing@example.org', sdrHold='TRUE'))
    assert 'sdrHold: TRUE' in ad.search('(sdrAddress=THING@example.org)')


@pytest.mark.parametrize('attributes', [
    {'sdrHold': 'maybe'},
    {'sdrHold': ['TRUE', 'FALSE']},
    {'sdrRoutingAddress': ['a@hosted.example.com', 'b@hosted.example.com']},
])
def test_wrong_entries_are_refused(ad, attributes):
    with pytest.raises(RuntimeError):
        ad.add(person('eve', **attributes))


def test_global_catalog_has_it(ad):
    """Every definition says so; Samba's catalog would also show other attributes."""
    assert all(d['isMemberOfPartialAttributeSet'] == [b'TRUE']
               for name, d in ad_definitions().items() if name != 'sdrRecipient')
    ad.add(PEOPLE)
    assert 'sdrOwner: hosted' in ad.search(f'(mail={ALICE})', uri=ad.gc_ldaps_uri)


# --- access ---

@pytest.fixture
def as_the_readme_says():
    """as_the_readme_says(server, account): run what README.md says for this account on Samba."""
    def make(server, account):
        [script] = [text for text in readme('## Access in Active Directory', 'sid=')
                    if f'user show {account}' in text]
        server.shell(script)
    return make


@pytest.fixture
def hardened(new_ad):
    """Authenticated users can read only what they must."""
    server = new_ad(PEOPLE + samba.user('mover', MOVER_PASSWORD))
    server.modify(f'dn: {COMPATIBLE}\nchangetype: modify\nreplace: member\n')
    return server


@pytest.fixture
def verdicts(scratch, ca):
    def ask(server):
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.ldaps_uri, 'tls-ca-file': str(ca.cert),
            'password-file': str(world.password_file(scratch))}))
        done = sdrctl.run(conf, 'route', ALICE, DAVE, 'nobody@example.com')
        return [line.split(': ')[1].split()[0] for line in done.stdout.splitlines()]
    return ask


def test_the_reader(hardened, as_the_readme_says, verdicts):
    def seen():
        return hardened.search(f'(mail={ALICE})', dn=READER_DN, password=READER_PASSWORD)
    assert 'mail: ' in seen() and 'sdrOwner' not in seen()
    as_the_readme_says(hardened, 'router')
    assert 'sdrOwner: hosted' in seen() and 'userAccountControl' not in seen()
    assert verdicts(hardened) == ['redirect', 'pass', 'reject']


def test_the_mover(hardened, as_the_readme_says):
    def change(text, ok=(0,)):
        return hardened.modify(text, dn=MOVER_DN, password=MOVER_PASSWORD, ok=ok)
    hold, move = [text.replace('uid=alice,ou=people', 'CN=dave,OU=people')
                  for text in readme('## Move a user', 'dn: ')[:2]]
    denied = (50,)
    change(hold, ok=denied)
    as_the_readme_says(hardened, 'mover')
    change(hold)
    change(move)
    assert 'sdrOwner: hosted' in hardened.search(f'(mail={DAVE})')
    no_such_attribute = (16,)
    change(move, ok=no_such_attribute)
    for attribute, value in [('mail', 'x@example.com'), ('sdrAddress', 'x@example.com'),
                             ('userAccountControl', '514')]:
        change(f'dn: CN=dave,OU=people,{SUFFIX}\nchangetype: modify\n'
               f'replace: {attribute}\n{attribute}: {value}\n', ok=denied)
