"""Postfix as doc/install.md says, with one more popular line: mail is routed correctly, or sdrctl check mta
says WRONG

The mailboxes are on another machine, the store; the other site is reached by its MX. Each line is
tried with mail through Postfix, with a milter that rewrites and with tables that do.

SPDX-License-Identifier: BSD-2-Clause
"""
import asyncio
import email
import os
import socket
from collections import Counter
from dataclasses import dataclass, field

import pytest

import mapped
import sdrctl
import smtpclient
import world
from latermilter import LaterMilter
from mta import INSIDER
from postfix import LIBRARIES, SERVER
from proc import free_port, wait_for
from sink import Sink

OK, WRONG = 0, 78
MILTER = f'unix:{world.SOCKET}'
TABLE = f'socketmap:unix:{mapped.SOCKET}'
CLIENTS = ['alice@example.com', 'dave@example.com', 'both@example.com', 'plain@example.com']
AT_STORE = Counter(['dave@example.com', 'both@example.com', 'plain@example.com'])
AT_HOSTED = Counter(['alice@hosted.example.com', 'both@hosted.example.com'])

# Tables of patterns, each in a file with that name.
PATTERNS = {
    # Host names below one's own domain are left out.
    'strip': r'/^(.*)@[^@]*\.example\.com$/ $1@example.com',
    'here': r'/^(.*)@onprem\.example\.com$/ $1@example.com',
    'redirects': r'/^(.*)@example\.com$/ $1@hosted.example.com',
    'bob': r'/^bob@example\.com$/ bob@hosted.example.com',
    'below': r'/@(.*\.)?example\.com$/ smtp:[127.0.0.1]:{store}',
    'redirect': '/^Message-ID:/ REDIRECT bob@example.com', 'copy': '/^Message-ID:/ bcc bob@example.com',
    'access': 'dave@example.com REDIRECT bob@example.com',
    'hint': '# /^Message-ID:/ REDIRECT bob@example.com\n/^X-No:/ REDIRECT bob@hosted.example.com',
}


def inline(*entries):
    return 'inline:{ ' + ' '.join(f'{{ {e} }}' for e in entries) + ' }'


def single(parameter, entry):
    return f'{parameter}: it has entries for single recipients (1), such as {entry}'


STORE = 'smtp:[127.0.0.1]:{store}'
TRANSPORT = inline(f'example.com={STORE}')
STRIP = 'regexp:{folder}/strip'


@dataclass
class Line:
    """
    main     what is added to main.cf
    milter   what check mta says of it with rewrite = milter; None: nothing
    tables   and with rewrite = tables
    fix      what its advice makes of the line; the default is to take it out
    extra    recipients at the store, at the other site, that the line adds
    staying  the domain that recipients get who stay here
    luck     modes in which what is wrong does no harm to these recipients
    code     of sdrctl, if it is wrong
    """
    name: str
    main: dict
    milter: str = None
    tables: str = None
    fix: dict = field(default_factory=dict)
    extra: tuple = ((), ())
    staying: str = 'example.com'
    luck: tuple = ()
    code: int = WRONG

    def __str__(self):
        return self.name


BACK = 'Postfix changes the recipients that sdr-milter adds: mail for other sites stays here'
AGAIN = 'mail that another site has sent here is routed again'
BCC = 'gets a copy that sdr-milter does not see'
REDIRECT = 'bob@example.com is the target of REDIRECT, which sdr does not route'
TO_STORE = 'mail for sdr-check@hosted.example.com goes to [127.0.0.1]:'
ALICE = inline('alice@example.com=alice@hosted.example.com')
LEFT = 'alice@hosted.example.com for alice@example.com'
MASQUERADE = {'masquerade_domains': 'example.com',
              'masquerade_classes': 'envelope_sender, envelope_recipient, header_sender'}
BOB = ((), ('bob@hosted.example.com',))

