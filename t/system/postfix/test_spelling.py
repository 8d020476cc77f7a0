"""test_spelling.py - a replaced recipient is never delivered twice, however it is spelled

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
from collections import Counter
from contextlib import ExitStack
from itertools import count

import pytest

import paths
import world
from milter import Milter
from mta import INSIDER
from postfix import Postfix
from sendmail import Sendmail
from sink import Sink
from slapd import SUFFIX, Slapd
from world import person

ALICE, DAVE = 'alice@hosted.example.com', 'dave@example.com'


# --- one set of servers for all tests: one message does not concern another ---

class Office:
    """The default world with a milter before an MTA of this kind."""

    def __init__(self, folder, kind, stop_later):
        self.folder = folder
        folder.mkdir()
        self.sink = Sink()
        stop_later(self.sink.stop)
        self.sink.start()
        self.slapd = Slapd(folder / 'slapd', world.PEOPLE)
        stop_later(self.slapd.stop)
        self.slapd.start()
        self.mta = kind(folder / 'mta', self.sink.port, milters=[f'unix:{world.SOCKET}'])
        stop_later(self.mta.stop)
        self.mta.start()
        milter = Milter(folder / 'milter', world.conf(
            directory_corp={'uri': self.slapd.uri, 'password-file': str(world.password_file(folder))},
            milter={'socket': f'unix:{self.mta.queue_folder / world.SOCKET}',
                    'socket-group': self.mta.manners.group}))
        stop_later(milter.close)
        milter.start()


@pytest.fixture(scope='module')
def office_with():
    """office_with(Postfix): always the same."""
    with paths.scratch() as folder, ExitStack() as stack:
        numbers = count()
        yield functools.cache(
            lambda kind: Office(folder / f'office{next(numbers)}', kind, stack.callback))


@pytest.fixture
def postfix(office_with):
    """Gets its original main.cf back after the test."""
    server = office_with(Postfix).mta
    main = dict(server.main)
    yield server
    if server.main != main:
        server.main = main
        server.stop()
        server.start()


@pytest.fixture
def sendmail(office_with):
    return office_with(Sendmail).mta


@pytest.fixture
def office(office_with, mta):
    """With an empty queue: mail left by a failed test must not affect the next one."""
    yield office_with(type(mta))
    if mta.queue():
        office_with.cache_clear()


@pytest.fixture
def sink(office):
    return office.sink


@pytest.fixture
def scratch(office):
    """The folder of the logs."""
    return office.folder


@pytest.fixture
def milter(scratch):
    """The milter, which is running."""


@pytest.fixture
def add(office):
    """add(uid, ...): one more person, for this test."""
    added = []

    def make(uid, **attributes):
        office.slapd.add(person(uid, **attributes))
        added.append(f'dn: uid={uid},ou=people,{SUFFIX}\nchangetype: delete\n')
    yield make
    office.slapd.modify('\n'.join(added))


def codes(sent):
    return [reply.code for reply in sent.rcpts]


# The client's text, and the address in it.
PATHS = {
    '<{}>': '{}',
    '<<{}>>': '{}',
    '<{}.>': '{}',
    '<<{}.>>': '{}',
    '< {}>': '{}',
    '<{} >': '{}',
    '<< {} >>': '{}',
    '<@x.test:{}>': '{}',
    '<@x.test,@y.test:{}>': '{}',
    '<<@x.test:{}>>': '{}',
    '<<@x.test,@y.test:{}.>>': '{}',
}
CASES = ['alice@example.com', 'ALICE@Example.COM', 'Alice+Tag@EXAMPLE.com']


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('path', PATHS)
def test_only_the_address_counts(deliver, path, case):
    """With a recipient who stays, for whom it makes no difference."""
    sent, got = deliver([path.format(case), DAVE], source=INSIDER)
    assert codes(sent) == [250, 250]
    local = case.partition('@')[0]
    assert got == Counter([f'{local}@hosted.example.com', DAVE])


# Other ways to write a mailbox. The MTAs accept most of them.
ODD = [
    '<x:{};>',
    '<x:{},;>',
    '<Somebody <{}>>',
    '<Somebody <@x.test:{}>>',
    '<"Some Body" <{}>>',
    '<Somebody <{}.>>',
    '<(x){}>',
    '<{}(x)>',
    '<{} (x)>',
    '<(x) <{}>>',
    '<@x.test:<{}>>',
    '<<{}>',
    '<{},>',
    '<,{}>',
]


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('odd', ODD)
def test_what_is_not_certain_is_refused(deliver, odd, case):
    """Or it is delivered once; the other recipients get the message."""
    sent, got = deliver([odd.format(case), DAVE], source=INSIDER)
    local = case.partition('@')[0]
    if codes(sent)[0] != 250:
        assert codes(sent)[0] in (501, 550, 553), sent.rcpts[0]
        assert got == Counter([DAVE])
    elif f'x:{case}' not in got:  # a local part to Sendmail
        assert got == Counter([f'{local}@hosted.example.com', DAVE])


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('odd', [*PATHS, '<Somebody <{}>>', '<(x){}>', '<{}(x)>'])
def test_who_stays_is_not_refused_for_it(deliver, odd):
    sent, got = deliver([odd.format('dave@example.com')], source=INSIDER)
    assert codes(sent) == [250]
    assert got == Counter([DAVE])


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('name', ['"{}"', '"{},x"', '"{};x"', '"{}<x"', '"{}>x"', '"{}(x"', '"{}:x"',
                                  '"{} x"', '"{}@x"', '{}=x', '{}/x', "{}'x", '{}!x', '{}%x', '{}#x',
                                  '{}{{x', '{}|x', '{}&x', '{}*x', '{}^x', '{}~x', '{}`x', '{}?x'])
def test_each_letter_of_a_local_part(deliver, add, name):
    local = name.format('zoe')
    add('zoe', sdrAddress=f'{local}@example.com', mail=None, sdrOwner='hosted')
    sent, got = deliver([f'<{local}@example.com>', DAVE], source=INSIDER)
    if codes(sent)[0] == 250:
        reached = {f'{local}@hosted.example.com', local.strip('"') + '@hosted.example.com'}
        assert len(reached & set(got)) == 1 and sum(got.values()) == 2, got
    else:
        assert codes(sent)[0] >= 500 and got == Counter([DAVE])


@pytest.mark.usefixtures('postfix', 'milter')  # Debian's Sendmail has no SMTPUTF8
@pytest.mark.parametrize('path', [*PATHS, '<Somebody <{}>>', '<(x){}>'])
@pytest.mark.parametrize('local', ['\u00b5', '\u03bc', 'stra\u00dfe', 'jos\u00e9', 'jose\u0301',
                                   'JOS\u00c9'])
def test_letters_beyond_ascii_are_not_folded(deliver, add, path, local):
    """A micro sign is not the Greek letter to which Unicode folds it."""
    add('utf8', sdrAddress=f'{local}@example.com', mail=None, sdrOwner='hosted')
    sent, got = deliver([path.format(f'{local}@example.com'), DAVE], mail_args='SMTPUTF8',
                        source=INSIDER)
    if codes(sent)[0] == 250:
        assert got == Counter([f'{local}@hosted.example.com', DAVE])
    else:
        assert codes(sent)[0] >= 500 and got == Counter([DAVE])


@pytest.mark.usefixtures('postfix', 'milter')
def test_a_copy_is_not_made_of_folded_letters(deliver, add):
    """Better no mail than mail to another mailbox; the plain spelling works."""
    add('utf8', sdrAddress='\u00b5@example.com', mail=None, sdrOwner=['onprem', 'hosted'])
    sent, got = deliver(['<(x)\u00b5@example.com>', '<<\u00b5@example.com>>', '<(x)both@example.com>'],
                        mail_args='SMTPUTF8', source=INSIDER)
    assert codes(sent)[0] in (550, 553) and codes(sent)[1:] == [250, 250]
    assert got == Counter(['\u00b5@example.com', '\u00b5@hosted.example.com', 'both@example.com',
                           'both@hosted.example.com'])


@pytest.mark.usefixtures('postfix', 'milter')  # Sendmail's own mappings take precedence
@pytest.mark.parametrize('given', [
    '<alice%example.com@onprem.example.com>', '<alice%example.com@onprem.test>',
    '<example.com!alice@onprem.test>', '<alice@example.com@onprem.test>',
    '<"alice@example.com"@onprem.test>', '<example.com!alice>', '<alice%example.com>',
])
def test_routes_of_old_lead_to_no_mailbox_that_she_left(deliver, given):
    _, got = deliver([given, DAVE], source=INSIDER)
    assert not {r.lower() for r in got} & {'alice@example.com', 'alice'}, got
    assert got[DAVE] == 1 and sum(got.values()) <= 2


# Sendmail reads one of them in RCPT, and all when it deletes.
LISTS = ['<Jane <jane@x.test>, Somebody <{}>>', '<Jane <jane@x.test>, {}>', '<x: jane@x.test, {};>',
         '<jane@x.test>,<{}>', '<{}>,<jane@x.test>', '<{}, jane@x.test>']


@pytest.mark.usefixtures('sendmail', 'milter')
@pytest.mark.parametrize('given', LISTS)
@pytest.mark.parametrize('name', ['alice', 'nobody', 'held'])
def test_a_list_takes_no_others_with_it(deliver, given, name):
    """A recipient who was rejected, or has moved, does not get the message either."""
    sent, got = deliver([given.format(f'{name}@example.com'), DAVE], source=INSIDER)
    assert codes(sent)[1] == 250 and sent.data.code == 250
    assert f'{name}@example.com' not in got and got[DAVE] == 1
    assert name != 'alice' or ALICE in got or codes(sent)[0] != 250 or 'jane@x.test' in got


@pytest.mark.usefixtures('milter')
def test_a_second_spelling_of_one_who_leaves(deliver):
    sent, got = deliver(['alice@example.com', '<Alice <ALICE@example.com>>', '<<aLICE@Example.com.>>'],
                        source=INSIDER)
    assert codes(sent)[0] == 250 and codes(sent)[2] == 250
    assert got == Counter([ALICE])


@pytest.mark.usefixtures('milter')
@pytest.mark.parametrize('given, reached', [
    ('alice', [ALICE]),
    ('alice@example.com', [ALICE]),
    ('alice@example.com.', [ALICE]),
    ('ALICE@Example.COM', ['ALICE@hosted.example.com']),
    ('alice%example.com', [ALICE]),
    ('example.com!alice', [ALICE]),
    ('Alice <alice@example.com>', [ALICE]),
    ('dave', [DAVE]),
    ('both', ['both@example.com', 'both@hosted.example.com']),
])
def test_what_a_user_types(postfix, sink, given, reached):
    """Postfix adds the domain before it calls the milter, but deletes only the original text."""
    postfix.set(myorigin='example.com')
    message_id = postfix.submit([given])
    postfix.wait_empty()
    assert sink.recipients(message_id) == Counter(reached)


@pytest.mark.usefixtures('milter')
def test_a_name_alone_does_not_take_another_domain_with_it(postfix, sink):
    postfix.set(myorigin='elsewhere.test')
    message_id = postfix.submit(['alice@example.com', 'alice'])
    postfix.wait_empty()
    assert sink.recipients(message_id) == Counter([ALICE, 'alice@elsewhere.test'])
