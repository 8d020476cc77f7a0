"""test_schema_readme.py - ldap-schema/README.md, followed exactly, for an OpenLDAP without our schema

Executes every example of the part about OpenLDAP, in order.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re

import pytest

import paths
import sdrctl
import slapd as ldap
import world
from proc import run

ROOT = 'gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth'
MOVER_DN, MOVER_PASSWORD = f'cn=mover,ou=services,{ldap.SUFFIX}', 'mover secret'
PASSWORDS = {ldap.ADMIN_DN: ldap.ADMIN_PASSWORD, MOVER_DN: MOVER_PASSWORD}
MOVER = f"""\
dn: {MOVER_DN}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: mover
userPassword: {MOVER_PASSWORD}

"""
# The example moves Alice. In this test Dave has none of our attributes yet.
PEOPLE = MOVER + world.person('alice', sdrOwner='onprem') + world.person(
    'dave', objectClass='inetOrgPerson')
MAY_BIND = 'access to attrs=userPassword by self write by anonymous auth by * none\n'
DENIED = (50,)

# Examples for slapd.conf, for cn=config, and for both, by their first words.
SLAPD_CONF = ('include ', 'index ', 'access ', 'slaptest ', 'slapindex ')
CN_CONFIG = ('dn: olcDatabase=', 'ldapadd -Y EXTERNAL', 'ldapsearch ', 'ldapmodify -Y EXTERNAL')
BOTH = ('dn: ', 'ldapmodify ', 'slappasswd')


def examples():
    """[(heading, example)] of the part about OpenLDAP."""
    text = (paths.SCHEMA / 'README.md').read_text()
    part = text.partition('# OpenLDAP\n')[2].partition('\n# Active Directory')[0]
    sections = re.split(r'^## (.*)\n', part, flags=re.M)
    return [(heading, re.sub('^    ', '', example, flags=re.M))
            for heading, section in zip(['', *sections[1::2]], sections[::2], strict=True)
            for example in re.findall(r'(?:^    .*\n)+', section, re.M)]


class Reader:
    """A reader who does what README.md says."""

    def __init__(self, server):
        self._server = server
        self._to_config = self._to_entries = None  # commands that take LDIF
        self._hash = None

    def obey(self, heading, example):
        if example.startswith('ldapmodify -Y EXTERNAL'):
            self._to_config = example
        elif example.startswith('ldapmodify'):
            self._to_entries = example
        elif example.startswith('slappasswd'):
            self._hash = self._shell(f"{example.strip()} -s '{ldap.READER_PASSWORD}'").strip()
        elif not example.startswith('dn: '):
            assert self._shell(example) or not example.startswith('ldapsearch')
        elif 'cn=config' in example:
            self._shell(self._to_config, example)
        else:
            if 'add: objectClass' in example:
                example = example.replace('uid=alice', 'uid=dave')
            self._shell(self._to_entries, example.replace('{SSHA}...', self._hash))

    def _shell(self, command, ldif=''):
        name = re.search(r'-D (\S+)', command)
        for said, meant in [('ldapi:///', self._server.ldapi_uri),
                            ('ldaps://ldap.example.com', self._server.ldaps_uri),
                            ('-f sdr.ldif', f'-f {paths.SCHEMA}/sdr.ldif'),
                            ('/etc/ldap/slapd.conf', str(self._server.folder / 'slapd.conf')),
                            (' -W', f" -w '{name and PASSWORDS[name[1]]}'")]:
            command = command.replace(said, meant)
        env = ldap.environment(self._server.tls)
        env['PATH'] = f'{ldap.SERVER}/usr/sbin:{os.environ["PATH"]}'
        return run(['sh', '-e', '-c', command], input=ldif, env=env).stdout


@pytest.fixture
def verdicts(scratch, ca):
    """The verdicts for Alice, Dave and nobody."""
    def ask(server):
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.ldaps_uri, 'tls-ca-file': str(ca.cert),
            'password-file': str(world.password_file(scratch))}))
        assert 'WRONG' not in sdrctl.run(conf, 'check', 'directory').stdout
        names = [f'{name}@example.com' for name in ('alice', 'dave', 'nobody')]
        lines = sdrctl.run(conf, 'route', *names).stdout.splitlines()
        return [line.split(': ')[1].split()[0] for line in lines]
    return ask


def follow(server, left_out, verdicts):
    """Execute all examples except those for the other way, from the first line to the last."""
    server.modify(f'dn: {ldap.READER_DN}\nchangetype: delete\n')
    reader = Reader(server)
    before, moves = [[(heading, example) for heading, example in examples()
                      if not example.startswith(left_out) and (heading == 'Move a user') == moving]
                     for moving in (False, True)]
    for heading, example in before:
        reader.obey(heading, example)
    server.add(PEOPLE)
    assert verdicts(server) == ['pass', 'pass', 'reject']
    for heading, example in moves:
        reader.obey(heading, example)
    assert verdicts(server) == ['redirect', 'pass', 'reject']
    assert 'not indexed' not in server.log()


def test_every_example_is_meant_for_somebody():
    assert all(example.startswith((*SLAPD_CONF, *CN_CONFIG, *BOTH)) for _, example in examples())


@pytest.fixture
def cn_config(new_slapd, verdicts):
    server = new_slapd('', sdr_schema=False, config_admin=ROOT, acl=MAY_BIND)
    follow(server, SLAPD_CONF, verdicts)
    return server


@pytest.fixture
def slapd_conf(new_slapd, verdicts):
    def lines(*starts):
        return ''.join(example for _, example in examples() if example.startswith(starts))
    [include] = lines('include ').splitlines()
    assert include == 'include /etc/ldap/schema/sdr.schema'
    server = new_slapd('', sdr_schema=False, schema=[paths.SCHEMA / 'sdr.schema'],
                       options=lines('index '), acl=lines('access '))
    server.stop()
    reader = Reader(server)
    for heading, example in examples():
        if example.startswith(('slaptest ', 'slapindex ')):
            reader.obey(heading, example)
    server.start()
    follow(server, (*SLAPD_CONF, *CN_CONFIG), verdicts)
    return server


@pytest.fixture(params=['cn_config', 'slapd_conf'])
def followed(request):
    """A slapd that was set up by README.md in one of the two ways."""
    return request.getfixturevalue(request.param)


def test_access(followed):
    """The accounts have only this access: who can read Alice, and what can be written."""
    def seen(dn, password):
        return followed.search('(mail=alice@example.com)', dn=dn, password=password, ok=(0, 32))

    def change(text, ok=DENIED):
        run(['ldapmodify', '-x', '-H', followed.uri, '-D', MOVER_DN, '-w', MOVER_PASSWORD], ok=ok,
            input=f'dn: uid=dave,ou=people,{ldap.SUFFIX}\nchangetype: modify\n{text}\n',
            env=ldap.environment())
    alice = seen(ldap.READER_DN, ldap.READER_PASSWORD)
    assert 'sdrOwner: hosted' in alice and 'mail: ' in alice and 'sn: ' not in alice
    assert 'uid: alice' in seen(MOVER_DN, MOVER_PASSWORD)
    assert seen('', '') == ''
    change('replace: sdrOwner\nsdrOwner: hosted', ok=(0,))
    for text in ['replace: mail\nmail: eve@example.com', 'replace: sdrAddress\nsdrAddress: a@b',
                 'add: objectClass\nobjectClass: inetLocalMailRecipient', 'replace: userPassword\nuserPassword: x']:
        change(text)


def test_access_suffices_for_a_replica(followed, new_sync):
    """With syncprov, which the tests' slapd has."""
    sync = new_sync(followed).start()
    alice = '\n'.join(sync.caught_up())
    assert 'alice@example.com' in alice and 'hosted' in alice
    followed.modify(f'dn: uid=dave,ou=people,{ldap.SUFFIX}\nchangetype: delete\n')
    assert 'dave@example.com' not in '\n'.join(sync.caught_up())