LINES = [
    Line('nothing', {}),
    Line('no original recipient', {'enable_original_recipient': 'no'},
         'enable_original_recipient: no: if anything else rewrites addresses, recipients that sdr-milter adds '
         'can get lost',
         luck=('milter',)),
    Line('no original recipient, and a redirect', {
        'enable_original_recipient': 'no', 'virtual_alias_maps': ALICE},
         'enable_original_recipient: no: if anything else rewrites addresses, recipients that sdr-milter adds '
         'can get lost',
         single('virtual_alias_maps', LEFT), luck=('tables',)),
    Line('redirect of one who has moved', {'virtual_alias_maps': ALICE},
         single('virtual_alias_maps', LEFT),
         single('virtual_alias_maps', LEFT), luck=('milter', 'tables')),
    Line('redirect of one who is back', {
        'virtual_alias_maps': inline('x@example.net=y@example.net',
                                     'Dave@Example.com=dave@hosted.example.com')},
         single('virtual_alias_maps', 'dave@hosted.example.com for '),
         single('virtual_alias_maps', 'dave@hosted.example.com for ')),
    Line('redirects of one with two mailboxes', {
        'virtual_alias_maps': inline('both@example.com=both@example.com, both@hosted.example.com')},
         single('virtual_alias_maps', 'both@example.com, both@hosted.example.com for both@'),
         single('virtual_alias_maps', 'both@example.com, both@hosted.example.com for both@'),
         luck=('tables',)),
    Line('redirects by a pattern', {'virtual_alias_maps': 'regexp:{folder}/redirects'},
         'virtual_alias_maps: it maps sdr-check@example.com to sdr-check@hosted.example.com',
         'virtual_alias_maps: it maps sdr-check@example.com to sdr-check@hosted.example.com'),
    Line('alias with members in a routing domain', {
        'virtual_alias_maps': inline('team@example.net=alice@hosted.example.com, dave@example.com')}),
    Line('virtual aliases back', {'virtual_alias_maps': STRIP},
         'virtual_alias_maps: it maps sdr-check@hosted.example.com to sdr-check@example.com',
         'virtual_alias_maps: it maps sdr-check@hosted.example.com to sdr-check@example.com'),
    Line('virtual alias back', {
        'virtual_alias_maps': inline('alice@hosted.example.com=alice@example.com')},
         single('virtual_alias_maps', 'alice@example.com for alice@hosted.example.com: '),
         single('virtual_alias_maps', 'alice@example.com for alice@hosted.example.com: ')),
    Line('canonical of one person back', {
        'canonical_maps': inline('ALICE@hosted.example.com=alice@example.com')},
         single('canonical_maps', 'alice@example.com for alice@hosted.example.com: ')),
    Line('generic of one person', {
        'smtp_generic_maps': inline('alice@hosted.example.com=alice@example.com')},
         single('smtp_generic_maps', 'alice@example.com for alice@hosted.example.com: '),
         single('smtp_generic_maps', 'alice@example.com for alice@hosted.example.com: ')),
    Line('virtual alias domain by its table', {
        'virtual_alias_maps': inline('example.com=x')},
         'virtual_alias_domains: example.com is listed',
         'virtual_alias_domains: example.com is listed'),
    Line('virtual domain back', {'virtual_alias_maps': inline('@hosted.example.com=@example.com')},
         'virtual_alias_maps: it maps sdr-check@hosted.example.com to @example.com',
         'virtual_alias_maps: it maps sdr-check@hosted.example.com to @example.com'),
    Line('canonical', {'canonical_maps': STRIP}, BACK, AGAIN, luck=('tables',)),
    Line('canonical, for headers alone', {'canonical_maps': STRIP,
                                          'canonical_classes': 'header_sender, header_recipient'}),
    Line('recipient_canonical', {'recipient_canonical_maps': STRIP}, BACK, AGAIN, luck=('tables',)),
    Line('canonical domain', {
        'recipient_canonical_maps': inline('@example.com=@mail.internal'),
        'transport_maps': inline(f'mail.internal={STORE}')}, None,
         'recipient_canonical_maps: it maps sdr-check@example.com to @mail.internal: '
         'Postfix queries virtual_alias_maps after it: mail is not routed', staying='mail.internal'),
    Line('canonical people', {
        'canonical_maps': inline('alice@example.com=al@mail.internal'),
        'transport_maps': inline(f'example.com={STORE}', f'mail.internal={STORE}')}, None,
         single('canonical_maps', 'al@mail.internal for alice@example.com')),
    Line('canonical redirect', {
        'canonical_maps': inline('dave@example.com=dave@hosted.example.com')},
         single('canonical_maps', 'dave@hosted.example.com for dave@example.com'),
         single('canonical_maps', 'dave@hosted.example.com for dave@example.com')),
    Line('masquerade', MASQUERADE, 'masquerade_domains: it maps sdr-check@hosted.example.com to '
                                   'sdr-check@example.com: Postfix changes the recipients that sdr-milter adds',
         AGAIN, luck=('tables',)),
    Line('masquerade, the usual classes', {'masquerade_domains': 'example.com'}),
    Line('masquerade, without that host', {
        **MASQUERADE, 'masquerade_domains': '!hosted.example.com example.com'}, None, AGAIN,
         luck=('tables',)),
    Line('generic', {'smtp_generic_maps': STRIP},
         'smtp_generic_maps: it maps sdr-check@hosted.example.com to sdr-check@example.com',
         'smtp_generic_maps: it maps sdr-check@hosted.example.com to sdr-check@example.com'),
    Line('virtual alias domain', {'virtual_alias_domains': 'example.com',
                                  'relay_domains': 'onprem.example.com'},
         'virtual_alias_domains: example.com is listed',
         'virtual_alias_domains: example.com is listed'),
    Line('always_bcc', {'always_bcc': 'bob@example.com'}, f'always_bcc: bob@example.com {BCC}',
         extra=BOB),
    Line('recipient_bcc', {'recipient_bcc_maps': inline('dave@example.com=bob@example.com')},
         f'recipient_bcc_maps: bob@example.com {BCC}', extra=BOB),
    Line('recipient_bcc of a domain', {'recipient_bcc_maps': inline('@example.com=bob@example.com')},
         f'recipient_bcc_maps: bob@example.com {BCC}', extra=BOB),
    Line('sender_bcc', {'sender_bcc_maps': inline('sender@outside.test=bob@example.com')},
         f'sender_bcc_maps: bob@example.com {BCC}', extra=BOB),
    Line('copy by header', {'header_checks': 'regexp:{folder}/copy'}, f'header_checks: bob@example.com {BCC}',
         extra=BOB),
    Line('redirect by header', {'header_checks': 'regexp:{folder}/redirect'},
         f'header_checks: {REDIRECT}', f'header_checks: {REDIRECT}'),
    Line('redirect by recipient', {'smtpd_recipient_restrictions':
                                   'check_recipient_access texthash:{folder}/access, permit'},
         f'smtpd_recipient_restrictions: {REDIRECT}', f'smtpd_recipient_restrictions: {REDIRECT}'),
    Line('redirect to the routing domain', {'header_checks': 'regexp:{folder}/hint'}),
    Line('always_bcc, the routing domain', {'always_bcc': 'bob@hosted.example.com'}, extra=BOB),
    Line('transport below', {'transport_maps': inline(f'example.com={STORE}', f'.example.com={STORE}')},
         f'transport_maps: {TO_STORE}',
         f'transport_maps: {TO_STORE}'),
    Line('transport pattern', {'transport_maps': 'regexp:{folder}/below'},
         f'transport_maps: {TO_STORE}',
         f'transport_maps: {TO_STORE}'),
    Line('transport for all', {'transport_maps': inline(f'*={STORE}')},
         f'transport_maps: {TO_STORE}',
         f'transport_maps: {TO_STORE}'),
    Line('transport error', {'transport_maps': inline(f'example.com={STORE}', '.example.com=error:no')},
         'mail for sdr-check@hosted.example.com goes to the transport "error"',
         'mail for sdr-check@hosted.example.com goes to the transport "error"'),
    Line('default_transport', {'default_transport': STORE},
         f'default_transport: {TO_STORE}',
         f'default_transport: {TO_STORE}'),
    Line('relay_transport, and domains below', {
        'relay_transport': STORE, 'parent_domain_matches_subdomains': 'relay_domains',
        'transport_maps': ''}, f'relay_transport: {TO_STORE}', f'relay_transport: {TO_STORE}'),
    Line('relay_transport', {'relay_transport': STORE, 'transport_maps': ''}),
    Line('relayhost', {'relayhost': '[127.0.0.1]:{store}'}, f'relayhost: {TO_STORE}',
         f'relayhost: {TO_STORE}', code=OK),
    Line('default_transport of senders', {
        'sender_dependent_default_transport_maps': f'static:{STORE}'},
         f'sender_dependent_default_transport_maps: {TO_STORE}',
         f'sender_dependent_default_transport_maps: {TO_STORE}'),
    Line('relayhost of senders', {'sender_dependent_relayhost_maps': 'static:[127.0.0.1]:{store}'},
         f'sender_dependent_relayhost_maps: {TO_STORE}',
         f'sender_dependent_relayhost_maps: {TO_STORE}'),
    Line('milters of clients', {'smtpd_milter_maps': 'static:DISABLE'},
         'smtpd_milter_maps: it gives the client 192.0.2.1 the milters DISABLE, without sdr-milter'),
    Line('redirect of a local name', {
        'mydestination': 'example.com', 'relay_domains': 'onprem.example.com',
        'local_recipient_maps': '', 'local_transport': STORE,
        'virtual_alias_maps': inline('dave=dave@hosted.example.com')},
         single('virtual_alias_maps', 'dave@hosted.example.com for dave'),
         single('virtual_alias_maps', 'dave@hosted.example.com for dave')),
    Line('transport of the hosts below', {
        'transport_maps': inline(f'example.com={STORE}', '.example.com=smtp:[127.0.0.2]:{store}')},
         'like mail for all hosts below example.com, and not to the other site',
         'like mail for all hosts below example.com, and not to the other site'),
    Line('transport to a program', {
        'transport_maps': inline('example.com=maildrop:', '.example.com=maildrop:')},
         'mail for sdr-check@hosted.example.com goes to the transport "maildrop"',
         'mail for sdr-check@hosted.example.com goes to the transport "maildrop"'),
    Line('transport of the other site', {'transport_maps': inline(
        f'example.com={STORE}', 'hosted.example.com=smtp:[127.0.0.1]:{hosted}')}),
    Line('relocated people', {'relocated_maps': inline('alice@example.com=alice@hosted.example.com')},
         single('relocated_maps', 'alice@hosted.example.com for alice@example.com')),
    Line('relocated domain', {'relocated_maps': inline('@hosted.example.com=elsewhere')},
         'relocated_maps: it maps sdr-check@hosted.example.com to elsewhere',
         'relocated_maps: it maps sdr-check@hosted.example.com to elsewhere'),
]


