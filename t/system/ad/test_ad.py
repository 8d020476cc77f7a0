"""test_ad.py - Active Directory: accounts, connections, and errors

SPDX-License-Identifier: BSD-2-Clause
"""
import time

import pytest

import samba
import sdrctl
import world
from adldif import person
from proc import PATIENCE, wait_for
from slapd import READER_DN, READER_PASSWORD, SUFFIX

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
PEOPLE = person('alice', sdrOwner='hosted') + person('dave', sdrOwner='onprem')
AWAY = '451 4.4.3'
TIMEOUT = 12  # if a server is silent: a busy one must need less than half of it


@pytest.fixture
def options(scratch, ca):
    """The options of the directory at this URI."""
    def make(uri, **changes):
        changes = {name.replace('_', '-'): value for name, value in changes.items()}
        return {'uri': uri, 'tls-ca-file': str(ca.cert), 'password-file': str(world.password_file(scratch)), **changes}
    return make


@pytest.fixture
def write(scratch, options):
    """write(uri, ...): an sdr.conf."""
    def make(uri, **changes):
        return sdrctl.write_conf(scratch, world.conf(directory_corp=options(uri, **changes)))
    return make


@pytest.fixture
def people(ad):
    ad.add(PEOPLE)
    return ad


def verdicts(conf, *recipients):
    return [line.split(': ')[1].split(' (')[0]
            for line in sdrctl.run(conf, 'route', *recipients).stdout.splitlines()]


def deferred(conf):
    """The reason why mail is deferred."""
    done = sdrctl.run(conf, 'route', ALICE, NOBODY)
    lines = done.stdout.splitlines()
    assert [AWAY in line for line in lines] == [True, True], done.stdout
    return lines[0]


ROUTED = ['redirect to alice@hosted.example.com', 'pass', 'reject 550 5.1.1 User unknown']


# --- encryption, ports, names ---

@pytest.mark.parametrize('scheme, port', [
    ('ldaps', ''), ('ldaps', ':3269'), ('ldap', ''), ('ldap', ':3268')],
    ids=['ldaps', 'global catalog ldaps', 'start-tls', 'global catalog start-tls'])
@pytest.mark.parametrize('name', [READER_DN, 'router@example.com', r'EXAMPLE\router'])
def test_simple_bind(people, write, scheme, port, name):
    conf = write(f'{scheme}://{people.address}{port}', bind_dn=name,
                 start_tls='yes' if scheme == 'ldap' else None)
    assert verdicts(conf, ALICE, DAVE, NOBODY) == ROUTED


def test_without_encryption(people, write):
    why = deferred(write(people.uri))
    assert 'the server requires encryption: use ldaps://, or start-tls = yes' in why


def test_without_a_name(people, write):
    why = deferred(write(people.ldaps_uri, bind=None, bind_dn=None, password_file=None))
    assert 'the server requires authentication: set bind' in why


# --- refused, in words ---

