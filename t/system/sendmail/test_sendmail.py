"""test_sendmail.py - what only Sendmail does to recipients in addition to our edits

Everything else is as in Postfix: in the other files each test runs with both.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import time
from collections import Counter
from itertools import permutations

import pytest

import paths
import world
from mta import INSIDER
from world import person

pytestmark = pytest.mark.usefixtures('sendmail')

ALICE, BOB, BOTH, DAVE, NOBODY = [f'{name}@example.com'
                                  for name in ('alice', 'bob', 'both', 'dave', 'nobody')]
ALICE_HOSTED, BOB_HOSTED, BOTH_HOSTED = [f'{name}@hosted.example.com'
                                         for name in ('alice', 'bob', 'both')]


def codes(sent):
    return [reply.code for reply in sent.rcpts]


@pytest.fixture
def reached(deliver, milter):
    """reached(rcpts): who gets the message; all of them must be accepted."""
    def send(rcpts):
        sent, got = deliver(rcpts, source=INSIDER)
        assert codes(sent) == [250] * len(rcpts), rcpts
        return got
    return send


@pytest.fixture
def deliver_all(sendmail, sink):
    """deliver_all([rcpts, ...], ...): (rcpts, Sent, Counter of who got it) of each; one wait for all."""
    def send(messages, **options):
        sent = [sendmail.send(rcpts, **options) for rcpts in messages]
        sendmail.wait_empty()
        return [(rcpts, s, sink.recipients(s.message_id)) for rcpts, s in zip(messages, sent)]
    return send


# --- it maps a recipient itself: that one is its own, and the others are not touched by it ---

MAPPED = {
    BOB: BOB_HOSTED,
    'desk@example.com': DAVE,
    'boss@example.com': ALICE,
    'away@example.com': ALICE_HOSTED,
    BOTH_HOSTED: 'both@final.test',
    'gone@example.com': 'error:nouser 550 No',
    'lost@hosted.example.com': NOBODY,
    'lost@example.com': 'nobody+x@onprem.example.com',
}


@pytest.fixture
def mapping(sendmail):
    sendmail.set(mc=f"""\
