"""The lookup tables in a Sendmail with mailboxes on this machine

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import world
from mapped import use_map
from mta import INSIDER
from proc import wait_for
from slapd import SUFFIX

LOCAL = "LOCAL_DOMAIN(`example.com onprem.example.com')dnl\n"
ALIASES = """\
both: both@box.test
bob: bob@old.test
dave: smmta
team: both, bob, dave
list: both@example.com, bob@example.com
club: alice@example.com, team
club+board: robert@example.com
desk+*: dave
"""


@pytest.fixture
def local(sendmail, new_milter, conf, scratch):
    """A Sendmail with its own aliases for people in the directory."""
    options = use_map(sendmail, scratch, milter=False)
    new_milter(conf(milter=options)).start()
    sendmail.set(mc=sendmail._mc.replace('dnl\n', f'dnl\n{LOCAL}', 1), aliases=ALIASES)
    return sendmail


@pytest.mark.parametrize('recipient, reached', [
    ('both@example.com', ['both@box.test', 'both@hosted.example.com']),
    ('Both@Example.COM', ['both@box.test', 'Both@hosted.example.com']),
    ('both@onprem.example.com', ['both@box.test']),
    ('bob@example.com', ['bob@hosted.example.com']),
    ('robert@example.com', ['robert@hosted.example.com']),
    ('dave@example.com', ['smmta']),
    ('team@onprem.test', ['both@box.test', 'both@hosted.example.com', 'bob@hosted.example.com',
                          'smmta']),
    ('list@onprem.test', ['both@box.test', 'both@hosted.example.com', 'bob@hosted.example.com']),
    ('both@onprem.test', ['both@box.test']),
    ('bob@onprem.test', ['bob@old.test']),
])
def test_aliases_of_people_in_the_directory(local, deliver, recipient, reached):
    """The directory takes precedence, for addresses in its domain and for names in an alias."""
    _, got = deliver(recipient, source=INSIDER)
    assert got == Counter(reached)


TEAM = ['both@box.test', 'both@hosted.example.com', 'bob@hosted.example.com', 'smmta']


@pytest.mark.parametrize('recipient, reached', [
    ('team@example.com', TEAM),
    ('Team@onprem.Example.COM.', TEAM),
    ('"team"@example.com', TEAM),
    ('team+news@example.com', TEAM),
    ('"Team+x"@example.com', TEAM),
    ('"team@example.com"@onprem.example.com', TEAM),
    ('team%example.com@onprem.test', TEAM),
    ('club@example.com', ['alice@hosted.example.com', *TEAM]),
    ('club+Board@example.com', ['robert@hosted.example.com']),
    ('club+board+x@example.com', ['alice@hosted.example.com', *TEAM]),
    ('desk+x@example.com', ['smmta']),
])
def test_alias_that_the_directory_does_not_know(local, deliver, recipient, reached):
    """Sendmail's own alias still works, and its members are routed."""
    sent, got = deliver(recipient)
    assert sent.rcpts[0].code == 250
    assert got == Counter(reached)


@pytest.mark.parametrize('recipient', [
    'daemon@example.com', 'root@example.com', 'smmta@example.com', 'desk@example.com',
    'nobody@onprem.example.com', '@example.com', 'x+team@example.com', r'\team@example.com',
    r'"\\team"@example.com', '"team "@example.com', '" team"@example.com', '+team@example.com',
    '"team<ALIAS>"@example.com', '"<ALIAS>"@example.com', 'nobody+<ALIAS>@example.com',
    '"nobody<TMPF>"@example.com', '"team, nobody"@example.com', '"alice@elsewhere.test"@example.com',
    'team%elsewhere.test@example.com', 'team!nobody@example.com', '|team@example.com', '"|/bin/sh"@example.com',
    '/tmp/team@example.com', '":include:/etc/passwd"@example.com', '"@:@"@example.com',
    'sdr-copy.0123456789abcdef0123456789abcdef.team=40example.com@example.com',
    '"sdr-copy.0123456789abcdef0123456789abcdef.team=40example.com"@example.com',
])
def test_who_is_no_alias(local, recipient):
    """Accounts of this machine are no aliases; nor are names that only look like one."""
    sent = local.send(recipient)
    assert sent.rcpts[0].code // 100 == 5
    assert not local.queue()


def test_alias_added_later(local, deliver):
    """Only newaliases is needed."""
    assert local.send('later@example.com').rcpts[0].code == 550
    local.add_alias('later: alice@example.com')
    assert deliver('later@example.com')[1] == Counter(['alice@hosted.example.com'])