FOREVER_LOCKED = '9223372036854775807'
REFUSED = {
    'wrong password': ({}, 'wrong password, or no such account'),
    'disabled': ({'userAccountControl': '514'}, 'the account is disabled'),
    'must change': ({'pwdLastSet': '0'}, 'the password must be changed first'),
    'expired': ({'accountExpires': '116444736000000000'}, 'the account has expired'),
    'never at this hour': ({'logonHours:': 'AAAAAAAAAAAAAAAAAAAAAAAAAAAA'},
                           'the account may not log on at this time'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_refused_in_words(people, write, scratch, case):
    attributes, words = REFUSED[case]
    people.add(samba.user('other', READER_PASSWORD, **attributes))
    folder = scratch / 'other'
    folder.mkdir()
    password = world.password_file(folder, READER_PASSWORD if attributes else 'hunter2')
    try:
        why = deferred(write(people.ldaps_uri, bind_dn='other@example.com',
                             password_file=str(password)))
    finally:
        people.remove(f'CN=other,OU=services,{SUFFIX}')
    assert words in why
    assert READER_PASSWORD not in why and 'hunter2' not in why


def test_unknown_account(people, write):
    why = deferred(write(people.ldaps_uri, bind_dn='stranger@example.com'))
    assert 'wrong password, or no such account' in why


def test_locked_account(people, write, scratch):
    domain = f'dn: {SUFFIX}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: '
    people.add(samba.user('other', 'another password'))
    people.modify(f'{domain}1\n')
    try:
        conf = write(people.ldaps_uri, bind_dn='other@example.com')
        assert 'wrong password' in deferred(conf)
        world.password_file(scratch, 'another password')
        assert 'the account is locked' in deferred(conf)
    finally:
        people.modify(f'{domain}0\n')
        people.remove(f'CN=other,OU=services,{SUFFIX}')


# --- what it answers ---

def test_check(people, write):
    people.add(person('other', sdrRoutingAddress='other@onprem.example.com', sdrHold='TRUE'))
    done = sdrctl.run(write(people.ldaps_uri), 'check', 'directory')
    assert done.returncode == 0
    assert 'WRONG' not in done.stdout and 'warning' not in done.stdout, done.stdout


# --- two domain controllers; the second one says that Alice is here ---

@pytest.fixture
def pair(new_ad):
    return new_ad(PEOPLE), new_ad(person('alice', sdrOwner='onprem') + person('dave'))


@pytest.fixture
def ask(pair, write, talk):
    """The verdicts for some recipients, from one sdrctl, each in time."""
    asked = talk(write([server.ldaps_uri for server in pair], timeout=str(TIMEOUT)))

    def in_time(*recipients):
        answers = []
        for recipient in recipients:
            begin = time.monotonic()
            answers.append(asked.ask(recipient)['verdict'])
            assert time.monotonic() - begin < TIMEOUT + PATIENCE
        return answers
    return in_time


@pytest.mark.parametrize('used', [False, True], ids=['at first', 'in use'])
@pytest.mark.parametrize('fail, fix', [('stop', 'start'), ('freeze', 'thaw'), ('kill', 'start')])
def test_first_of_two_fails(pair, ask, fail, fix, used):
    first, second = pair
    if used:
        assert ask(ALICE, NOBODY) == ['redirect', 'reject']
    getattr(first, fail)()
    assert ask(ALICE, DAVE, NOBODY) == ['pass', 'pass', 'reject']
    getattr(second, fail)()
    assert ask(ALICE, NOBODY) == ['defer', 'defer']
    getattr(first, fix)()
    getattr(second, fix)()
    assert ask(DAVE, NOBODY) == ['pass', 'reject']


def test_first_of_two_is_asked_again_when_it_is_back(pair, ask):
    pair[0].stop()
    assert ask(ALICE) == ['pass']
    pair[0].start()
    wait_for(lambda: ask(ALICE) == ['redirect'], what='the first server')


def test_restarted_between_two_questions(pair, ask):
    for _ in range(2):
        assert ask(ALICE, DAVE, NOBODY) == ['redirect', 'pass', 'reject']
        pair[0].stop()
        pair[0].start()


# --- two companies, one domain: neither directory has any schema of ours ---

@pytest.fixture
def companies(new_slapd, new_ad, options, scratch):
    """(slapd of this site, AD of the hosted one, conf). The owner of an entry is the owner of its directory.
    """
    ours = new_slapd(world.person('dave', objectClass='inetOrgPerson')
                     + world.person('twice', objectClass='inetOrgPerson'), sdr_schema=False)
    theirs = new_ad(samba.BASE + person('alice') + person('twice'), image=samba.plain_image())
    conf = sdrctl.write_conf(scratch, world.conf(
        directory_corp=options(ours.uri, default_owner='onprem'),
        directory_bought={**world.CONF['directory corp'],
                          **options(theirs.ldaps_uri, default_owner='hosted')}))
    return ours, theirs, conf


FOUND_BY_LESS = 'alice+news@example.com'


@pytest.mark.parametrize('away, expected', [
    (None, ['redirect', 'pass', 'defer', 'reject', 'redirect']),
    ('ours', ['redirect', 'defer', 'redirect', 'defer', 'defer']),
    ('theirs', ['defer', 'pass', 'pass', 'defer', 'defer']),
], ids=['both there', 'ours away', 'theirs away'])
def test_merged_companies(companies, talk, away, expected):
    """An exact match is used. A weaker match is deferred while the silent directory may have a stronger one.
    """
    ours, theirs, conf = companies
    if away:
        (ours if away == 'ours' else theirs).stop()
    asked = talk(conf)
    assert [asked.ask(r)['verdict'] for r in [
        ALICE, DAVE, 'twice@example.com', NOBODY, FOUND_BY_LESS]] == expected


def test_who_is_in_both_companies_is_a_mistake(companies, talk):
    answer = talk(companies[2]).ask('twice@example.com')
    assert answer['reply'].startswith('451 4.3.5')


# --- the log ---

@pytest.fixture
def log_of(people, options, new_milter, conf, postfix):
    """log_of('-v'): a milter that was asked before and after the account was disabled."""
    def make(*arguments):
        account = f'dn: {READER_DN}\nchangetype: modify\nreplace: userAccountControl\n' \
                  'userAccountControl: '
        milter = new_milter(conf(directory_corp=options(people.ldaps_uri))).start(*arguments)
        assert [r.code for r in postfix.send([ALICE, NOBODY]).rcpts] == [250, 550]
        people.modify(f'{account}514\n')
        try:
            milter.reload()
            assert [r.code for r in postfix.send([DAVE]).rcpts] == [451]
        finally:
            people.modify(f'{account}512\n')
        assert milter.lines('the account is disabled')
        return milter
    return make


@pytest.mark.parametrize('arguments', [(), ('-v',)], ids=['usual', 'verbose'])
def test_log_holds_no_password(log_of, arguments):
    log = log_of(*arguments).log()
    assert READER_PASSWORD not in log and READER_PASSWORD.encode().hex() not in log


def test_recipient_is_logged_in_his_own_line_alone(log_of):
    milter = log_of()
    for local in ['alice', 'dave', 'nobody']:
        assert milter.lines(local)
        for line in milter.lines(local):
            assert f'rcpt="<{local}@example.com>" verdict=' in line
            assert local not in line.partition('reason=')[2]