class Office:
    """All servers of one mode. deliver() returns who got a message, check() the output of sdrctl."""

    def __init__(self, mode, postfix, hosted, store, conf_path, folder):
        self.mode, self.postfix, self.hosted, self.store = mode, postfix, hosted, store
        self._conf_path, self._folder = conf_path, folder
        self._main = {**postfix.main, 'transport_maps': TRANSPORT}
        if mode == 'tables':
            self._main.update(smtpd_milters='', non_smtpd_milters='',
                              relay_recipient_maps=f'{TABLE}:recipient')

    def serve(self, *lines):
        """Services for master.cf, from the next use() on."""
        with open(self.postfix.folder / 'etc/master.cf', 'a', encoding='utf-8') as master:
            master.write(''.join(f'{self._fill(line)}\n' for line in lines))

    def use(self, main):
        self.postfix.main = {**self._main, **main}
        if 'milters' in main:
            milters = self.postfix.main.pop('milters')
            if self.mode == 'milter':
                self.postfix.main['smtpd_milters'] = milters
        if self.mode == 'tables':
            self.postfix.main['virtual_alias_maps'] = ' '.join(
                [f'{TABLE}:route', main.get('virtual_alias_maps', '')])
        self.postfix.main = {name: self._fill(value) for name, value in self.postfix.main.items()}
        self.postfix.set()

    def _fill(self, text):
        values = {'{folder}': self._folder, '{store}': self.store.port, '{hosted}': self.hosted.port}
        for name, value in values.items():
            text = str(text).replace(name, str(value))
        return text

    def deliver(self, rcpts=CLIENTS, **options):
        """(who got it at the store, who at the other site): what is refused or waits, nowhere."""
        sent = self.postfix.send(rcpts, **options)
        wait_for(lambda: self._all_gone() or self.postfix.deferred(), what='an end')
        if self.postfix.queue():
            self.postfix.command('postsuper', '-d', 'ALL')
        return tuple(s.recipients(sent.message_id) for s in (self.store, self.hosted))

    def _all_gone(self):
        """Looks twice, because a message may be between two queues."""
        return not self.postfix.queue() and not self.postfix.queue()

    def check(self, *options):
        done = sdrctl.run(self._conf_path, 'check', 'mta', 'postfix', '--postfix-config',
                          self.postfix.folder / 'etc', '--timeout', '60', *options,
                          env={'PATH': f'{SERVER}/usr/sbin:{os.environ["PATH"]}',
                               'LD_LIBRARY_PATH': LIBRARIES})
        assert done.stderr == ''
        return done.returncode, done.stdout


