"""test_389.py - 389 Directory Server: ldap-schema/README.md, followed exactly; and this server's special
features

The corpus runs on it in test_corpus.py.

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import ds389
import paths
import sdrctl
import slapd
import world
from office import Office
from peoplefile import PeopleFile
from proc import run, wait_for
from sdrctl import assert_deferred, assert_routed
from slapd import READER_DN, READER_PASSWORD, SUFFIX
from tls import CA

MOVER_DN, MOVER_PASSWORD = f'cn=mover,ou=services,{SUFFIX}', 'mover secret'
MOVER = (slapd.BASE[slapd.BASE.index(f'dn: {READER_DN}'):]
         .replace('router secret', MOVER_PASSWORD).replace('router', 'mover'))
DENIED = (50,)


@pytest.fixture
def conf(scratch, ca):
    """conf(server, **options): the path of an sdr.conf for it."""
    def make(server, **options):
        options = {name.replace('_', '-'): value for name, value in options.items()}
        return sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.uri, 'password-file': str(world.password_file(scratch)),
            'tls-ca-file': str(ca.cert), **options}))
    return make


# --- README.md ---

def examples(heading):
    """The examples in this section of README.md."""
    text = (paths.SCHEMA / 'README.md').read_text().partition(f'\n## {heading}\n')[2]
    return [re.sub('^    ', '', example, flags=re.M)
            for example in re.findall(r'(?:^    .*\n)+', text.partition('\n## ')[0], re.M)]


def obey(server, heading):
    """Execute the examples of that section; returns its lines for sdr.conf."""
    options = {}
    for example in examples(heading):
        if example.startswith('dn: '):
            server.modify(example.replace('the password', READER_PASSWORD))
        elif example.startswith('cp '):
            run(['cp', paths.SCHEMA / '99sdr.ldif', server.folder / 'schema'])
        else:
            for name, value in re.findall('^(.+) = (.*)$', example, re.M):
                options.setdefault(name, []).append(value)
    return options


# What other accounts may find.
LIMITS = """\
dn: cn=config
changetype: modify
replace: nsslapd-sizelimit
nsslapd-sizelimit: 2
-
replace: nsslapd-pagedsizelimit
nsslapd-pagedsizelimit: 2

dn: cn=config,cn=ldbm database,cn=plugins,cn=config
changetype: modify
replace: nsslapd-lookthroughlimit
nsslapd-lookthroughlimit: 3
-
replace: nsslapd-pagedlookthroughlimit
nsslapd-pagedlookthroughlimit: 3