def test_another_alias_file(local):
    """Only the file in SDR_ALIASES is asked."""
    table = local.map('others', {'smmta': 'x'})
    local.set(mc=f"define(`SDR_ALIASES', `{table}')dnl\n{local._mc}")
    assert [r.code for r in local.send(['smmta@example.com', 'team@example.com']).rcpts] == [250, 550]


@pytest.fixture
def behind(sendmail, new_milter, conf, scratch):
    """Sendmail with the tables, and the mailboxes on another machine."""
    new_milter(conf(milter=use_map(sendmail, scratch, milter=False))).start()
    return sendmail


@pytest.mark.parametrize('local_part', [
    'alice', 'ALICE', 'alice+%0', 'alice+%1x', '"alice"', '"alice+ x"', 'alice+a/b',
    'alice+{x}', 'alice+a=b', '"alice+a@b"', '"alice+\\"x"', '"alice+ <x>"', '"alice+(x)"'])
@pytest.mark.parametrize('who, sites', [('alice', ['hosted']), ('both', ['', 'hosted'])])
def test_local_parts_reach_the_other_site_as_they_are(behind, deliver, local_part, who, sites):
    local_part = local_part.replace('alice', who).replace('ALICE', who.upper())
    _, got = deliver(f'{local_part}@example.com', source=INSIDER)
    domains = [f'{site}.example.com'.lstrip('.') for site in sites]
    assert got == Counter(f'{local_part}@{domain}' for domain in domains)


def test_longest(behind, deliver):
    """Too long for the name of an alias: the recipient is deferred, and nothing is truncated."""
    sent, _ = deliver([f'both+{"x" * 59}@example.com', f'both+{"x" * 180}@example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 451]


def test_restart_between_the_rule_and_the_alias(sendmail, new_milter, conf, scratch, deliver):
    """The new daemon knows every name that the old one made."""
    server = new_milter(conf(milter=use_map(sendmail, scratch, milter=False))).start()
    for _ in range(3):
        _, got = deliver('both@example.com')
        assert got == Counter(['both@example.com', 'both@hosted.example.com'])
        server.stop()
        server.start()


def test_away(sendmail, new_milter, conf, scratch, sink):
    """Deferred at once, and delivered when the directory is back."""
    server = new_milter(conf(milter=use_map(sendmail, scratch, milter=False))).start()
    server.stop()
    sent = sendmail.send(['both@example.com', 'alice@example.com', 'nobody@example.com'])
    assert [reply.code for reply in sent.rcpts] == [451] * 3
    server.start()
    sent = sendmail.send(['both@example.com', 'alice@example.com', 'nobody@example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 250, 550]
    sendmail.wait_empty()
    assert sum(sink.recipients(sent.message_id).values()) == 3


def test_next_hop_and_copies(sendmail, new_milter, conf, scratch, slapd):
    """One owner has a next hop, another a routing domain: the recipient is rejected, not accepted and kept
    waiting."""
    slapd.add(world.person('legboth', sdrOwner=['legacy', 'hosted']))
    options = use_map(sendmail, scratch, milter=False)
    new_milter(conf(milter={**options, 'milter-route': 'pass'}, **{
        'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                        'next-hop': '127.0.0.1:25'}})).start()
    sent = sendmail.send(['legboth@example.com', 'legboth@onprem.example.com'])
    assert [reply.code for reply in sent.rcpts] == [451, 451]


@pytest.mark.parametrize('rewrite', ['milter', None])
def test_the_milter_rewrites(sendmail, new_milter, conf, scratch, rewrite):
    """The rules get no answers while sdr.conf says so: no mail goes to the wrong place."""
    options = {**use_map(sendmail, scratch, milter=False), 'rewrite': rewrite}
    server = new_milter(conf(milter=options)).start()
    sent = sendmail.send(['alice@example.com', 'dave@example.com', 'both@example.com'])
    assert [reply.code for reply in sent.rcpts] == [451] * 3
    assert len(server.lines('[milter] does not say rewrite = tables')) == 1


def test_one_who_has_moved_in_between(behind, sink, slapd):
    """The queue contains no alias names: the recipient is looked up again."""
    sent = behind.send('both@example.com')
    assert sent.rcpts[0].code == 250
    slapd.modify(f'dn: uid=both,ou=people,{SUFFIX}\nchangetype: modify\n'
                 'replace: sdrOwner\nsdrOwner: hosted\n')
    behind.wait_empty()
    wait_for(lambda: sink.recipients(sent.message_id), 10, 'a copy')
    assert sink.recipients(sent.message_id) == Counter(['both@hosted.example.com'])