@pytest.fixture
def store(stop_later):
    server = Sink()
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def new_office(postfix, sink, store, conf, new_milter, scratch):
    def make(mode, **sections):
        folder = scratch / 'patterns'
        folder.mkdir(mode=0o755)
        for name, text in PATTERNS.items():
            (folder / name).write_text(text.replace('{store}', str(store.port)) + '\n')
        milter = {'map-socket': f'unix:{postfix.queue_folder / mapped.SOCKET}', 'rewrite': mode}
        if mode == 'milter':
            del milter['map-socket']
        text = conf(main={'recipient-delimiter': None}, milter=milter, **sections)
        new_milter(text).start()
        return Office(mode, postfix, sink, store, sdrctl.write_conf(scratch, text), folder)
    return make


def is_right(line, got):
    here = Counter(a.replace('@example.com', f'@{line.staying}') for a in AT_STORE)
    return got == (here + Counter(line.extra[0]), AT_HOSTED + Counter(line.extra[1]))


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('line', LINES, ids=str)
def test_one_line_more(new_office, mode, line):
    office = new_office(mode)
    wrong = getattr(line, mode)
    office.use(line.main)
    got = office.deliver()
    code, output = office.check()
    assert is_right(line, got) == (wrong is None or mode in line.luck), got
    if wrong is None:
        assert code == OK and 'WRONG' not in output, output
        return
    assert wrong in output and code == line.code, output
    office.use(line.fix)
    assert is_right(LINES[0], office.deliver())
    code, output = office.check()
    assert code == OK and 'WRONG' not in output, output