"""


@pytest.fixture(scope='module')
def readme(certificate):
    """A server set up as README.md says, and the options for sdr.conf."""
    with paths.scratch() as folder:
        server = ds389.DS389(folder / 'ds', MOVER, tls=certificate, schema=(), acis=(),
                             indexed=())
        try:
            server.start()
            server.modify(f'dn: {READER_DN}\nchangetype: delete\n\n{LIMITS}')
            server.replicate()
            options = obey(server, 'Load it into 389 Directory Server')
            server.wait_task('sdr')
            obey(server, 'Indices in 389 Directory Server')
            server.wait_task('sdr')
            obey(server, 'Accounts of 389 Directory Server')
            options |= obey(server, 'A replica of 389 Directory Server')
            server.add(world.PEOPLE.replace('objectClass: inetLocalMailRecipient\n', ''))
            yield server, options
        finally:
            server.close()


@pytest.fixture
def followed(readme):
    """That server, restored after the test, and the options."""
    server, options = readme
    yield server, options
    server.thaw()


def verdicts(conf, *names):
    done = sdrctl.run(conf, 'route', *(f'{name}@example.com' for name in names))
    return [line.split(': ')[1].split()[0] for line in done.stdout.splitlines()]


def test_readme(followed, conf):
    server, options = followed
    path = conf(server, **options)
    assert verdicts(path, 'alice', 'robert', 'dave', 'held', 'nobody') == [
        'redirect', 'redirect', 'pass', 'defer', 'reject']
    found = sdrctl.run(path, 'check', 'directory').stdout
    assert 'WRONG' not in found, found
    unindexed = re.findall(r'notes=\S*U.*', server.log())
    assert unindexed == []


def test_access_of_the_reader(followed):
    server, _ = followed
    alice = server.search('(mail=alice@example.com)', dn=READER_DN, password=READER_PASSWORD)
    assert 'sdrOwner: hosted' in alice and 'sn: ' not in alice
    assert server.search('(mail=alice@example.com)', dn='') == ''
    server.modify(f'dn: uid=dave,ou=people,{SUFFIX}\nchangetype: modify\nreplace: sdrOwner\n'
                  'sdrOwner: hosted\n', dn=READER_DN, password=READER_PASSWORD, ok=DENIED)


def test_access_of_the_mover(followed):
    server, _ = followed
    server.add(world.person('new', objectClass='inetOrgPerson'))

    def change(text, ok=DENIED):
        server.modify(f'dn: uid=new,ou=people,{SUFFIX}\nchangetype: modify\n{text}\n',
                      dn=MOVER_DN, password=MOVER_PASSWORD, ok=ok)
    change('add: objectClass\nobjectClass: sdrRecipient\n-\nadd: sdrOwner\nsdrOwner: hosted', ok=(0,))
    for text in ['replace: mail\nmail: eve@example.com', 'add: sdrAddress\nsdrAddress: a@b',
                 'add: objectClass\nobjectClass: mailGroup', 'replace: userPassword\nuserPassword: x']:
        change(text)


def test_move(followed, scratch):
    server, options = followed
    server.add(world.person('mo', objectClass='inetOrgPerson'))
    office = Office(scratch, server, dn=MOVER_DN, password=MOVER_PASSWORD, directory_corp=options)
    for command, verdict in [(['hold'], 'defer'), (['release'], 'pass'),
                             (['move', '--to', 'hosted'], 'redirect')]:
        office.run(*command, 'mo@example.com')
        assert office.verdicts('mo@example.com') == [verdict]
    office.run('undo', office.journal())
    assert office.verdicts('mo@example.com') == ['pass']


@pytest.mark.parametrize('sync', ['full', 'auto'])
def test_replica(followed, new_sync, sync):
    """With more entries than the server's limits; deleted and moved people disappear."""
    server, options = followed
    server.add(''.join(world.person(name, objectClass='inetOrgPerson') for name in ('old', 'leaver')))
    replica = new_sync(server, directory_corp={
        **options, 'sync': sync, 'search-base': f'ou=people,{SUFFIX}'})
    replica.once()
    people = ['alice@example.com', 'old@example.com', 'leaver@example.com', 'nobody@example.com']
    assert replica.ask(*people) == ['redirect alice@hosted.example.com', 'pass', 'pass', 'reject']
    server.modify(f'dn: uid=old,ou=people,{SUFFIX}\nchangetype: delete\n\n'
                  f'dn: uid=leaver,ou=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: uid=leaver\n'
                  f'deleteoldrdn: 0\nnewsuperior: ou=services,{SUFFIX}\n')
    try:
        assert 'old' in server.search('(objectClass=nsTombstone)', '1.1')
        fresh = '\n'.join(replica.fresh_dump())
        assert 'alice@' in fresh and 'old@' not in fresh and 'leaver@' not in fresh
    finally:
        server.modify(f'dn: uid=leaver,ou=services,{SUFFIX}\nchangetype: delete\n')


