"""test_directory.py - a directory that is down, slow, hidden, empty or wrong: sdr never guesses

SPDX-License-Identifier: BSD-2-Clause
"""
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

import slapd as ldap
import world
from proc import PATIENCE
from tls import CA
from world import person

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
ALICE_HOSTED = 'alice@hosted.example.com'
AWAY, MISTAKE, UNKNOWN = '451 4.4.3', '451 4.3.5', '550 5.1.1'
TIMEOUT = 5  # where the server is frozen


def replies(mta, *rcpts, **options):
    """'451 4.4.3' for each recipient; '250 2.1.5' where it is accepted."""
    sent = mta.send(list(rcpts), **options)
    return [f'{r.code} {r.text.split()[0]}' for r in sent.rcpts]


def dn(uid):
    return f'uid={uid},ou=people,{ldap.SUFFIX}'


def replace(uid, attribute, value):
    return f'dn: {dn(uid)}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n'


def remove(uids):
    return '\n'.join(f'dn: {dn(uid)}\nchangetype: delete\n' for uid in uids)


def option(value):
    return value if value is None or isinstance(value, list) else str(value)


@pytest.fixture
def start(new_milter, conf):
    """start(**options of the directory): a running milter."""
    def make(*options, **changes):
        directory = {name.replace('_', '-'): option(value) for name, value in changes.items()}
        return new_milter(conf(directory_corp=directory)).start(*options)
    return make


@pytest.fixture
def answered_in_time(mta):
    """The replies, which must arrive soon after the timeout."""
    def ask(*rcpts):
        begin = time.monotonic()
        with mta.client() as client:
            client.mail()
            result = []
            for rcpt in rcpts:
                begin = time.monotonic()
                result.append(client.rcpt(rcpt))
                assert time.monotonic() - begin < TIMEOUT + PATIENCE
        return [f'{r.code} {r.text.split()[0]}' for r in result]
    return ask


def redirected(deliver):
    """A message for Alice and Dave arrives exactly once in each right place; no recipient is rejected."""
    sent, got = deliver([ALICE, NOBODY, DAVE])
    assert [r.code for r in sent.rcpts] == [250, 550, 250]
    assert got == Counter([ALICE_HOSTED, DAVE])


# --- away and back ---

@pytest.mark.usefixtures('milter')
def test_stopped_and_started(slapd, mta, sink, deliver):
    slapd.stop()
    assert replies(mta, ALICE, DAVE, NOBODY) == [AWAY] * 3
    assert sink.transactions == []
    slapd.start()
    redirected(deliver)


@pytest.mark.usefixtures('milter')
def test_stopped_after_the_first_message(slapd, mta, deliver):
    redirected(deliver)
    slapd.stop()
    assert replies(mta, ALICE, NOBODY) == [AWAY] * 2
    slapd.start()
    redirected(deliver)


@pytest.mark.threads
@pytest.mark.parametrize('used', [False, True], ids=['new connection', 'pooled connection'])
@pytest.mark.parametrize('scheme', ['ldap', 'ldaps'])
def test_frozen(slapd, start, deliver, answered_in_time, ca, used, scheme):
    start(timeout=TIMEOUT, tls_ca_file=ca.cert,
          uri=slapd.uri if scheme == 'ldap' else slapd.ldaps_uri)
    if used:
        redirected(deliver)
    slapd.freeze()
    assert answered_in_time(ALICE, NOBODY) == [AWAY] * 2
    slapd.thaw()
    redirected(deliver)


def test_frozen_for_many_at_once(slapd, start, deliver, answered_in_time):
    """A query that waits for a connection waits no longer than one that has a connection."""
    start(timeout=TIMEOUT, max_connections=1)
    slapd.freeze()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answered_in_time, [ALICE] * 8)) == [[AWAY]] * 8
    slapd.thaw()
    redirected(deliver)


@pytest.mark.usefixtures('milter')
@pytest.mark.threads
@pytest.mark.parametrize('end', ['stop', 'kill'])
def test_restarted_between_two_messages(slapd, deliver, end):
    redirected(deliver)
    getattr(slapd, end)()
    slapd.start()
    redirected(deliver)


@pytest.mark.usefixtures('milter')
def test_restarted_within_a_message(slapd, mta, sink):
    with mta.client() as client:
        client.mail()
        assert client.rcpt(ALICE).code == 250
        slapd.stop()
        slapd.start()
        assert client.rcpt(DAVE).code == 250
        assert client.data(b'Message-ID: <within@client.test>\r\n\r\nHello\r\n').code == 250
    mta.wait_empty()
    assert sink.recipients('within@client.test') == Counter([ALICE_HOSTED, DAVE])


