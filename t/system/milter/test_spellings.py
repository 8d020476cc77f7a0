"""test_spellings.py - however a client writes an address, mail never reaches the old mailbox or two

Each spelling is sent with the name of a person who has moved, and with an unknown name. The MTA or we may
reject it. An accepted message reaches the mailbox at its new site, once.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import unicodedata
from collections import Counter

import pytest

from mapped import use_map
from paths import thorough
from world import person

# The client's text, with @ in place of the name, and the local part that it means.
LOCAL_PARTS = {
    # RFC 5321: dot-strings and quoted strings
    '@': '@', 'x.@.y': 'x.@.y', '@+x': '@+x', '"@"': '@', '"@+x"': '@+x', r'"\@"': '@',
    r'"x\@"': 'x@', '"@ x"': '@ x', '" @"': ' @', '"@ "': '@ ', '"@..x"': '@..x', '".@"': '.@',
    '"@."': '@.', '"@:x"': '@:x', '"@,x"': '@,x', '"@;x"': '@;x', '"@(x)"': '@(x)', '"@<x>"': '@<x>',
    '"@[x]"': '@[x]', r'"@\\x"': '@\\x', r'"@\"x"': '@"x', '"@%x"': '@%x', '"@!x"': '@!x',
    "!#$%&'*+-/=?^_`{|}~@": "!#$%&'*+-/=?^_`{|}~@", '@=x': '@=x', '@/x': '@/x', '@|x': '@|x',
    # not a dot-string
    '@..x': '@..x', '.@': '.@', '@.': '@.', '..@': '..@', '@...': '@...', '@:x': '@:x', 'x:@': 'x:@',
    ':@': ':@', '@;x': '@;x', ';@': ';@', '@,x': '@,x', '@[x]': '@[x]', '[@]': '[@]',
    # words and quoted strings, side by side
    '@."x"': '@.x', '"@".x': '@.x', '"@"."x"': '@.x', '"@ x"."y z"': '@ x.y z', '@""': '@', '""@': '@',
    '"@"x': '@x', '@"x"': '@x', 'x"@"y': 'x@y', '@"."x': '@.x', '@" "x': '@ x',
    # backslashes
    r'\@': '@', r'x\@': 'x@', r'@\x': '@x', r'@\"x': '@"x', r'@\\x': '@\\x', r'\\@': '\\@',
    r'@\ x': '@ x', r'"@\x"': '@x',
    # comments and blanks
    '@(c)': '@', '(c)@': '@', '@(a(b)c)': '@', '@ (c)': '@', '@ ': '@', ' @': '@', '@ .x': '@.x',
    '@ . x': '@.x', '@ x': '@.x', '@(c)x': '@.x', '@\tx': '@.x', '"@" ': '@',
    # RFC 6531, composed and decomposed
    '@ö': '@ö', '@o\u0308': '@ö', '"@ö"': '@ö', '@Ö': '@ö', '@ö..x': '@ö..x', '@ß': '@ß', '@ſ': '@ſ',
    '＠@': '＠@', '@山田': '@山田', '"@ ö"': '@ ö',
    # lengths
    '@' + 'l' * 54: '@' + 'l' * 54, '@' + 'l' * 55: '@' + 'l' * 55, '@' + 'l' * 200: '@' + 'l' * 200,
    # not a local part
    '"@': None, '@"': None, '"@"x"': None, '@<x': None, '@>x': None, '@)': None, '@\1': None,
    '\x1b@': None, '"@\1"': None, '"@\x7f"': None, '@\x7f': None, '@' + 'l' * 300: None,
    '"@' + 'l' * 257 + '"': None, b'@\xff': None, b'"@\xe9"': None, b'@\xc0\xaf': None,
}

# The same for the whole path, with # in place of the name.
PATHS = [
    '<<#@example.com>>', '<<<#@example.com>>>', '<Some One <#@example.com>>', '<"#" <#@example.com>>',
    '<x@elsewhere.test><#@example.com>', '<x@elsewhere.test>,<#@example.com>',
    '<#@example.com>@elsewhere.test', '<#@example.com>junk', '<Jane <x@elsewhere.test>, A <#@example.com>>',
    '<x:#@example.com;>', '<#@example.com;>', '<x:;#@example.com>', '<:#@example.com>',
    '<@relay.test:#@example.com>', '<@a.test,@b.test:#@example.com>', '<<@relay.test:#@example.com>>',
    '<@[127.0.0.1]:#@example.com>', '<@[IPv6:::1]:#@example.com>', '<@a.test:@b.test:#@example.com>',
    '<#@Example.COM>', '<<#@EXAMPLE.com>>', '<#@example.com.>', '<#@example.com..>', '<#@example.com.@>',
    '<#@example.com@>', '<#@example.com@@>', '<#@@example.com>', '<# @ example . com >', '<#@ example.com>',
    '<#@example.com >', '< #@example.com>', '<#@example.com(c)>', '<#@(c)example.com>', '<#@example(c).com>',
    '<#@"example.com">', '<#@"example"."com">', '<#@exam\\ple.com>', '<"#@example.com">',
    '<#@ｅｘａｍｐｌｅ.com>', '<#@example。com>', '<#@exa\u00admple.com>', '<#@example.com(c>', '<(c)#@example.com>',
    '<#@onprem.example.com>', '<#..x@onprem.example.com>', '<"#\1"@onprem.example.com>',
]
# Routes through the MTA itself, and lists in brackets. A Sendmail with mailboxes reads some of these as a
# local user: an address in a split domain without an entry.
BY_WAY = [
    '<#%example.com@[127.0.0.1]>', '<"#@example.com"@[127.0.0.1]>', '<"#%example.com"@[127.0.0.1]>',
    '<#%example.com@onprem.test>', '<example.com!#>', '<#%example.com>', '<example.com!#@onprem.test>',
    '<<#@example.com>,x.test>', '<x<#@example.com>%,y@elsewhere.test>', '<<#@example.com>Example.COM.,>',
]
HOSTED = 'hosted.example.com'
STEP = thorough(1, 3)


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def bare(address):
    """('al ice', 'example.com') of '"Al ice"@Example.com'."""
    local, _, domain = address.rpartition('@')
    local = re.sub(r'"|\\(.)', lambda m: m[1] or '', local)
    return unicodedata.normalize('NFC', local).casefold(), domain.lower()


def paths(name, more=()):
    """The ways in which a client may write this name, octet for octet; all of them, or a third."""
    spelled = [b'<' + octets(local).replace(b'@', name) + b'@example.com>' for local in LOCAL_PARTS]
    spelled += [octets(path).replace(b'#', name) for path in [*PATHS, *more]]
    return spelled[::STEP]


def mailboxes(name):
    locals_ = {local.replace('@', name) for local in LOCAL_PARTS.values() if local}
    locals_ |= {f'{name}..x', f'x:{name}', f':{name}', f'x:;{name}', f'{name}@'}
    return sorted({local.casefold() for local in locals_})


def people():
    """The people who have moved, once for each of their names."""
    return ''.join(person(f'u{i}', mail=None, sdrAddress=quoted(local) + '@example.com',
                          sdrOwner='hosted')
                   for i, local in enumerate(mailboxes('moved')))


def quoted(local):
    escaped = re.sub(r'(["\\])', r'\\\1', local)
    return f'"{escaped}"' if re.search(r'[\s"\\(),:;<>@\[\]]', local) else local


def send_all(mta, spelled):
    """[(path, Sent)], one message each."""
    return [(path, mta.send([path], mail_args='' if path.isascii() else 'SMTPUTF8'))
            for path in spelled]


def code(sent):
    return (sent.rcpts or [sent.mail])[0].code


@pytest.fixture
def own_mailboxes(sendmail):
    """own_mailboxes(name): Sendmail has mailboxes of this name, in the split domain, itself."""
    def make(name):
        atoms = [local for local in mailboxes(name) if re.fullmatch(r'[\w.]+', local, re.A)]
        sendmail.set(aliases=''.join(f'{local}: old@store.test\n' for local in atoms),
                     mc='LOCAL_DOMAIN(`example.com\')dnl\n')
    return make


def accepted(mta, sink, spelled):
    """[(path, who got it)] of the messages that were not rejected."""
    sent = send_all(mta, spelled)
    mta.wait_empty(60)
    return [(path, sink.recipients(one.message_id)) for path, one in sent
            if code(one) == 250 or sink.of(one.message_id)]


def is_at_new_site(got):
    where = Counter(bare(address) for address in got.elements())
    return len(where) == where.total() == 1 and all(
        domain == HOSTED and local in mailboxes('moved') for local, domain in where)


def check_unknown(mta, sink, more=()):
    assert accepted(mta, sink, paths(b'nobody', more)) == []


def check_moved(mta, slapd, sink, at_least, more=()):
    slapd.add(people())
    taken = accepted(mta, sink, paths(b'moved', more))
    assert [(path, got) for path, got in taken if not is_at_new_site(got)] == []
    assert len(taken) > at_least // STEP


@pytest.mark.usefixtures('milter')
def test_whom_nobody_knows_nobody_accepts(mta, sink):
    check_unknown(mta, sink, BY_WAY)


@pytest.mark.usefixtures('milter')
def test_who_has_moved_is_reached_once_and_there(mta, slapd, sink):
    check_moved(mta, slapd, sink, len(LOCAL_PARTS) // 2, BY_WAY)


@pytest.mark.usefixtures('sendmail', 'milter')
def test_whom_sendmail_alone_knows_nobody_accepts(mta, sink, own_mailboxes):
    own_mailboxes('nobody')
    check_unknown(mta, sink)


@pytest.mark.usefixtures('sendmail', 'milter')
def test_who_has_left_this_sendmail_is_reached_at_the_new_site(mta, slapd, sink, own_mailboxes):
    own_mailboxes('moved')
    check_moved(mta, slapd, sink, 10)


@pytest.fixture
def tables(postfix, new_milter, conf, scratch):
    """A Postfix whose lookup tables route."""
    new_milter(conf(milter=use_map(postfix, scratch, milter=True))).start()
    return postfix


def test_who_has_moved_is_reached_there_by_the_tables(tables, slapd, sink):
    """The tables do not see what Postfix makes of an address after asking them."""
    slapd.add(people())
    taken = accepted(tables, sink, [octets(path).replace(b'#', b'moved') for path in [*PATHS, *BY_WAY]])
    assert [(path, got) for path, got in taken if not is_at_new_site(got)] == []
    assert {b'<moved%example.com>', b'<example.com!moved>', b'<moved@example.com.>'} <= {path for path, _ in taken}


@pytest.mark.usefixtures('exim')
def test_whom_nobody_knows_exim_does_not_accept(mta, sink):
    check_unknown(mta, sink)


@pytest.mark.usefixtures('exim')
def test_who_has_moved_is_reached_there_by_exim(mta, slapd, sink):
    check_moved(mta, slapd, sink, len(LOCAL_PARTS) // 3)