HERE = 'regexp:{folder}/here'
ONCE_MORE = ': mail that another site has sent here is routed again'
ONE_HERE = inline('both@onprem.example.com=both@example.com')


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('main, said', [
    ({'canonical_maps': HERE}, 'canonical_maps: it maps sdr-check@onprem.example.com to sdr-check@ex'),
    ({'canonical_maps': STRIP}, 'canonical_maps: it maps sdr-check@onprem.example.com to sdr-check@ex'),
    ({'recipient_canonical_maps': inline('@onprem.example.com=@example.com')},
     'recipient_canonical_maps: it maps sdr-check@onprem.example.com to @example.com' + ONCE_MORE),
    ({'recipient_canonical_maps': ONE_HERE},
     single('recipient_canonical_maps', 'both@example.com for both@onprem.example.com' + ONCE_MORE)),
    ({'virtual_alias_maps': ONE_HERE}, None),
    ({**MASQUERADE, 'masquerade_domains': 'onprem.example.com example.com'}, None),
    ({**MASQUERADE, 'masquerade_domains': '!hosted.example.com example.com'},
     'masquerade_domains: it maps sdr-check@onprem.example.com to sdr-check@example.com' + ONCE_MORE),
    ({**MASQUERADE, 'masquerade_domains': '!onprem.example.com !hosted.example.com example.com'}, None),
    ({'canonical_maps': inline('plain@onprem.example.com=both@onprem.example.com')}, None),
    ({'canonical_maps': HERE, 'canonical_classes': 'header_recipient'}, None),
], ids=str)
def test_what_another_site_has_sent_stays_here(new_office, mode, main, said):
    """Postfix calls the milter before all of this, and the tables after it."""
    office = new_office(mode)
    office.use(main)
    at_store, at_hosted = office.deliver(['both@onprem.example.com'])
    assert sum(at_store.values()) == 1
    harm = bool(at_hosted)
    assert harm == (mode == 'tables' and said is not None)
    code, output = office.check()
    assert (ONCE_MORE in output) == harm, output
    assert not harm or (said in output and code == WRONG), output


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('table', [HERE, inline('@onprem.example.com=@example.com'), ''])
def test_unknown_recipients_in_the_routing_domain_of_this_site(new_office, mode, table):
    office = new_office(mode)
    office.use({'virtual_alias_maps': table})
    reply = office.postfix.send(['nosuch@onprem.example.com']).rcpts[0]
    harm = bool(table) and mode == 'tables'
    assert str(reply).startswith('250' if harm else '550'), reply
    code, output = office.check()
    assert ('it maps sdr-check@onprem.example.com to ' in output) == harm, output
    assert code == (WRONG if harm else OK)


@pytest.mark.parametrize('mode', ['milter', 'tables'])
def test_relocated_routing_domain_of_this_site(new_office, mode):
    office = new_office(mode)
    office.use({'relocated_maps': inline('@onprem.example.com=elsewhere')})
    harm = office.deliver(['both@onprem.example.com']) == (Counter(), Counter())
    assert harm == (mode == 'milter')
    code, output = office.check()
    assert ('relocated_maps: it maps sdr-check@onprem.example.com to elsewhere' in output) == harm
    assert code == (WRONG if harm else OK), output


LISTS = {'virtual_alias_domains': 'example.net'}
MEMBERS = '{}: aliases have members who are at another site now ({}), such as {}: their mail is not routed'


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('members, said', [
    ('alice@example.com, dave@example.com, both@example.com', (2, 'alice@example.com of team@example.net')),
    ('robert@example.com', (1, 'robert@example.com of team@example.net')),
    ('alice@hosted.example.com, dave@example.com, bob@hosted.example.com', None),
    ('dave@example.com, plain@example.com', None),
], ids=str)
def test_members_of_virtual_aliases(new_office, mode, members, said):
    office = new_office(mode)
    office.use({**LISTS, 'virtual_alias_maps': inline(f'team@example.net={members}')})
    at_store, _ = office.deliver(['team@example.net'])
    harm = bool({'alice@example.com', 'robert@example.com'} & set(at_store))
    assert harm == (mode == 'milter' and said is not None)
    code, output = office.check()
    assert ('aliases have members who are' in output) == harm, output
    assert not harm or MEMBERS.format('virtual_alias_maps', *said) in output, output
    assert code == (WRONG if harm else OK)


@pytest.mark.parametrize('mode', ['milter', 'tables'])
def test_alias_of_one_who_is_routed(new_office, mode):
    """Mail for alice does not come to the alias."""
    office = new_office(mode)
    office.use({'virtual_alias_maps': inline('alice@example.com=bob@example.com')})
    assert office.deliver(['alice@example.com']) == (Counter(), Counter(['alice@hosted.example.com']))
    assert 'aliases have members who are' not in office.check()[1]


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('local, aliases, modes', [
    ('lists.test', 'team: alice@example.com, dave@example.com', ['milter']),
    ('lists.test', 'team: alice@hosted.example.com, dave@example.com', []),
    ('lists.test', 'team: alice, dave', []),
    ('lists.test', 'team: "|/bin/cat alice@example.com", /var/mail/alice@example.com', []),
    ('example.com lists.test', 'team: alice, dave', ['milter', 'tables']),
    ('example.com lists.test', 'team: alice@example.com', ['milter', 'tables']),
    ('example.com lists.test', 'robert: alice', []),
], ids=str)
def test_members_in_aliases(new_office, mode, local, aliases, modes):
    """local(8) delivers in its own domains without asking a table."""
    office = new_office(mode)
    path = office.postfix.folder / 'etc/aliases'
    path.write_text(f'{aliases}\n')
    office.postfix.command('postalias', f'hash:{path}')
    office.use({'mydestination': local, 'relay_domains': 'onprem.example.com' if 'ex' in local else
                'example.com onprem.example.com', 'alias_maps': f'hash:{path}', 'myorigin': 'lists.test'})
    _, output = office.check()
    assert (MEMBERS.format('alias_maps', 1, 'alice@example.com of team') in output) == (mode in modes), output