# --- it answers, but sees too little ---

@pytest.mark.parametrize('acl', [ldap.NO_ACCESS, ldap.BLIND], ids=['no access', 'blind'])
def test_reader_without_access(new_slapd, start, postfix, acl):
    start(uri=new_slapd(acl=acl).uri)
    assert replies(postfix, ALICE, DAVE, NOBODY) == [AWAY] * 3


def test_access_taken_away_while_connected(new_slapd, start, mta, deliver):
    server = new_slapd(config_admin=True)
    start(uri=server.uri)
    redirected(deliver)
    server.change_acl(ldap.BLIND)
    assert replies(mta, ALICE, NOBODY) == [AWAY] * 2


@pytest.mark.parametrize('attributes, known', [
    ('mial', AWAY),
    (['mail', 'mailLokalAddress'], '250 2.1.5'),
    (['mailLokalAddress', 'mail'], '250 2.1.5'),
    # in the schema, but no entry has a value
    (['mail', 'sdrRoutingAddress'], '250 2.1.5'),
])
def test_misspelt_address_attribute(start, postfix, sink, attributes, known):
    milter = start(address_attribute=attributes)
    assert replies(postfix, NOBODY) == [AWAY]
    assert replies(postfix, ALICE) == [known]
    postfix.wait_empty()
    assert [t.recipients for t in sink.transactions] == [[ALICE_HOSTED]] * (known != AWAY)
    assert milter.lines('misspelt, not readable, or the tree is empty')


@pytest.mark.parametrize('used', [False, True], ids=['new connection', 'pooled connection'])
def test_emptied_tree(slapd, start, postfix, deliver, used):
    start()
    if used:
        redirected(deliver)
    slapd.modify(remove(['alice', 'dave', 'bob', 'both', 'held', 'plain']))
    assert replies(postfix, ALICE, DAVE, NOBODY) == [AWAY] * 3
    slapd.add(person('alice', sdrOwner='hosted') + person('dave'))
    redirected(deliver)


@pytest.mark.usefixtures('milter')
def test_deleted_person_is_unknown(slapd, mta, deliver):
    """If the entry that proved the connection is deleted, the remaining ones prove it."""
    redirected(deliver)
    slapd.modify(remove(['alice']))
    assert replies(mta, ALICE) == [UNKNOWN]
    slapd.modify(remove(['dave', 'bob', 'both', 'held']))
    assert replies(mta, DAVE, 'plain@example.com') == [UNKNOWN, '250 2.1.5']


@pytest.mark.parametrize('base', [f'ou=nowhere,{ldap.SUFFIX}', 'dc=example,dc=net'])
def test_search_base_that_does_not_exist(start, postfix, base):
    milter = start(search_base=base)
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2
    assert milter.lines('No such object')


def test_search_base_without_people(start, postfix):
    start(search_base=f'ou=services,{ldap.SUFFIX}')
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2


def test_bad_filter(start, postfix):
    start(filter='(&(mail=*)')
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2


def test_size_limit_of_the_server(new_slapd, start, postfix):
    """The server reports that there are more entries than it shows."""
    twins = ''.join(person(f'twin{i}', mail='twin@example.com') for i in range(3))
    start(uri=new_slapd(world.PEOPLE + twins, options='sizelimit 2').uri)
    assert replies(postfix, 'twin@example.com', ALICE) == [AWAY, '250 2.1.5']


# --- who asks, and how safely ---

def test_wrong_password(start, scratch, mta):
    folder = scratch / 'wrong'
    folder.mkdir()
    folder.chmod(0o755)
    milter = start('-v', password_file=world.password_file(folder, 'hunter2 is wrong'))
    assert replies(mta, ALICE, NOBODY) == [AWAY] * 2
    assert milter.lines('Invalid credentials')
    assert 'hunter2' not in milter.log()


def test_password_is_never_logged(slapd, start, postfix, deliver):
    milter = start('-v')
    redirected(deliver)
    milter.reload()
    slapd.stop()
    assert replies(postfix, ALICE) == [AWAY]
    assert ldap.READER_PASSWORD not in milter.log()
    assert ldap.READER_PASSWORD.encode().hex() not in milter.log()


