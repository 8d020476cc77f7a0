"""test_schema.py - all forms of the schema load, and have the same meaning

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import paths
import slapd as ldap
import world
from proc import run

SLAPADD = ldap.SERVER / 'usr/sbin/slapadd'
SLAPTEST = ldap.SERVER / 'usr/sbin/slaptest'
SLAPCAT = ldap.SERVER / 'usr/sbin/slapcat'
NAMES = ['sdrOwner', 'sdrRoutingAddress', 'sdrAddress', 'sdrHold', 'sdrRecipient']


def definitions(text):
    """{name: the definition on one line}, of slapd.conf or LDIF text; OIDs as written there."""
    text = re.sub(r'\n[ \t]+', ' ', text)
    found = re.findall(r"(?:attributetype|objectclass|\w+:) +(?:\{\d+\})?(\( *\S+ NAME '(\w+)'.*\))", text,
                       re.I)
    return {name: re.sub(r'\s+', ' ', definition) for definition, name in found}


def readme(heading, start):
    """The examples of README.md below this heading that begin like this."""
    text = (paths.SCHEMA / 'README.md').read_text().partition(heading + '\n')[2]
    examples = re.findall(r'(?:^    .*\n)+', text.partition('\n## ')[0], re.M)
    return [re.sub('^    ', '', e, flags=re.M) for e in examples if e[4:].startswith(start)]


@pytest.fixture
def configured(scratch):
    """A cn=config folder with the standard schema, without ours."""
    conf, folder = scratch / 'slapd.conf', scratch / 'slapd.d'
    standard = [f'include {file}\n' for file in ldap.STANDARD_SCHEMA]
    conf.write_text(''.join([*standard, 'database config\n']))
    folder.mkdir()
    run([SLAPTEST, '-f', conf, '-F', folder], env=ldap.environment())
    return folder


def schema_of(folder):
    """The schema named sdr in this cn=config folder, as slapd converted it."""
    text = run([SLAPCAT, '-F', folder, '-n', '0', '-o', 'ldif-wrap=no'],
               env=ldap.environment()).stdout
    return re.search(r'^dn: cn=\{\d+\}sdr,cn=schema,cn=config\n.*?(?=\n\n)', text, re.M | re.S)[0]


def test_the_two_forms_are_the_same():
    conf = definitions((paths.SCHEMA / 'sdr.schema').read_text())
    ldif = definitions((paths.SCHEMA / 'sdr.ldif').read_text())
    assert list(conf) == NAMES
    assert ldif == conf


def test_the_form_of_389_directory_server_is_the_same():
    """Except for OIDs, which are written in full there, and X-ORIGIN."""
    text = (paths.SCHEMA / 'sdr.schema').read_text()
    oids = {}
    for name, oid in re.findall(r'^objectIdentifier (\S+) (\S+)$', text, re.M):
        above, _, number = oid.partition(':')
        oids[name] = f'{oids[above]}.{number}' if number else oid
    text = re.sub(r'\b(sdr\w+):(\d)', lambda m: f'{oids[m[1]]}.{m[2]}', text)
    theirs = (paths.SCHEMA / '99sdr.ldif').read_text().replace("\n  X-ORIGIN 'sdr'", '')
    assert definitions(theirs) == definitions(text)


def test_ldif_form_loads(configured):
    run([SLAPADD, '-F', configured, '-n', '0', '-l', paths.SCHEMA / 'sdr.ldif'],
        env=ldap.environment())
    run([SLAPTEST, '-u', '-F', configured], env=ldap.environment())
    assert list(definitions(schema_of(configured))) == NAMES


def test_conf_form_becomes_the_ldif_form(configured, scratch):
    """slaptest's own conversion of sdr.schema equals sdr.ldif after loading."""
    run([SLAPADD, '-F', configured, '-n', '0', '-l', paths.SCHEMA / 'sdr.ldif'],
        env=ldap.environment())
    conf, folder = scratch / 'ours.conf', scratch / 'ours.d'
    conf.write_text(''.join(f'include {file}\n' for file in [
        *ldap.STANDARD_SCHEMA, paths.SCHEMA / 'sdr.schema']))
    folder.mkdir()
    run([SLAPTEST, '-f', conf, '-F', folder], env=ldap.environment())
    assert definitions(schema_of(folder)) == definitions(schema_of(configured))


def test_ldif_form_loads_into_a_running_slapd(new_slapd):
    """As README.md says, while slapd runs; then an entry uses it."""
    server = new_slapd('', sdr_schema=False, config_admin=True)
    server.add((paths.SCHEMA / 'sdr.ldif').read_text())
    [index] = readme('## Indices', 'dn: ')
    server.modify(index)
    server.add(world.PEOPLE)
    assert 'sdrOwner: hosted' in server.search('(sdrAddress=robert@EXAMPLE.com)')


@pytest.mark.parametrize('query, found', [
    ('(sdrAddress=rob*)', True),
    ('(sdrAddress=ROBERT@example.com)', True),
    ('(sdrOwner=HOSTED)', True),
    ('(sdrHold=TRUE)', True),
    ('(sdrRoutingAddress=nobody@example.com)', False),
])
def test_matching(slapd, query, found):
    assert ('dn: ' in slapd.search(query)) == found


@pytest.mark.parametrize('attributes', [
    {'sdrHold': 'maybe'},
    {'sdrHold': ['TRUE', 'FALSE']},
    {'sdrRoutingAddress': ['a@hosted.example.com', 'b@hosted.example.com']},
])
def test_wrong_entries_are_refused(slapd, attributes):
    with pytest.raises(RuntimeError):
        slapd.add(world.person('eve', **attributes))


def test_moving_a_user_as_the_readme_says(slapd):
    """Both changes of README.md work, in order, and the second one only once."""
    slapd.add(world.person('carol', sdrOwner='onprem'))
    hold, move = [r.replace('uid=alice', 'uid=carol')
                  for r in readme('## Move a user', 'dn: ')[:2]]
    slapd.modify(hold)
    assert 'sdrHold: TRUE' in slapd.search('(uid=carol)')
    slapd.modify(move)
    carol = slapd.search('(uid=carol)')
    assert 'sdrOwner: hosted' in carol and 'sdrHold' not in carol
    with pytest.raises(RuntimeError):
        slapd.modify(move)
