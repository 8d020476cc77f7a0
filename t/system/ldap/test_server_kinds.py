"""test_server_kinds.py - each kind of directory server has its own proof of what it shows

test_visibility.py and test_ad_visibility.py test the proofs of OpenLDAP and of Active Directory themselves.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import ctypes
import socket
import struct
from itertools import count, cycle

import pytest

import adldif
import ds389
import sdrctl
import world
from fakeldap import FakeLdap
from ldapproxy import BASE_WITHOUT_PEOPLE, LdapProxy, back_ldap, back_meta, glued
from proc import free_port, wait_for
from slapd import READER_DN, SUFFIX, default_acl, odd_schema
from tap import Tap
from test_ad_visibility import hide
from world import PEOPLE, person

ALICE, DAVE, PLAIN, NOBODY = (f'{name}@example.com' for name in ['alice', 'dave', 'plain', 'nobody'])
LINE = 'alice@example.com hosted'
ADD_LINE = 'add "must-see = ADDRESS SITE" to [directory corp]'


@pytest.fixture
def write(scratch):
    """write(server, ...): an sdr.conf, with options of the directory."""
    def make(server, **options):
        return sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.uri, 'password-file': str(world.password_file(scratch)), **options}))
    return make


@pytest.fixture
def verdicts(write):
    """verdicts(server, recipients, ...): a word for each, and all that was said."""
    def make(server, recipients, **options):
        said = sdrctl.run(write(server, **options), 'route', *recipients).stdout
        return [line.split(': ')[1].split()[0] for line in said.splitlines()], said
    return make


@pytest.fixture
def new_proxy(scratch, stop_later):
    numbers = count()

    def make(options):
        server = LdapProxy(scratch / f'proxy{next(numbers)}', options)
        stop_later(server.stop)
        return server.start()
    return make


def kind(conf):
    said = sdrctl.run(conf, 'route', '--explain', ALICE).stdout
    return next(line.strip().removeprefix('kind ') for line in said.splitlines()
                if line.strip().startswith('kind '))


def findings(conf, subject):
    return [line for line in sdrctl.run(conf, 'check', 'directory').stdout.splitlines()
            if f'{subject}:' in line or 'must-see =' in line]


# --- which kind it is ---

def root(**attributes):
    """A server whose root DSE has these values, and which has Dave."""
    def answer(search):
        if search.base == '':
            yield '', attributes
        elif search.whole:
            yield f'cn=dave,{SUFFIX}', {'mail': [DAVE]}
    return answer


@pytest.mark.parametrize('attributes, expected', [
    ({}, 'an LDAP server of unknown kind'),
    ({'vendorName': ['Example Directories']}, 'an LDAP server of unknown kind'),
    ({'vendorName': ['389 Project']}, '389 Directory Server'),
    ({'vendorVersion': ['Red Hat-Directory/9.0.1 B2013.001.2']}, '389 Directory Server'),
    ({'supportedCapabilities': ['1.2.840.113556.1.4.800']}, 'Active Directory'),
    ({'supportedCapabilities': ['1.2.840.113556.1.4.1851']}, 'Active Directory'),
    ({'vendorName': ['Samba Team (https://www.samba.org)'],
      'supportedCapabilities': ['1.2.840.113556.1.4.800']}, 'Samba'),
    # It does not support paged results:
    ({'objectClass': ['top', 'OpenLDAProotDSE']}, 'OpenLDAP as a proxy for another server'),
])
def test_root_entry(write, stop_later, attributes, expected):
    server = FakeLdap(root(**attributes)).start()
    stop_later(server.stop)
    assert kind(write(server)) == expected


def test_openldap_and_before_openldap(new_slapd, new_proxy, write, verdicts):
    """With OpenLDAP on both ends, the owners are the same as without the proxy."""
    server = new_slapd()
    proxy = new_proxy(back_ldap(server))
    assert kind(write(server)) == kind(write(proxy)) == 'OpenLDAP'
    assert verdicts(proxy, [ALICE, DAVE, PLAIN, NOBODY])[0] == ['redirect', 'pass', 'pass', 'reject']
    assert any('server: OpenLDAP' in line for line in findings(write(proxy), 'server'))


# --- OpenLDAP: what may be searched or compared, but not read ---

READ_ALL = 'access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n'


@pytest.mark.parametrize('access, expected', [
    ('search', ['defer', 'pass']),  # it is known that Plain has none
    ('=c', ['defer', 'defer']),
    ('=cs', ['defer', 'pass']),
])
def test_search_without_read(new_slapd, verdicts, access, expected):
    server = new_slapd(acl=f'access to attrs=sdrOwner by * {access}\n{READ_ALL}')
    words, said = verdicts(server, [ALICE, PLAIN])
    assert words == expected, said


def test_shown_and_of_no_weight(new_slapd, verdicts, scratch):
    """A group that belongs to no site, or a hold that has ended, is not hidden."""
    schema = odd_schema(scratch / 'odd.schema', 'memberOf',
                        'EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12')
    server = new_slapd(person('dave', objectClass=['inetOrgPerson', 'sdrRecipient', 'odd'],
                              memberOf=f'cn=others,{SUFFIX}', sdrHold='FALSE'), schema=[schema])
    words, said = verdicts(server, [DAVE], **{'owner-attribute': 'memberOf'})
    assert words == ['pass'], said


@pytest.mark.parametrize('more', [
    ['access to attrs=sdrOwner by * none', 'access to * by * read'],
    ['access to attrs=entry,objectClass,mail,mailLocalAddress,sdrAddress by * read',
     'access to * by * none'],
    ['overlay rwm', 'rwm-map attribute mail *', 'rwm-map attribute *'],
], ids=['hidden', 'not allowed', 'not mapped'])
def test_hidden_by_the_proxy(new_slapd, new_proxy, verdicts, more):
    proxy = new_proxy(back_ldap(new_slapd(), *more))
    words, said = verdicts(proxy, [ALICE])
    assert words == ['defer'], said


# --- a proxy before another kind ---

SLOW = {'timeout': '30'}  # Samba on a busy machine, behind a proxy
AD_PEOPLE = adldif.person('alice', sdrOwner='hosted') + adldif.person('dave')


@pytest.fixture
def ad_behind_proxy(ad, new_proxy):
    ad.add(AD_PEOPLE)
    return ad, new_proxy(back_ldap(ad))


def test_active_directory_behind_a_proxy(ad_behind_proxy, write, verdicts):
    server, proxy = ad_behind_proxy
    assert kind(write(proxy)) == 'OpenLDAP as a proxy for another server'
    words, said = verdicts(proxy, [ALICE, DAVE, NOBODY], **SLOW)
    assert words == ['redirect', 'defer', 'reject'] and ADD_LINE in said, said
    assert any(f'add to [directory corp]: must-see = {LINE}' in line
               for line in findings(write(proxy, **SLOW), 'must-see'))

    words, said = verdicts(proxy, [ALICE, DAVE, NOBODY], **{'must-see': LINE}, **SLOW)
    assert words == ['redirect', 'pass', 'reject'], said

    hide(server, 'sdrOwner')
    words, said = verdicts(proxy, [ALICE, DAVE, NOBODY], **{'must-see': LINE}, **SLOW)
    assert words == ['defer'] * 3 and f'must-see = {LINE}: the entry shows no owner' in said, said
    assert verdicts(proxy, [ALICE, DAVE])[0] == ['defer'] * 2


def test_active_directory_glued_into_a_tree(ad, new_proxy, scratch, verdicts):
    """An entry that shows no owner shows itself which server it comes from."""
    ad.add(AD_PEOPLE)
    proxy = new_proxy(glued(ad, scratch / 'glued'))
    proxy.add(BASE_WITHOUT_PEOPLE
              + ''.join(person(name).replace('ou=people', 'ou=services') for name in ['plain', 'seen']))
    words, said = verdicts(proxy, [ALICE, DAVE, NOBODY, PLAIN], **SLOW)
    assert words[:3] == ['redirect', 'defer', 'reject'] and ADD_LINE in said, said
    assert verdicts(proxy, [PLAIN], **SLOW)[0] == ['pass']
    assert verdicts(proxy, [PLAIN, DAVE], **{'must-see': LINE}, **SLOW)[0] == ['pass', 'pass']


# --- must-see ---

@pytest.mark.parametrize('line, reason', [
    ('robert@example.com', None),
    ('robert@example.com hosted', None),
    ('dave@example.com onprem', None),
    ('ROBERT@EXAMPLE.COM HOSTED', None),
    ('robert@example.com onprem', 'the entry shows another owner'),
    ('plain@example.com onprem', 'the entry shows no owner'),
    ('nobody@example.com', 'no entry with that address was found'),
    ('alice+news@example.com', 'no entry with that address was found'),
])
def test_must_see(new_slapd, verdicts, line, reason):
    words, said = verdicts(new_slapd(), [DAVE, NOBODY], **{'must-see': line})
    assert words == (['pass', 'reject'] if reason is None else ['defer'] * 2), said
    assert reason is None or said.count(f'must-see = {line}: {reason}') == 2


def test_each_line_counts(new_slapd, verdicts):
    lines = [LINE, 'gone@example.com']
    assert verdicts(new_slapd(), [DAVE], **{'must-see': lines})[0] == ['defer']


def test_another_kind_of_server(stop_later, verdicts):
    """Entries that show an owner are routed, and "unknown" is sure; entries that show none are not sure."""
    def answer(search):
        people = {name: {'mail': [f'{name}@example.com']} for name in ['alice', 'dave']}
        people['alice']['sdrOwner'] = ['hosted']
        if search.whole:
            yield from ((f'cn={name},{SUFFIX}', shown) for name, shown in people.items()
                        if name.encode() in search.filter or b'*' not in search.filter and
                        search.filter == b'mail')
    server = FakeLdap(answer).start()
    stop_later(server.stop)
    options = {'bind': None, 'bind-dn': None, 'password-file': None, 'address-attribute': 'mail'}
    words, said = verdicts(server, [ALICE, DAVE], **options)
    assert words == ['redirect', 'defer'] and ADD_LINE in said, said
    assert verdicts(server, [DAVE], **options, **{'must-see': LINE})[0] == ['pass']


def test_routing_address_alone_needs_it_too(stop_later, verdicts):
    server = FakeLdap(root()).start()
    stop_later(server.stop)
    assert verdicts(server, [DAVE], **{'profile': 'exchange', 'address-attribute': 'mail',
                                       'bind': None, 'bind-dn': None,
                                       'password-file': None})[0] == ['defer']


# --- a view under another suffix ---

VIRTUAL = 'ou=virtual,dc=example,dc=net'
IN_VIRTUAL = {'search-base': VIRTUAL, 'bind-dn': READER_DN.replace(SUFFIX, VIRTUAL)}


def massaged(server):
    """A proxy to another server, with the suffix rewritten in both directions."""
    return '\n'.join(['database ldap', f'suffix "{VIRTUAL}"', f'uri "{server.uri}"', 'overlay rwm',
                      f'rwm-suffixmassage "{VIRTUAL}" "{SUFFIX}"'])


def relayed(server):
    """The same within one server: a relay to a database that is itself a proxy."""
    return '\n'.join([back_ldap(server), 'database relay', f'suffix "{VIRTUAL}"', f'relay "{SUFFIX}"',
                      'overlay rwm', f'rwm-suffixmassage "{VIRTUAL}" "{SUFFIX}"'])


@pytest.fixture(params=[massaged, relayed])
def view(request, new_proxy):
    """view(server): a proxy, or a relay within it, that shows the server under VIRTUAL."""
    return lambda server: new_proxy(request.param(server))


def test_virtual_view(new_slapd, view, write, verdicts):
    """The owner and its proof are the same under any suffix."""
    server = view(new_slapd())
    words, said = verdicts(server, [ALICE, DAVE, PLAIN, NOBODY], **IN_VIRTUAL)
    assert words == ['redirect', 'pass', 'pass', 'reject'], said
    lines = {'must-see': LINE, **IN_VIRTUAL}
    assert verdicts(server, [ALICE, PLAIN, NOBODY], **lines)[0] == ['redirect', 'pass', 'reject']
    assert kind(write(server, **IN_VIRTUAL)) == 'OpenLDAP'


def test_virtual_view_that_hides_owners(new_slapd, view, verdicts):
    server = view(new_slapd(acl=f'access to attrs=sdrOwner by * none\n{READ_ALL}'))
    words, said = verdicts(server, [ALICE, PLAIN], **IN_VIRTUAL)
    assert words == ['defer'] * 2, said
    words, said = verdicts(server, [NOBODY], **{'must-see': LINE, **IN_VIRTUAL})
    assert words == ['defer'] and f'must-see = {LINE}: the entry shows no owner' in said, said


def test_copy_of_a_virtual_view(new_slapd, view, new_sync):
    server = view(new_slapd())
    sync = new_sync(server, directory_corp=IN_VIRTUAL)
    sync.once()
    assert sync.ask(ALICE, PLAIN, NOBODY) == ['redirect alice@hosted.example.com', 'pass', 'reject']


@pytest.mark.parametrize('method', ['auto', 'syncrepl'])
def test_copy_of_a_relay_is_never_wrong(new_slapd, new_sync, method):
    """Its server has content synchronization, but for the other suffix."""
    view = '\n'.join(['database relay', f'suffix "{VIRTUAL}"', f'relay "{SUFFIX}"', 'overlay rwm',
                      f'rwm-suffixmassage "{VIRTUAL}" "{SUFFIX}"'])
    server = new_slapd(acl=f'{default_acl()}{view}\n',
                       options='moduleload back_relay\nmoduleload rwm')
    sync = new_sync(server, directory_corp={'sync': method, **IN_VIRTUAL})
    sync.start('-v')
    wait_for(lambda: sync.lines('corp: up to date'))
    server.modify(f'dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\n'
                  'replace: sdrOwner\nsdrOwner: onprem\n')
    server.modify(f'dn: uid=dave,ou=people,{SUFFIX}\nchangetype: delete\n')
    wait_for(lambda: sync.ask(ALICE, DAVE, NOBODY) == ['pass', 'reject', 'reject'], 20)


# --- a part of the tree that is away ---

def test_part_that_is_away(new_slapd, new_proxy, verdicts):
    """back-meta answers for it with "success" and no entries."""
    part = new_slapd(PEOPLE, anonymous_read=True)
    part.modify(f'dn: {READER_DN}\nchangetype: modify\nadd: objectClass\n'
                'objectClass: inetLocalMailRecipient\n-\n'
                'add: mailLocalAddress\nmailLocalAddress: router@example.com\n')
    options = {'bind': None, 'bind-dn': None, 'password-file': None}
    lines = {'must-see': [LINE, 'router@example.com']}
    whole = new_proxy(back_meta(people=part.uri, services=part.uri))
    words, said = verdicts(whole, [DAVE, NOBODY], **options, **lines)
    assert words == ['pass', 'reject'], said
    rest = new_proxy(back_meta(people=part.uri, services=f'ldap://127.0.0.1:{free_port()}'))
    assert verdicts(rest, [NOBODY], **options)[0] == ['reject']  # it cannot be known
    words, said = verdicts(rest, [DAVE, NOBODY], **options, **lines)
    assert words == ['defer'] * 2, said
    assert 'must-see = router@example.com: no entry with that address was found' in said


# --- connections that lose what is behind them ---

def test_target_of_a_proxy_that_was_restarted(new_slapd, new_proxy, write, talk):
    """Then back-ldap queries it anonymously, or is unavailable (2.6), on every connection that was in use
    before."""
    server = new_slapd()
    asked = talk(write(new_proxy(back_ldap(server, 'rebind-as-user no'))))
    assert [asked.ask(r)['verdict'] for r in [ALICE, NOBODY]] == ['redirect', 'reject']
    for _ in range(2):
        server.stop()
        server.start()
        assert [asked.ask(r)['verdict'] for r in [ALICE, NOBODY]] == ['redirect', 'reject']


class Balancer(Tap):
    """Passes each new connection to the next server, like one name for several servers."""

    def __init__(self, *servers):
        self._turn = cycle(servers)
        super().__init__('127.0.0.1', 0)
        self.uri = f'ldap://127.0.0.1:{self.port}'

    def _connect(self):
        return socket.create_connection(('127.0.0.1', next(self._turn).port))


def test_one_name_for_servers_that_differ(new_slapd, write, stop_later):
    """Each connection proves itself: one to a server that is still being filled is not used."""
    whole, filling = new_slapd(), new_slapd(person('dave'))
    balancer = Balancer(whole, filling)
    stop_later(balancer.stop)
    conf = write(balancer, **{'must-see': LINE})
    said = [sdrctl.run(conf, 'route', ALICE).stdout for _ in range(4)]
    assert [line.split(': ')[1].split()[0] for line in said] == ['redirect', 'defer'] * 2, said


# --- 389 Directory Server ---

BROAD = 'targetattr!="userPassword || aci"'
PRECISE = ('targetattr="objectClass || mail || mailLocalAddress || sdrAddress || sdrOwner || '
           'sdrRoutingAddress || sdrHold"')


def ds_people(server):
    server.add(PEOPLE)
    return server


@pytest.mark.parametrize('acis, expected', [
    ([ds389.READER_ACI], ['redirect', 'pass', 'reject']),
    ([ds389.aci('reader', PRECISE, 'read,search,compare')], ['redirect', 'pass', 'reject']),
    ([ds389.aci('reader', PRECISE, 'read,search')], ['redirect', 'pass', 'reject']),
    ([ds389.aci('all', f'{BROAD[:-1]} || sdrOwner"', 'read,search,compare'),
      ds389.aci('owner', 'targetattr="sdrOwner"', 'search,compare')], ['defer', 'defer', 'reject']),
    ([ds389.aci('reader', f'{BROAD[:-1]} || sdrAddress"', 'read,search,compare')],
     ['redirect', 'pass', 'defer']),
    ([ds389.aci('reader', BROAD, 'compare')], ['defer'] * 3),
], ids=['all', 'precise', 'no compare', 'owner not read', 'aliases hidden', 'compare alone'])
def test_389ds(ds, write, verdicts, acis, expected):
    ds_people(ds).set_acis(acis)
    words, said = verdicts(ds, [ALICE, PLAIN, NOBODY])
    assert words == expected, said
    assert kind(write(ds)) == '389 Directory Server'


BARE = f'''dn: uid=bare,ou=people,{SUFFIX}
objectClass: inetOrgPerson
cn: bare
sn: bare
mail: bare@example.com

'''


@pytest.mark.parametrize('acis, expected', [
    ([ds389.aci('reader', PRECISE, 'read,search')], ['pass', 'reject']),
    ([ds389.aci('reader', f'{BROAD[:-1]} || sdrOwner"', 'read,search')], ['defer', 'reject']),
    ([ds389.aci('reader', f'{BROAD[:-1]} || mailLocalAddress"', 'read,search')],
     ['pass', 'defer']),
], ids=['all', 'owner hidden', 'aliases hidden'])
def test_389ds_nobody_has_a_class_of_the_profile(ds, verdicts, acis, expected):
    """It reports no right to an attribute that the entry cannot have."""
    ds.add(BARE)
    ds.set_acis(acis)
    words, said = verdicts(ds, ['bare@example.com', NOBODY])
    assert words == expected, said


def test_389ds_anonymously(ds, write, verdicts):
    """It reports no access rights."""
    ds_people(ds).set_acis([ds389.aci('all', PRECISE, 'read,search,compare', 'anyone')])
    options = {'bind': None, 'bind-dn': None, 'password-file': None}
    recipients = [ALICE, PLAIN, NOBODY]
    words, said = verdicts(ds, recipients, **options)
    assert words == ['redirect', 'defer', 'reject'] and ADD_LINE in said, said
    words, said = verdicts(ds, recipients, **options, **{'must-see': LINE})
    assert words == ['redirect', 'pass', 'reject'], said
    assert any(ADD_LINE in line for line in findings(write(ds, **options), 'access'))


@pytest.mark.parametrize('option', ['owner-attribute', 'hold-attribute', 'routing-address-attribute'])
def test_389ds_misspelt(ds, verdicts, option):
    words, said = verdicts(ds_people(ds), [ALICE, DAVE], **{option: 'sdrOwnr'})
    assert words == ['defer'] * 2 and 'the schema has no attribute sdrOwnr' in said, said


def test_389ds_without_the_attributes_of_the_profile(new_ds, verdicts):
    """Then the entries cannot have values of them."""
    people = PEOPLE.replace("objectClass: inetLocalMailRecipient\n", "")
    server = new_ds(schema=[ds389.SCHEMA], ldif=people,
                    acis=[ds389.aci("reader", PRECISE.replace(" || mailLocalAddress", ""), "read,search")])
    words, said = verdicts(server, [DAVE, 'dave+news@example.com', NOBODY])
    assert words == ['pass', 'pass', 'reject'], said


def test_389ds_part_that_is_away(new_ds, verdicts):
    """As during an import of its entries: "success" and no entries."""
    branch = f'ou=branch,{SUFFIX}'
    server = new_ds()
    server.add_suffix('branch', branch, parent=SUFFIX)
    server.add(f'dn: {branch}\nobjectClass: organizationalUnit\nou: branch\n\n'
               + person('carol', sdrOwner='hosted').replace(f'ou=people,{SUFFIX}', branch))
    lines = {'must-see': ['carol@example.com hosted', LINE]}
    recipients = ['carol@example.com', DAVE, NOBODY]
    assert verdicts(server, recipients, **lines)[0] == ['redirect', 'pass', 'reject']
    server.set_suffix(branch, 'disabled')
    assert verdicts(server, recipients)[0] == ['reject', 'pass', 'reject']  # it cannot be known
    words, said = verdicts(server, recipients, **lines)
    assert words == ['defer'] * 3 and lines['must-see'][0] in said, said


def test_389ds_check(ds, write):
    ds_people(ds)
    assert any('owner, routing address and hold can be read' in line
               for line in findings(write(ds), 'access'))
    ds.set_acis([ds389.aci('all', f'{BROAD[:-1]} || sdrHold"', 'read,search,compare')])
    assert any('sdrHold of ' in line and 'no read access' in line
               for line in findings(write(ds), 'access'))


# --- a copy ---

def test_copy_of_what_may_not_be_read(new_slapd, new_sync):
    """There is no copy, and no further change once it is hidden."""
    server = new_slapd(config_admin=True)
    sync = new_sync(server)
    sync.once()
    assert sync.ask(ALICE, PLAIN) == ['redirect alice@hosted.example.com', 'pass']
    server.change_acl(f'access to attrs=sdrOwner by * search\n{READ_ALL}')
    server.modify(f'dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\nreplace: sn\nsn: x\n')
    assert 'it may be searched, but not read' in sync.once(ok=(75,)).stderr
    assert sync.ask(ALICE) == ['redirect alice@hosted.example.com']


def test_copy_of_a_proxy(ad_behind_proxy, new_sync):
    """Only with a must-see address, and not while that is hidden."""
    server, proxy = ad_behind_proxy
    assert ADD_LINE in new_sync(proxy, directory_corp=SLOW).once(ok=(75,)).stderr
    sync = new_sync(proxy, directory_corp={'must-see': LINE, **SLOW})
    sync.once()
    assert sync.ask(ALICE, DAVE) == ['redirect alice@hosted.example.com', 'pass']
    hide(server, 'sdrOwner')
    assert 'the entry shows no owner' in sync.once(ok=(75,)).stderr
    assert sync.ask(ALICE, DAVE) == ['redirect alice@hosted.example.com', 'pass']


# --- a balancer that forgets connections ---

SO_ATTACH_FILTER = 26
RETURN_NOTHING = struct.pack('HBBI', 6, 0, 0, 0)


def let_nothing_in(connection):
    """A filter of one instruction that drops each incoming packet, so that it is not acknowledged."""
    program = ctypes.create_string_buffer(RETURN_NOTHING)
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                          struct.pack('HP', 1, ctypes.addressof(program)))


class Forgetful(Balancer):
    """It forgets connections silently, as balancers and firewalls do with idle ones."""

    def __init__(self, *servers):
        self._clients = []
        super().__init__(*servers)

    def talk(self, client):
        self._clients.append(client)
        super().talk(client)

    def forget(self):
        for client in self._clients:
            with contextlib.suppress(OSError):
                let_nothing_in(client)
        self._clients.clear()


def test_connections_forgotten_without_a_word(new_slapd, write, stop_later, talk):
    balancer = Forgetful(new_slapd())
    stop_later(balancer.stop)
    asked = talk(write(balancer, timeout='10'))
    for recipient, verdict in [(ALICE, 'redirect'), (NOBODY, 'reject'), (DAVE, 'pass')]:
        assert asked.ask(recipient)['verdict'] == verdict
        balancer.forget()


def test_each_connection_proves_for_itself(new_slapd, write, stop_later, talk):
    """What one connection has seen and proven says nothing about the other."""
    balancer = Forgetful(new_slapd(), new_slapd(person('dave')))
    stop_later(balancer.stop)
    asked = talk(write(balancer, **{'must-see': LINE, 'timeout': '8'}))
    for verdicts in [['redirect', 'pass', 'reject'], 3 * ['defer'], ['redirect', 'pass', 'reject']]:
        assert [asked.ask(r)['verdict'] for r in [ALICE, DAVE, NOBODY]] == verdicts
        balancer.forget()


@pytest.mark.parametrize('log, late', [('', 0), ('syncprov-sessionlog 100', 1)])
def test_copy_by_one_name_for_several(new_slapd, new_sync, stop_later, log, late):
    """The cookie and entry IDs of one server mean nothing to the other."""
    servers = [new_slapd(options=log), new_slapd(options=log)]
    servers[late].modify(f'dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: sn\nsn: x\n')
    balancer = Forgetful(*servers)
    stop_later(balancer.stop)
    sync = new_sync(balancer, directory_corp={'timeout': '5'}, replica={'unknown-max-age': '5'})
    sync.start('-v')
    wait_for(lambda: sync.lines('corp: up to date'))
    for owner, verdict in [('onprem', 'pass'), ('hosted', 'redirect alice@hosted.example.com')]:
        balancer.forget()
        for server in servers:
            server.modify(f'dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\n'
                          f'replace: sdrOwner\nsdrOwner: {owner}\n')
        wait_for(lambda: sync.ask(ALICE) == [verdict], 30)  # pylint: disable=cell-var-from-loop
        assert sync.ask(DAVE, PLAIN) == ['pass', 'pass'], sync.log()
    sync.wait_well()


def test_copy_by_one_name_with_a_mirror_that_lags(new_slapd, new_sync, stop_later, scratch):
    """A new entry is not removed because the next server does not have it yet."""
    first, late = new_slapd(), new_slapd()
    for server, back in [(first, False), (late, True)]:
        server.stop()
        server.copy_data(scratch / 'data', back=back)
        server.start()
    balancer = Forgetful(first, late, late, first, first)
    stop_later(balancer.stop)
    sync = new_sync(balancer, directory_corp={'timeout': '5'}, replica={'unknown-max-age': '15'})
    sync.start('-v')
    wait_for(lambda: sync.lines('corp: up to date'))
    first.add(person('carol', sdrOwner='hosted'))
    carol = 'carol@example.com'
    wait_for(lambda: sync.ask(carol) == ['redirect carol@hosted.example.com'])
    balancer.forget()
    wait_for(lambda: sync.lines('newer than provider'))
    wait_for(lambda: len(sync.lines('corp: up to date')) == 2)
    assert sync.ask(carol) == ['redirect carol@hosted.example.com']
    assert len(sync.lines('reading everything')) == 1