def test_export_as_ldif(followed, scratch):
    """The export contains deleted values, attributes and entries, which the server keeps for replication."""
    server, options = followed
    names = ['moved', 'freed', 'renamed', 'fired']
    server.add(''.join(world.person(name, sdrOwner='hosted', sdrHold='TRUE') for name in names)
               .replace('objectClass: inetLocalMailRecipient\n', ''))
    dn = f'ou=people,{SUFFIX}'
    server.modify(f"""\
dn: uid=moved,{dn}
changetype: modify
delete: sdrOwner
sdrOwner: hosted
-
add: sdrOwner
sdrOwner: onprem
-
delete: sdrHold

dn: uid=freed,{dn}
changetype: modify
replace: sdrHold
sdrHold: FALSE

dn: uid=renamed,{dn}
changetype: modify
delete: sdrHold
-
replace: mail
mail: new.name@example.com

dn: uid=fired,{dn}
changetype: delete
""")
    export = server.export()
    assert ';deleted: hosted' in export and 'nsTombstone' in export
    people = PeopleFile(scratch / 'export', export, directory_corp=options)
    people.sync.once()
    asked = [f'{name}@example.com' for name in [*names, 'new.name']]
    assert people.ask(*asked) == ['pass', 'redirect freed@hosted.example.com', 'reject', 'reject',
                                  'redirect new.name@hosted.example.com']
    server.modify(''.join(f'dn: uid={name},{dn}\nchangetype: delete\n\n' for name in names[:3]))


# --- the server itself ---

@pytest.fixture
def people(ds):
    ds.add(world.PEOPLE)
    return ds


def group(name, *members):
    lines = ['objectClass: groupOfNames', f'cn: {name}', *(f'member: {member}' for member in members)]
    return '\n'.join([f'dn: cn={name},ou=people,{SUFFIX}', *lines, '', ''])


@pytest.mark.parametrize('outer', ['first', 'second'])
def test_check_finds_nothing_in_groups_that_the_server_resolves(people, conf, outer):
    """In whichever of the groups that name one owner the inner group is."""
    alice, nobody = f'uid=alice,ou=people,{SUFFIX}', f'cn=nobody,{SUFFIX}'
    names = [f'cn={name},ou=people,{SUFFIX}' for name in ('first', 'second')]
    people.modify(f'dn: {alice}\nchangetype: modify\nadd: objectClass\nobjectClass: inetUser\n')
    people.add(group('first', nobody) + group('second', nobody) + group('inner', nobody))
    path = conf(people, owner_attribute='memberOf')
    path.write_text(path.read_text().replace('[site hosted]\n', '[site hosted]\n' + ''.join(
        f'owner-value = {name}\n' for name in names)))
    for name, member in [(outer, f'cn=inner,ou=people,{SUFFIX}'), ('inner', alice)]:
        people.modify(f'dn: cn={name},ou=people,{SUFFIX}\nchangetype: modify\n'
                      f'add: member\nmember: {member}\n')
    wait_for(lambda: verdicts(path, 'alice', 'dave') == ['redirect', 'pass'])
    found = sdrctl.run(path, 'check', 'directory').stdout
    assert 'access: ' in found and ' groups: ' not in found, found


@pytest.mark.parametrize('encrypted', ['ldaps', 'start-tls'])
def test_encrypted(people, conf, encrypted, scratch):
    options = {'uri': people.ldaps_uri} if encrypted == 'ldaps' else {'start_tls': 'yes'}
    assert_routed(conf(people, **options))
    other = CA(scratch / 'other')
    assert 'certificate' in assert_deferred(conf(people, tls_ca_file=str(other.cert), **options))


def test_wrong_password(people, conf, scratch):
    wrong = scratch / 'wrong'
    wrong.mkdir()
    assert 'Invalid credentials' in assert_deferred(
        conf(people, password_file=str(world.password_file(wrong, 'not the password'))))


def test_frozen_then_the_other(people, followed, conf):
    other, options = followed
    path = conf(people, uri=[people.uri, other.uri], timeout='10', **options)
    people.freeze()
    assert_routed(path)
    other.freeze()
    assert_deferred(path)


def test_referral(people, conf):
    """Part of the people may be on another server."""
    people.add(f'dn: ou=elsewhere,ou=people,{SUFFIX}\nobjectClass: referral\n'
               'objectClass: extensibleObject\nou: elsewhere\n'
               f'ref: ldap://other.test/ou=elsewhere,{SUFFIX}\n')
    assert_deferred(conf(people))


def test_freeipa(ds, conf):
    """The people of cn=accounts, who appear again below cn=compat."""
    ds.add(ds389.freeipa(world.PEOPLE))
    assert_routed(conf(ds, search_base=ds389.ACCOUNTS))
