"""test_check.py - sdrctl check directory: what is wrong, and how to fix it

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import subprocess

import pytest

import paths
import slapd as slapd_module
import world
from daemon import assert_clean, environment
from tls import DAY, NOW

HIDES_OWNER = f"""\
access to attrs=userPassword by anonymous auth by * none
access to attrs=sdrOwner by * none
access to * by dn.exact="{slapd_module.READER_DN}" read by * auth
"""
OK, SILENT, WRONG = 0, 75, 78


@pytest.fixture
def check(scratch, new_slapd):
    """check(directory options, slapd options...): (exit code, output)."""
    def run(directory=None, names=(), hosted=None, **options):
        server = new_slapd(**options)
        conf = scratch / 'sdr.conf'
        conf.write_text(world.conf(site_hosted=hosted or {}, directory_corp={
            'uri': server.uri, 'password-file': str(world.password_file(scratch)),
            **{name: value.replace('@LDAPS@', server.ldaps_uri)
               for name, value in (directory or {}).items()}}))
        done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'check', 'directory', *names],
                              capture_output=True, text=True, env=environment(), timeout=300)
        assert_clean(done.stderr)
        return done.returncode, done.stdout
    return run


def test_healthy_directory(check, ca):
    code, output = check({'uri': '@LDAPS@', 'tls-ca-file': str(ca.cert)})
    assert code == OK
    # libldap 2.6 calls it so.
    output = output.replace('TLSv1.3', 'TLS1.3')
    for line in ['directory corp, ldaps://127.0.0.1:',
                 '  ok         connection: connected, TLS1.3 and bound in ',
                 f'  ok         search base: {slapd_module.SUFFIX}\n',
                 '  ok         schema: read\n',
                 '  ok         visibility: recipients are found by their addresses\n',
                 '  ok         access: owner, routing address and hold can be read\n',
                 '  ok         index: sdrAddress: a search takes ']:
        assert line in output
    assert 'WRONG' not in output and '->' not in output


def test_certificate_that_expires_soon(check, ca):
    end = NOW + 20 * DAY
    code, output = check({'uri': '@LDAPS@', 'tls-ca-file': str(ca.cert)},
                         tls=ca.issue('soon', end=end))
    assert f'  warning    certificate: it expires on {end:%Y-%m-%d %H:%M:%S} UTC\n' in output
    assert '-> renew it\n' in output
    assert code == OK


@pytest.mark.parametrize('directory, options, code, lines', [
    ({'search-base': 'dc=example,dc=org'}, {}, WRONG,
     ['  WRONG      search base: dc=example,dc=org: ', '-> correct search-base']),
    ({'address-attribute': 'mial'}, {}, WRONG,
     ['  WRONG      schema: the schema has no attribute mial\n',
      '-> correct address-attribute, or load the schema of mial\n',
      '  WRONG      visibility: no entry shows a value of mial']),
    ({'owner-attribute': 'sdrOwnr'}, {}, WRONG,
     ['-> correct owner-attribute, or load the schema of sdrOwnr\n']),
    ({}, {'acl': slapd_module.NO_ACCESS}, WRONG, ['  WRONG      search base: ']),
    ({}, {'acl': slapd_module.BLIND}, WRONG,
     ['  WRONG      visibility: ', '-> allow the account to search and read']),
    ({}, {'acl': HIDES_OWNER}, WRONG,
     ['  ok         visibility: ', '  WRONG      access: ',
      '-> allow the account to read that attribute\n']),
    ({}, {'sdr_schema': False, 'ldif': world.person('dave', objectClass='inetOrgPerson')}, OK,
     ['  ok         schema: the schema has no attribute sdrOwner: it is not used\n',
      '  warning    schema: the schema has no class sdrRecipient: all entries belong to the '
      'default-owner, onprem\n', '-> load ldap-schema/sdr.ldif\n']),
    ({'bind-dn': f'cn=nobody,{slapd_module.SUFFIX}'}, {}, SILENT,
     ['  NO ANSWER  connection: ldap://127.0.0.1:', 'bind: Invalid credentials']),
    ({'uri': '@LDAPS@', 'tls-require-cert': 'no'}, {}, OK,
     ['  warning    certificate: not verified', '-> remove tls-require-cert = no\n']),
])
def test_what_is_wrong(check, directory, options, code, lines):
    status, output = check(directory, **options)
    for line in lines:
        assert line in output, output
    assert status == code, output


def group_dn(name):
    return f'cn={name},{slapd_module.SUFFIX}'


def group(name, *members):
    lines = ['objectClass: groupOfNames', f'cn: {name}', *(f'member: {dn}' for dn in members)]
    return '\n'.join([f'dn: {group_dn(name)}', *lines, '', ''])


GROUPS = {'directory': {'owner-attribute': 'memberOf'},
          'options': 'moduleload memberof\noverlay memberof'}


@pytest.mark.parametrize('values, named', [(['outer'], True), (['outer', 'inner'], False)])
def test_groups_in_groups(check, values, named):
    """In OpenLDAP the members of the inner group are not members of the outer one."""
    alice = f'uid=alice,ou=people,{slapd_module.SUFFIX}'
    people = world.PEOPLE.replace('\n', f'\nmemberOf: {group_dn("inner")}\n', 1)
    inner = group('inner', alice).replace('\n', f'\nmemberOf: {group_dn("outer")}\n', 1)
    code, output = check(ldif=people + inner + group('outer', group_dn('inner')), **GROUPS,
                         hosted={'owner-value': [group_dn(name) for name in values]})
    line = (f'  warning    groups: {group_dn("inner")} is in {group_dn("outer")}, but the server does '
            f'not list its members there, such as {alice}')
    assert (line in output, code) == (named, OK)
    assert (f'-> add owner-value = {group_dn("inner")} to site hosted\n' in output) == named


def in_groups(dn, *names):
    """An entry does not get memberOf by itself: the overlay acts only on changes of a group."""
    return f'dn: {dn}\n' + ''.join(f'memberOf: {group_dn(name)}\n' for name in names)


def grouped(alice, inner, middle=()):
    """Entries: alice is in these groups, and the groups inner and middle are in those."""
    dn = f'uid=alice,ou=people,{slapd_module.SUFFIX}'
    ldif = world.PEOPLE + group('inner', dn) + group('middle', dn) + group('first', dn) + group('second', dn)
    for name, names in [(dn, alice), (group_dn('inner'), inner), (group_dn('middle'), middle)]:
        ldif = ldif.replace(f'dn: {name}\n', in_groups(name, *names))
    return ldif


@pytest.mark.parametrize('ldif, named', [
    (grouped(['inner'], ['second']), {'inner': ['second']}),
    (grouped(['inner'], ['first', 'second']), {'inner': ['first', 'second']}),
    (grouped(['inner'], ['middle'], ['second']), {'inner': ['second']}),
    (grouped(['inner', 'second'], ['second']), {}),
    (grouped(['inner', 'first'], ['second']), {}),
], ids=['second', 'both', 'within-another', 'resolved', 'owned-anyway'])
def test_groups_are_named_that_contain_the_inner_one(check, ldif, named):
    """Names all groups that name one owner, but nobody whose owner is known anyway."""
    _, output = check(ldif=ldif, **GROUPS,
                      hosted={'owner-value': [group_dn('first'), group_dn('second')]})
    found = [line.split() for line in output.splitlines() if ' groups: ' in line]
    assert [(words[2], words[5].rstrip(',')) for words in found] == [
        (group_dn(inner), group_dn(outer)) for inner, outers in named.items() for outer in outers], output


def test_named_directories(check):
    assert check(names=['corp'])[0] == OK
    code, output = check(names=['nonsense'])
    assert code == 64 and output == ''


def test_quiet(check):
    """Prints only findings that need attention, and what they are about."""
    assert check(names=['--quiet']) == (OK, '')
    code, output = check({'search-base': 'dc=example,dc=org'}, names=['-q'])
    lines = output.splitlines()
    assert lines[0].startswith('directory corp, ldap://') and ' ok ' not in output
    assert 'WRONG      search base: ' in lines[1] and code == WRONG


def test_json(check):
    code, output = check({'search-base': 'dc=example,dc=org'}, names=['--json'])
    findings = [json.loads(line) for line in output.splitlines()]
    assert {finding['about'][:23] for finding in findings} == {'directory corp, ldap://'}
    assert [finding['finding'] for finding in findings] == ['ok', 'ok', 'wrong']
    assert findings[-1]['subject'] == 'search base'
    assert findings[-1]['advice'].startswith('correct search-base')
    assert findings[0]['advice'] is None and code == WRONG