def test_anonymous(new_slapd, start, deliver):
    start(uri=new_slapd(anonymous_read=True).uri, bind='none', bind_dn=None, password_file=None)
    redirected(deliver)


def test_anonymous_where_that_may_not_read(start, postfix):
    start(bind='none', bind_dn=None, password_file=None)
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2


def test_ldapi(slapd, start, deliver):
    # Its socket belongs to root; a distribution's slapd opens it to everybody.
    slapd.folder.joinpath('ldapi').chmod(0o777)
    start(uri=slapd.ldapi_uri)
    redirected(deliver)


def test_ldaps(slapd, start, deliver, ca):
    start(uri=slapd.ldaps_uri, tls_ca_file=ca.cert)
    redirected(deliver)
    assert 'TLS established' in slapd.log()


def test_start_tls(slapd, start, deliver, ca):
    start(start_tls='yes', tls_ca_file=ca.cert)
    redirected(deliver)
    assert 'TLS established' in slapd.log()


@pytest.fixture(params=['ldaps', 'start-tls'])
def encrypted(request):
    """Options for a TLS connection to this server, by ldaps or StartTLS."""
    def options(server):
        if request.param == 'ldaps':
            return {'uri': server.ldaps_uri}
        return {'uri': server.uri, 'start_tls': 'yes'}
    return options


def test_wrong_authority(slapd, start, postfix, scratch, encrypted):
    milter = start(**encrypted(slapd), tls_ca_file=CA(scratch / 'other').cert)
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2
    assert milter.lines('TLS: ')
    assert ' BIND ' not in slapd.log()


def test_wrong_name(new_slapd, start, postfix, ca, encrypted):
    server = new_slapd(tls=ca.issue('elsewhere', 'IP:127.0.0.2,DNS:elsewhere.test'))
    milter = start(**encrypted(server), tls_ca_file=ca.cert)
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2
    assert milter.lines('TLS: ')
    assert ' BIND ' not in server.log()


def test_wrong_authority_that_is_not_looked_at(slapd, start, deliver, scratch, encrypted):
    start(**encrypted(slapd), tls_ca_file=CA(scratch / 'other').cert, tls_require_cert='no')
    redirected(deliver)


def test_start_tls_without_tls(new_slapd, start, postfix, ca):
    server = new_slapd(tls=None)
    milter = start(uri=server.uri, start_tls='yes', tls_ca_file=ca.cert)
    assert replies(postfix, ALICE, NOBODY) == [AWAY] * 2
    assert milter.lines('StartTLS: ')
    assert ' BIND ' not in server.log()


# --- what is asked ---

@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('local', [
    '*', 'a*', '*e', 'al*ce', 'alice*', r'"\*"', '"(x)"', '"alice)(mail=*"', '"*)(|(mail=*"',
    '"alice)"', '"(alice"', '"a&b"', '&', '|', '=', '~', '"<"', '">="', '"alice,"',
    r'"\\2a"', r'"\\"', r'"a\\6cice"', '"alice "', '" alice"'])
def test_no_recipient_is_a_filter(mta, local):
    assert replies(mta, f'{local}@example.com') == [UNKNOWN]


@pytest.mark.parametrize('local', ['!', 'alice!', '%', '%s', '%2a', 'alice%'])
def test_no_recipient_is_a_format(new_postfix, scratch, new_milter, slapd, local):
    """Postfix takes these for source routes unless configured not to."""
    postfix = new_postfix(milters=[f'unix:{world.SOCKET}'],
                          main={'swap_bangpath': 'no', 'allow_percent_hack': 'no',
                                'allow_untrusted_routing': 'yes'})
    new_milter(world.conf(
        directory_corp={'uri': slapd.uri, 'password-file': str(world.password_file(scratch))},
        milter={'socket': f'unix:{postfix.queue_folder / world.SOCKET}'})).start()
    assert replies(postfix, f'{local}@example.com') == [UNKNOWN]


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('local, value', [
    ('a*b', 'a*b'), ('*', '*'), ('"(x)"', '(x)'), (r'"a\\b"', 'a\\b'),
    ('"x)(mail=*"', 'x)(mail=*')])
def test_metacharacters_match_themselves(slapd, deliver, local, value):
    slapd.add(person('odd', mail=f'{value}@example.com', sdrOwner='hosted'))
    sent, got = deliver([f'{local}@example.com', 'ab@example.com'])
    assert [r.code for r in sent.rcpts] == [250, 550]
    assert got == Counter([f'{local}@hosted.example.com'])