class Filter(Sink):
    """A content filter that returns the copy of each recipient as a separate message."""

    def __init__(self, back):
        super().__init__()
        self._back = back

    async def handle_DATA(self, server, session, envelope):
        message_id = email.message_from_bytes(envelope.content)['Message-ID'].strip('<>')
        replies = []
        for raw in envelope.rcpt_tos:
            sent = await asyncio.to_thread(smtpclient.send, self._back, sink_path(raw),
                                           message_id=message_id)
            replies.append(str(sent.data or sent.rcpts[0]))
        return max(replies)


def sink_path(raw):
    return raw.partition('>')[0] + '>'


@dataclass
class Filtered(Line):
    """back: the options of the service that receives the mail from the filter."""
    back: str = ''


AFTER_QUEUE = {'content_filter': 'smtp:[127.0.0.1]:{filter}'}
BEFORE_QUEUE = {'smtpd_proxy_filter': '127.0.0.1:{filter}'}
NEITHER = 'no_milters,no_address_mappings'
TWICE = 'mail that comes back from content_filter is routed again: recipients with two mailboxes can get it '
NOT_HERE = 'it has smtpd_proxy_filter, so a milter cannot change recipients: mail that this service '
FILTERED = [
    Filtered('routed before the filter', AFTER_QUEUE, None, None,
             back=f'-o content_filter= -o receive_override_options={NEITHER}'),
    Filtered('routed after the filter', {**AFTER_QUEUE, 'receive_override_options': NEITHER}, None,
             None, back='-o content_filter= -o receive_override_options='),
    Filtered('twice', AFTER_QUEUE, TWICE, TWICE, back='-o content_filter='),
    Filtered('never', {**AFTER_QUEUE, 'receive_override_options': NEITHER}, 'no mail is routed',
             'no mail is routed', back='-o content_filter='),
    Filtered('filter before the queue', BEFORE_QUEUE, NOT_HERE, None,
             back='-o smtpd_proxy_filter= -o smtpd_milters='),
    Filtered('filter before the queue, routed after it', {**BEFORE_QUEUE, 'milters': ''}, None, None,
             back=f'-o smtpd_proxy_filter= -o smtpd_milters={MILTER}'),
    Filtered('filter before the queue, both ask', BEFORE_QUEUE, None, None,
             back='-o smtpd_proxy_filter='),
]


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('line', FILTERED, ids=str)
def test_content_filter(new_office, stop_later, mode, line):
    office = new_office(mode)
    back = free_port()
    content_filter = Filter(back)
    stop_later(content_filter.stop)
    content_filter.start()
    wrong = getattr(line, mode)
    options = line.back if mode == 'milter' else line.back.replace(f'={MILTER}', '=')
    office.serve(f'127.0.0.1:{back} inet n - n - - smtpd -o mynetworks=127.0.0.0/8 {options}')
    office.use({name: value.replace('{filter}', str(content_filter.port))
                for name, value in line.main.items()})
    got = office.deliver()
    code, output = office.check()
    assert is_right(line, got) == (wrong is None), (got, output)
    assert code == (OK if wrong is None else WRONG), output
    assert wrong is None or wrong in output, output


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('edits', [{'add': ['<bob@example.com>']}, {'delete': ['<alice@example.com>']}],
                         ids=str)
def test_milter_before_ours_that_edits(new_office, stop_later, scratch, mode, edits):
    """sdr-milter does not see its edits; Postfix asks the tables after it."""
    office = new_office(mode)
    other = LaterMilter(scratch / 'other.sock', **edits)
    stop_later(other.stop)
    other.start()
    milters = f'unix:{other.path}'
    office.use({'smtpd_milters': f'{milters}, {MILTER}' if mode == 'milter' else milters})
    right = AT_HOSTED + Counter(['bob@hosted.example.com'] if 'add' in edits else [])
    right -= Counter(['alice@hosted.example.com'] if 'delete' in edits else [])
    assert (office.deliver() == (AT_STORE, right)) == (mode == 'tables')
    _, output = office.check()
    assert ('may add and delete recipients' in output) == (mode == 'milter'), output