FEATURE(`virtusertable', `{sendmail.map('virtuser', MAPPED)}')dnl
VIRTUSER_DOMAIN(`example.com hosted.example.com')dnl
""")


@pytest.mark.usefixtures('mapping')
@pytest.mark.parametrize('rcpts, expected', [
    ([BOB], [BOB_HOSTED]),
    ([BOB, BOB_HOSTED], [BOB_HOSTED]),
    ([BOB, 'robert@example.com'], [BOB_HOSTED, 'robert@hosted.example.com']),
    (['desk@example.com', DAVE], [DAVE]),
    (['desk@example.com', 'dave@onprem.example.com'], [DAVE]),
    (['boss@example.com'], [ALICE]),
    (['boss@example.com', ALICE], [ALICE_HOSTED]),
    (['boss@example.com', ALICE_HOSTED], [ALICE, ALICE_HOSTED]),
    (['away@example.com'], [ALICE_HOSTED]),
    (['away@example.com', ALICE], [ALICE_HOSTED]),
    (['away@example.com', 'boss@example.com', ALICE, DAVE], [ALICE_HOSTED, DAVE]),
    ([BOTH], [BOTH, 'both@final.test']),
    ([BOTH, BOTH_HOSTED], [BOTH, 'both@final.test']),
])
def test_virtusertable(reached, rcpts, expected):
    for order in permutations(rcpts):
        assert reached(order) == Counter(expected), order


@pytest.mark.usefixtures('mapping', 'milter')
def test_virtusertable_that_refuses(deliver):
    sent, got = deliver(['gone@example.com', ALICE])
    assert codes(sent) == [550, 250]
    assert got == Counter([ALICE_HOSTED])


@pytest.mark.usefixtures('mapping', 'milter')
def test_virtusertable_that_leads_to_nobody(deliver):
    """The address that it makes is unknown."""
    sent, got = deliver(['lost@hosted.example.com', 'lost@example.com', ALICE])
    assert codes(sent) == [550, 550, 250]
    assert got == Counter([ALICE_HOSTED])


ROUTED = [
    '{0}%{1}@onprem.test', '{0}%{1}@localhost', '{0}%{1}@[127.0.0.1]', '{0}%{1}.@onprem.test',
    '{0}%{1}%onprem.test@localhost', '{0}%{1}', '{0}%onprem.test@{1}', '{0}@{1}@onprem.test',
    '{1}!{0}@onprem.test', '{1}!{0}', 'onprem.test!{1}!{0}', 'onprem.test!{1}!{0}@localhost',
    'onprem.test!{0}%{1}@localhost', '{1}!{0}%onprem.test@localhost', '"{0}@{1}"@onprem.test',
    '"{0}%{1}"@onprem.test', '"{1}!{0}"@localhost', '@onprem.test:{0}@{1}', '@{1}:{0}@onprem.test',
    '@{1}:{0}', '@onprem.test:{0}%{1}@localhost', '@{1},@onprem.test:{0}@localhost',
    '@onprem.test,@localhost:{0}@{1}', '@onprem.test:{1}!{0}@localhost', '@localhost:"{0}@{1}"@onprem.test',
]


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('local', ['nosuch', 'NoSuch+x', 'nobody.x'])
def test_unknown_by_way_of_other_hosts(sendmail, local):
    """However Sendmail reads the address, in a split domain or as a user of this host, it is unknown."""
    for domain in 'example.com', 'Onprem.Example.COM':
        sent = sendmail.send([form.format(local, domain) for form in ROUTED])
        accepted = [form for form, code in zip(ROUTED, codes(sent)) if code == 250]
        assert not accepted


ALIASES = """\
team: alice@example.com, dave@example.com, nobody@example.com
ahead: bob@hosted.example.com
pair: both@example.com, someone@elsewhere.test
"""
TEAM = [ALICE, DAVE, NOBODY]


@pytest.mark.parametrize('mode', ['queue', 'background'])
@pytest.mark.parametrize('rcpts, expected', [
    (['team@onprem.test'], TEAM),
    (['team@onprem.test', ALICE], [*TEAM, ALICE_HOSTED]),
    (['team@onprem.test', DAVE], TEAM),
    (['team@onprem.test', 'dave@onprem.example.com'], TEAM),
    (['ahead@onprem.test', BOB], [BOB_HOSTED]),
    (['pair@onprem.test', BOTH], [BOTH, BOTH_HOSTED, 'someone@elsewhere.test']),
    (['pair@onprem.test', 'both@onprem.example.com'], [BOTH, 'someone@elsewhere.test']),
])
def test_aliases(sendmail, reached, mode, rcpts, expected):
    """Sendmail does not ask us about members, whether or not the client names them, too."""
    sendmail.set(aliases=ALIASES, mc=f"define(`confDELIVERY_MODE', `{mode}')dnl\n")
    for order in permutations(rcpts):
        assert reached(order) == Counter(expected), order


@pytest.mark.usefixtures('milter')
def test_alias_and_one_who_is_refused(sendmail, deliver):
    sendmail.set(aliases=ALIASES)
    for order in permutations(['team@onprem.test', NOBODY]):
        sent, got = deliver(order)
        assert sorted(codes(sent)) == [250, 550]
        assert got == Counter(TEAM)


@pytest.fixture
def ldap_routing(slapd, sendmail):
    slapd.add(person('carol', sdrOwner='hosted', mailLocalAddress='carol@example.com',
                     mailRoutingAddress='carol@hosted.example.com')
              + person('dan', sdrOwner='onprem', mailLocalAddress='dan@example.com',
                       mailRoutingAddress='dan@store.test'))
    sendmail.set(mc=f"""\
define(`confLDAP_DEFAULT_SPEC', `-w 3 -H {slapd.uri} -b dc=example,dc=com')dnl
FEATURE(`ldap_routing')dnl
LDAPROUTE_DOMAIN(`example.com')dnl
""")


@pytest.fixture
def slapd(new_slapd):
    """Sendmail's own look-ups are anonymous."""
    return new_slapd(anonymous_read=True)


@pytest.mark.usefixtures('ldap_routing')
@pytest.mark.parametrize('rcpts, expected', [
    (['carol@example.com'], ['carol@hosted.example.com']),
    (['carol@example.com', 'carol@hosted.example.com'], ['carol@hosted.example.com']),
    (['dan@example.com'], ['dan@store.test']),
    (['dan@example.com', 'carol@example.com', ALICE, DAVE],
     ['dan@store.test', 'carol@hosted.example.com', ALICE_HOSTED, DAVE]),
])
def test_ldap_routing(reached, rcpts, expected):
    assert reached(rcpts) == Counter(expected)


@pytest.mark.usefixtures('ldap_routing', 'milter')
def test_ldap_routing_while_the_directory_is_down(slapd, deliver):
    slapd.stop()
    sent, got = deliver([ALICE, DAVE])
    assert codes(sent) == [451, 451]
    assert got == Counter()


# --- its own users, whom it knows by name alone, whatever the domain ---

LOCAL_DOMAINS = "LOCAL_DOMAIN(`example.com onprem.example.com')dnl\n"
SPLIT, OURS, OTHER, BARE = FORMS = ['{}@example.com', '{}@onprem.example.com', '{}@onprem.test', '{}']
USERS = {  # accounts of every Debian: who gets the message, for each form
    'daemon': (['daemon@hosted.example.com'], ['daemon@hosted.example.com'], ['daemon'], ['daemon']),
    'games': (['games', 'games@hosted.example.com'], ['games'], ['games'], ['games']),
    'mail': (['mail'], ['mail'], ['mail'], ['mail']),
}


@pytest.fixture
def users(slapd, sendmail):
    slapd.add(person('daemon', sdrOwner='hosted') + person('games', sdrOwner=['onprem', 'hosted'])
              + person('mail', sdrOwner='onprem') + person('news', sdrOwner='hosted', sdrHold='TRUE'))
    sendmail.set(mc=LOCAL_DOMAINS)


def some_of(forms, most):
    return [some for n in range(1, most + 1) for some in permutations(forms, n)]


@pytest.mark.usefixtures('users', 'milter')
@pytest.mark.parametrize('user', USERS)
def test_local_user_in_several_domains(deliver_all, user):
    reached = {form.format(user): rs for form, rs in zip(FORMS, USERS[user])}
    for rcpts, sent, got in deliver_all(some_of(list(reached), 3), source=INSIDER):
        assert codes(sent) == [250] * len(rcpts), rcpts
        assert got == Counter({r for rcpt in rcpts for r in reached[rcpt]}), rcpts


@pytest.mark.usefixtures('users')
@pytest.mark.parametrize('user, kept', [('mail+x', True), ('mail+x+y', True), ('mail++', True),
                                        ('games+x', True), ('daemon+x', False)])
def test_detail_of_a_local_user(reached, user, kept):
    """In our routing domain. For Sendmail it is the same user, who must not be deleted and added."""
    got = reached([OURS.format(user)])
    assert sum(got.values()) == 1
    assert ('@hosted.example.com' not in ''.join(got)) == kept, got


@pytest.mark.usefixtures('users', 'milter')
@pytest.mark.parametrize('user, data', [('news', 451), ('backup', 250)])
def test_local_user_who_is_refused_in_one_domain(deliver_all, user, data):
    """Sendmail would also drop the recipient that it accepted by the same name, silently."""
    others = {form.format(user) for form in (OTHER, BARE)}
    for rcpts, sent, got in deliver_all(some_of([form.format(user) for form in FORMS], 3)):
        accepted = {rcpt for rcpt, code in zip(rcpts, codes(sent)) if code == 250}
        assert others.intersection(rcpts) == others & accepted
        if accepted - others:
            assert sent.data.code == data, rcpts
        assert got == Counter([user] if sent.data and sent.data.code == 250 else []), rcpts


@pytest.mark.usefixtures('users', 'milter')
def test_user_that_sendmail_does_not_know(deliver):
    """It does not ask us. People who have moved need an account or an alias, or the domain must not be local.
    """
    sent, got = deliver([ALICE, 'daemon@example.com'])
    assert codes(sent) == [550, 250]
    assert got == Counter(['daemon@hosted.example.com'])


# --- whom it refuses before us ---

@pytest.mark.usefixtures('milter')
def test_access_db(sendmail, deliver):
    """Recipients that we add are not looked up there."""
    access = sendmail.map('access', {f'To:{ALICE}': 'REJECT', f'To:{DAVE}': 'ERROR:4.3.2:451 Later',
                                     f'To:{BOB_HOSTED}': 'REJECT'})
    sendmail.set(mc=f"FEATURE(`access_db', `{access}')dnl\nFEATURE(`blocklist_recipients')dnl\n")
    sent, got = deliver([ALICE, DAVE, BOB, BOTH, BOB_HOSTED])
    assert codes(sent) == [550, 451, 250, 250, 550]
    assert got == Counter([BOB_HOSTED, BOTH, BOTH_HOSTED])


@pytest.mark.usefixtures('milter')
def test_no_dsn(sendmail, deliver, sink):
    """Then no recipient may be added with a parameter: Sendmail drops it silently."""
    sendmail.set(mc="define(`confPRIVACY_FLAGS', `noreceipts')dnl\n")
    with sendmail.client() as client:
        assert 'DSN' not in client.ehlo.text
    sent, got = deliver([ALICE, BOTH, DAVE], rcpt_args={ALICE: 'NOTIFY=NEVER'})
    assert codes(sent) == [504, 250, 250]
    assert got == Counter([BOTH, BOTH_HOSTED, DAVE])
    sent, got = deliver([ALICE, BOB, DAVE])
    assert codes(sent) == [250] * 3
    assert got == Counter([ALICE_HOSTED, BOB_HOSTED, DAVE])
    assert {t.args(r) for t in sink.of(sent.message_id) for r in t.recipients} == {''}


# --- how it delivers, and as whom ---

@pytest.mark.parametrize('mode', ['queue', 'background', 'interactive', 'defer'])
@pytest.mark.parametrize('safe', ['True', 'PostMilter', 'Interactive'])
def test_delivery_mode(sendmail, reached, mode, safe):
    sendmail.set(mc=f"define(`confDELIVERY_MODE', `{mode}')dnl\n"
                    f"define(`confSAFE_QUEUE', `{safe}')dnl\n")
    assert reached([ALICE, BOTH, DAVE]) == Counter([ALICE_HOSTED, BOTH, BOTH_HOSTED, DAVE])


@pytest.fixture
def as_user(new_sendmail, new_milter, slapd, scratch):
    """as_user(options of [milter]): a Sendmail as smmta, RunAsUser, with a milter."""
    def make(**options):
        server = new_sendmail(milters=[f'unix:{world.SOCKET}'], user='smmta')
        new_milter(world.conf(
            directory_corp={'uri': slapd.uri, 'password-file': str(world.password_file(scratch))},
            milter={'socket': f'unix:{server.queue_folder / world.SOCKET}',
                    'socket-group': 'smmta', **options})).start()
        return server
    return make


def test_run_as_user(as_user, sink):
    server = as_user()
    sent = server.send([ALICE, NOBODY, DAVE])
    server.wait_empty()
    assert codes(sent) == [250, 550, 250]
    assert sink.recipients(sent.message_id) == Counter([ALICE_HOSTED, DAVE])
    assert server.complaints() == []


@pytest.mark.parametrize('access', [{'socket-mode': '0600'}, {'socket-group': 'sdr'}])
def test_socket_that_it_cannot_open(as_user, access):
    server = as_user(**access)
    assert server.send([ALICE]).mail.code == 451
    assert 'unsafe' in server.log()


# --- slower than it waits ---

def test_directory_slower_than_the_timeout(slapd, sendmail, new_milter, conf, deliver, sink):
    """Sendmail's timeout R: ends before the directory's: Sendmail answers, and does not ask again."""
    new_milter(conf(directory_corp={'timeout': '60'})).start()
    sendmail.set(timeouts='C:1m;S:1m;R:10s;E:1m')
    slapd.freeze()
    begin = time.monotonic()
    sent = sendmail.send([ALICE, DAVE])
    assert codes(sent) == [451, 451]
    assert time.monotonic() - begin < 60
    slapd.thaw()
    sent, got = deliver([ALICE, DAVE])
    assert codes(sent) == [250, 250]
    assert got == Counter([ALICE_HOSTED, DAVE])
    assert len(sink.transactions) == 1


def test_milter_slower_than_the_timeout(sendmail, milter, deliver, sink):
    sendmail.set(timeouts='C:1m;S:10s;R:10s;E:10s')
    with sendmail.client() as client:
        client.mail()
        assert [client.rcpt(r).code for r in (ALICE, DAVE)] == [250, 250]
        milter.freeze()
        assert client.data(b'Message-ID: <slow@client.test>\r\n\r\nHello\r\n').code == 451
    milter.thaw()
    _, got = deliver([ALICE, DAVE])
    assert got == Counter([ALICE_HOSTED, DAVE])
    assert sink.recipients('slow@client.test') == Counter()


# --- doc/install.md ---

# The text before the lines for sendmail.mc.
ALWAYS = 'above the `MAILER` lines:'
ELSEWHERE = 'behind this Sendmail, add'


def manual(*beginnings):
    """The first lines of code after each of these in the chapter."""
    chapter = (paths.ROOT / 'doc/install.md').read_text().partition('\n## 7. Sendmail')[2]
    found = [re.search(r'(?:^    .*\n)+', chapter.partition(text)[2], re.M)[0] for text in beginnings]
    return re.sub('^    ', '', ''.join(found), flags=re.M)


@pytest.fixture
def by_the_manual(sendmail):
    """by_the_manual(lines, more): Sendmail with these and nothing else of the sort."""
    def make(lines, more=''):
        lines = lines.replace('/run/sdr/milter.sock', str(sendmail.queue_folder / world.SOCKET))
        sendmail.set(milters=(), relay='', mc=lines + more)
    return make


@pytest.mark.usefixtures('milter')
def test_manual_for_mailboxes_elsewhere(sendmail, by_the_manual, deliver):
    lines = manual(ALWAYS, ELSEWHERE)
    store = sendmail.map('mailertable', {'example.com': 'relay:[127.0.0.1]'})
    by_the_manual(lines.replace("`mailertable'", f"`mailertable', `{store}'"))
    sent, got = deliver([ALICE, NOBODY, DAVE, BOTH, ALICE_HOSTED, 'dave@onprem.example.com'])
    assert codes(sent) == [250, 550, 250, 250, 550, 250]
    assert got == Counter([ALICE_HOSTED, DAVE, BOTH, BOTH_HOSTED])


@pytest.mark.usefixtures('users', 'milter')
def test_manual_for_mailboxes_here(by_the_manual, deliver):
    by_the_manual(manual(ALWAYS), LOCAL_DOMAINS)
    sent, got = deliver(['daemon@example.com', 'games@example.com', 'mail@onprem.example.com',
                         'nobody@hosted.example.com', ALICE])
    assert codes(sent) == [250, 250, 250, 550, 550]
    assert got == Counter(['daemon@hosted.example.com', 'games', 'games@hosted.example.com', 'mail'])


@pytest.mark.parametrize('beginnings', [[ALWAYS, ELSEWHERE], [ALWAYS]], ids=['elsewhere', 'here'])
def test_manual_without_the_milter(sendmail, by_the_manual, beginnings):
    by_the_manual(manual(*beginnings))
    assert sendmail.send([ALICE]).mail.code == 451