# --- what is answered ---

@pytest.mark.usefixtures('milter')
def test_two_entries_that_disagree(slapd, mta, deliver):
    slapd.add(person('twin1', mail='twin@example.com', sdrOwner='hosted')
              + person('twin2', mail='twin@example.com', sdrOwner='onprem'))
    assert replies(mta, 'twin@example.com') == [MISTAKE]
    slapd.modify(replace('twin2', 'sdrOwner', 'hosted'))
    _, got = deliver(['twin@example.com'])
    assert got == Counter(['twin@hosted.example.com'])


def test_owner_that_no_site_answers_to(slapd, mta, milter):
    slapd.add(person('lost', sdrOwner='elsewhere') + person('half', sdrOwner=['onprem', 'else']))
    assert replies(mta, 'lost@example.com', 'half@example.com') == [MISTAKE] * 2
    assert len(milter.lines('an owner that no site answers to')) == 2
    assert all(line.startswith('<3>') for line in milter.lines('an owner that no site answers to'))


@pytest.mark.usefixtures('milter')
def test_changed_owner_is_followed(slapd, deliver):
    for owner, reached in [('onprem', ALICE), ('hosted', ALICE_HOSTED), ('onprem', ALICE)]:
        slapd.modify(replace('alice', 'sdrOwner', owner))
        _, got = deliver([ALICE])
        assert got == Counter([reached])


@pytest.mark.usefixtures('milter')
def test_changed_owner_within_a_connection(slapd, mta, sink):
    with mta.client() as client:
        for owner in ['hosted', 'onprem']:
            slapd.modify(replace('alice', 'sdrOwner', owner))
            client.mail()
            assert client.rcpt(ALICE).code == 250
            content = f'Message-ID: <{owner}@client.test>\r\n\r\nHello\r\n'
            assert client.data(content.encode()).code == 250
    mta.wait_empty()
    assert sink.recipients('hosted@client.test') == Counter([ALICE_HOSTED])
    assert sink.recipients('onprem@client.test') == Counter([ALICE])


# --- the pool ---

def test_no_more_connections_than_allowed(slapd, start, mta, sink):
    start(max_connections=2)
    before = slapd.log().count(' ACCEPT from ')
    with ThreadPoolExecutor(30) as pool:
        all_sent = list(pool.map(mta.send, [[ALICE, NOBODY, DAVE]] * 30))
    mta.wait_empty(30)
    assert 1 <= slapd.log().count(' ACCEPT from ') - before <= 2
    for sent in all_sent:
        assert [r.code for r in sent.rcpts] == [250, 550, 250]
        assert sink.recipients(sent.message_id) == Counter([ALICE_HOSTED, DAVE])


# --- the log ---

ODD = 'x\u202ey\u2028\u200b\x1b[31m\x7f'
ODD_ENTRY = '\n'.join([
    'dn:: ' + world.ldif_line('', f'uid={ODD},ou=people,{ldap.SUFFIX}').split(': ')[1],
    'objectClass: inetOrgPerson', 'objectClass: sdrRecipient', 'cn: odd', 'sn: odd',
    world.ldif_line('uid', ODD), 'mail: odd@example.com', world.ldif_line('sdrOwner', ODD),
    world.ldif_line('sdrAddress', f'"{ODD}"@example.com'), '', ''])


# Debian's Sendmail rejects octets above 7F in an address.
@pytest.mark.parametrize('options', [(), ('-v',)], ids=['usual', 'verbose'])
def test_log_is_clean(slapd, start, postfix, options):
    slapd.add(ODD_ENTRY)
    milter = start(*options)
    assert replies(postfix, 'odd@example.com') == [MISTAKE]
    for local in ['a\x1b[31mb', 'a\x07b', 'a\x7fb', 'a\tb', 'a\u202eb', 'a\u0085b', 'a\u2028b',
                  ODD]:
        postfix.send([f'<"{local}"@example.com>'.encode()], mail_args='SMTPUTF8')
    postfix.send([b'<"a\x80\xffb"@example.com>', b'<"a\rb"@example.com>'])
    assert milter.lines('odd@example.com') and milter.lines('a\\xE2\\x80\\xAEb')
    text = milter.log_file.read_bytes().decode('utf-8')
    assert all(c == '\n' or c.isprintable() for c in text)
    assert all(line.startswith('<') for line in text.splitlines())