STRIP_FOR = '-o smtp_generic_maps=regexp:{folder}/strip'
BY_CLEANUP = '127.0.0.1:{port} inet n - n - - smtpd -o cleanup_service_name=other'
OTHER_CLEANUP = 'other unix n - n - 0 cleanup'


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('services, main, wrong', [
    (['smtp unix - - n - - smtp ' + STRIP_FOR], {}, 'smtp_generic_maps: it maps sdr-check@ho'),
    (['relay unix - - n - - smtp ' + STRIP_FOR], {}, None),
    (['smtp unix - - n - - smtp -o smtp_generic_maps='], {'smtp_generic_maps': STRIP}, None),
    (['hosted unix - - n - - smtp ' + STRIP_FOR], {'transport_maps': inline(
        f'example.com={STORE}', 'hosted.example.com=hosted:')},
     'smtp_generic_maps: it maps sdr-check@ho'),
    (['hosted unix - - n - - smtp ' + STRIP_FOR], {'transport_maps': inline(
        f'example.com={STORE}', 'hosted.example.com=smtp:[127.0.0.1]:{hosted}',
        'x.test=hosted:')}, None),
], ids=['smtp', 'relay', 'taken out', 'transport', 'other transport'])
def test_generic_of_a_service(new_office, mode, services, main, wrong):
    """The client that sends the mail to the other site decides."""
    office = new_office(mode)
    office.serve(*services)
    office.use(main)
    assert is_right(LINES[0], office.deliver()) == (wrong is None)
    code, output = office.check()
    assert (code, 'smtp_generic_maps' in output) == ((WRONG, True) if wrong else (OK, False)), output
    assert wrong is None or wrong in output


@pytest.mark.parametrize('mode, options, wrong', [
    ('milter', '-o canonical_maps=regexp:{folder}/strip', 'canonical_maps: it maps sdr-check@'),
    ('milter', '-o virtual_alias_maps=regexp:{folder}/strip', 'virtual_alias_maps: it maps sdr'),
    ('milter', '-o masquerade_domains=example.com -o masquerade_classes=envelope_recipient',
     'masquerade_domains: it maps sdr-check@hosted.example.com to '),
    ('milter', '-o always_bcc=bob@example.com', 'always_bcc: bob@example.com gets a copy'),
    ('tables', '-o recipient_canonical_maps=static:x@mail.internal', 'recipient_canonical_maps: it maps '),
    ('milter', '', None),
    ('tables', '', None),
])
def test_cleanup_of_a_service(new_office, mode, options, wrong):
    """Another cleanup(8), which master.cf names for one smtpd."""
    office = new_office(mode)
    port = free_port()
    office.serve(BY_CLEANUP.replace('{port}', str(port)), f'{OTHER_CLEANUP} {options}')
    office.use({})
    office.postfix.port = port
    assert is_right(LINES[0], office.deliver()) == (wrong is None)
    code, output = office.check()
    assert code == (WRONG if wrong else OK), output
    assert wrong is None or wrong in output, output


def test_cleanup_of_a_service_without_the_table(new_office):
    office = new_office('tables')
    port = free_port()
    office.serve(BY_CLEANUP.replace('{port}', str(port)), f'{OTHER_CLEANUP} -o virtual_alias_maps=')
    office.use({})
    office.postfix.port = port
    assert not is_right(LINES[0], office.deliver())
    _, output = office.check()
    assert f'127.0.0.1:{port}/inet: it does not ask sdr-milter: mail that this service' in output


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('entry', [None, 'robert@example.com=bob@example.com'])
def test_canonical_of_mail_by_sendmail(new_office, mode, entry):
    """A milter gets the rewritten recipient, but Postfix knows the recipient by the original text."""
    office = new_office(mode)
    office.use({'canonical_maps': inline(entry) if entry else '',
                **({'non_smtpd_milters': MILTER} if mode == 'milter' else {})})
    message_id = office.postfix.submit('robert@example.com')
    office.postfix.wait_empty()
    got = [sorted(sink.recipients(message_id)) for sink in (office.store, office.hosted)]
    harm = bool(entry) and mode == 'milter'
    assert (got in ([[], ['bob@hosted.example.com']], [[], ['robert@hosted.example.com']])) != harm, got
    _, output = office.check()
    assert ('sdr-milter sees mail sent with sendmail(1) only after this change' in output) == harm, output


@pytest.mark.parametrize('kind', ['hash', 'btree', 'texthash'])
def test_tables_in_files(new_office, kind):
    office = new_office('milter')
    path = office.postfix.folder / 'etc/virtual'
    path.write_text('dave@example.com dave@hosted.example.com\nteam@example.com alice@hosted.test\n'
                    'bob@Example.com BOB@hosted.example.com\n')
    if kind != 'texthash':
        office.postfix.command('postmap', f'{kind}:{path}')
    office.use({'virtual_alias_maps': f'{kind}:{path}'})
    code, output = office.check()
    assert 'virtual_alias_maps: it has entries for single recipients (2), such as ' in output, output
    assert code == WRONG


def test_known_people_are_asked_for(new_office):
    """A table that cannot be listed contains only one of them."""
    office = new_office('milter', site_hosted={'verify-address': 'bob@example.com'})
    office.use({'virtual_alias_maps': 'regexp:{folder}/bob'})
    code, output = office.check()
    assert 'virtual_alias_maps: it maps bob@example.com to bob@hosted.example.com' in output
    assert code == WRONG


def test_a_table_that_is_silent(new_office, stop_later):
    listener = socket.create_server(('127.0.0.1', 0))
    stop_later(listener.close)
    office = new_office('milter')
    office.use({'canonical_maps': f'tcp:127.0.0.1:{listener.getsockname()[1]}'})
    _, output = office.check('--timeout', '5')
    assert 'canonical_maps: sdrctl cannot query tcp:127.0.0.1:' in output, output
    assert 'takes too long' in output


@pytest.mark.parametrize('mode, options', [
    ('milter', '-o smtpd_milters='), ('milter', '-o receive_override_options=no_milters'),
    ('tables', '-o receive_override_options=no_address_mappings')])
@pytest.mark.parametrize('address, code', [('', WRONG), ('127.0.0.1:', OK)])
def test_service_that_does_not_route(new_office, mode, options, address, code):
    """For clients elsewhere, or only for this host."""
    office = new_office(mode)
    port = free_port()
    office.serve(f'{address}{port} inet n - n - - smtpd {options}')
    office.use({})
    office.postfix.port = port
    assert not is_right(LINES[0], office.deliver())
    got, output = office.check()
    assert f'{address}{port}/inet: it does not ask sdr-milter: mail that this service' in output
    assert got == code, output


@pytest.mark.parametrize('classes', ['', 'bounce, notify'])
def test_bounces_that_a_milter_sees(new_office, classes):
    """internal_mail_filter_classes: sdr-milter may edit these, too, and nothing is lost."""
    office = new_office('milter')
    office.use({'internal_mail_filter_classes': classes, 'non_smtpd_milters': MILTER})
    office.hosted.refuse['gone@elsewhere.test'] = '550 5.1.1 Gone'
    office.postfix.send('gone@elsewhere.test', sender='alice@example.com', source=INSIDER)
    office.postfix.wait_empty(30)
    bounces = [r for sink in (office.store, office.hosted) for t in sink.transactions if not t.mail
               for r in t.recipients]
    assert bounces == ['alice@hosted.example.com' if classes else 'alice@example.com']
    assert office.check()[0] == OK


def test_alias_domains_are_asked_about(new_office):
    office = new_office('milter', **{'domain example.net': {'unknown': None, 'alias-of': 'example.com'}})
    office.use({'relay_domains': 'example.com, example.net, onprem.example.com',
                'transport_maps': inline(f'example.com={STORE}', f'example.net={STORE}'),
                'relocated_maps': inline('@example.net=example.com')})
    code, output = office.check()
    assert 'relocated_maps: it maps sdr-check@example.net to example.com' in output
    assert code == WRONG


def test_names_without_a_domain(new_office):
    """In a domain that is local."""
    office = new_office('milter')
    office.use({'mydestination': 'example.com', 'relay_domains': 'onprem.example.com',
                'local_recipient_maps': '', 'non_smtpd_milters': MILTER,
                'canonical_maps': inline('dave=@example.com', 'bob=bob@hosted.example.com')})
    code, output = office.check()
    assert single('canonical_maps', 'bob@hosted.example.com for bob') in output
    assert code == WRONG


def test_a_copy_for_a_name_alone(new_office):
    """myorigin may be a file, as in Debian."""
    office = new_office('milter')
    mailname = office.postfix.folder / 'etc/mailname'
    mailname.write_text('example.com\n')
    office.use({'myorigin': mailname, 'always_bcc': 'bob'})
    assert not is_right(Line('', {}, extra=BOB), office.deliver())
    code, output = office.check()
    assert f'always_bcc: bob@example.com {BCC}' in output
    assert code == WRONG


@pytest.mark.parametrize('address, where, code', [
    ('dave@example.com', 'here', OK), ('archive@example.com', 'in no directory', OK),
    ('held@example.com', 'unknown', OK), ('both@example.com', 'at another site', WRONG)])
def test_whether_a_copy_belongs_here(new_office, address, where, code):
    office = new_office('milter')
    office.use({'always_bcc': address})
    got, output = office.check()
    assert f'{address} {BCC}: the mail is delivered here, wherever the mailbox is (now {where})' in output
    assert got == code


@pytest.mark.parametrize('mode', ['milter', 'tables'])
def test_filter_that_may_give_back_to_a_service(new_office, mode):
    """It does not mention content_filter, and only this host can connect to it."""
    office = new_office(mode)
    front, back = free_port(), free_port()
    office.serve(f'127.0.0.1:{front} inet n - n - - smtpd -o content_filter=smtp:[127.0.0.1]:{back}',
                 f'127.0.0.1:{back} inet n - n - - smtpd')
    office.use({})
    code, output = office.check()
    assert f'{back}/inet: mail that comes back from content_filter, if it comes back to this service,' in output
    assert code == OK


@pytest.mark.parametrize('mode', ['milter', 'tables'])
def test_filter_that_is_a_program(new_office, mode):
    """As in FILTER_README: it returns mail by sendmail(1)."""
    office = new_office(mode)
    office.serve(f'127.0.0.1:{free_port()} inet n - n - - smtpd -o content_filter=filter:dummy',
                 'filter unix - n n - - pipe user=nobody argv=/filter -f ${sender} -- ${recipient}')
    office.use({'non_smtpd_milters': MILTER} if mode == 'milter' else {})
    code, output = office.check()
    assert 'content_filter is a program: mail that it returns with sendmail(1) is routed again' in output
    assert code == OK
