"""test_check_map.py - sdrctl check mta: whether the MTA asks all lookup tables that it must

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re

import pytest

import mapped
import sdrctl
from checkmta import programs, where
from mta import POSTFIX

OK, WRONG = 0, 78
TABLE = f'socketmap:unix:{mapped.SOCKET}'
NEXT_HOP = {'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                            'next-hop': '127.0.0.1:25'}}
PASS = {'milter-route': 'pass'}
UNKNOWN = {'domain example.com': {'unknown': 'hosted'}}
MILTER = {'milter': {'rewrite': 'milter'}}


@pytest.fixture
def check(mta, conf, new_milter, scratch):
    """
    check(...): (exit code, output) of a set-up with the tables

    milter   whether the MTA asks the milter, too
    options  more or others for the MTA
    sdr      more sections of sdr.conf; None for an option takes it out
    running  whether sdr-milter is
    before   called when all is set up
    """
    def run(milter=False, options=None, sdr=None, running=True, before=lambda: None):
        sections = {'main': {'recipient-delimiter': None}, **(sdr or {})}
        listen = mapped.use_map(mta, scratch, milter=milter)
        if mta.manners is POSTFIX:
            listen['rewrite'] = 'tables'
            # The table "transport" is for sites with a next hop. The lists of the set-up have members who
            # have moved.
            options = {'alias_maps': '', **({} if 'site legacy' in sections else {'transport_maps': ''}),
                       **(options or {})}
        sections['milter'] = {**listen, **sections.get('milter', {})}
        text = conf(**sections)
        if running:
            new_milter(conf(**{**sections, 'milter': {**sections['milter'], **listen}})).start()
        if options:
            mta.set(**options)
        before()
        done = sdrctl.run(sdrctl.write_conf(scratch, text), 'check', 'mta', *where(mta),
                          '--timeout', '60',
                          env=programs(mta))
        assert done.stderr == ''
        return done.returncode, done.stdout.replace(str(mta.queue_folder), 'QUEUE')
    return run


POSTFIX_MILTER = """\
  ok         smtpd: all 1 services ask sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
"""
POSTFIX_ALONE = """\
  warning    smtpd_milters: no service asks sdr-milter as a milter. Its lookup table routes all mail, \
except to addresses that name this server (alice%example.com@localhost): that mail goes to the mailbox \
here. Only hopcount_limit (50) ends loops, and replies to deferred mail are Postfix's own
             -> set smtpd_milters = unix:sdr/milter.sock, after all others
"""
POSTFIX_TABLES = """\
  ok         virtual_alias_maps: mail for members of aliases and .forward targets, bounces, local \
submissions and address probes are routed
  ok         map-socket: sdr-milter listens at QUEUE/sdr/map.sock
"""
SENDMAIL_MILTER = """\
  ok         INPUT_MAIL_FILTER: milter0 is sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
"""
SENDMAIL_ALONE = """\
  ok         INPUT_MAIL_FILTER: no filter is sdr-milter. Its lookup tables route all mail, which \
is enough, but only MaxHopCount ends loops
"""
SENDMAIL_TABLES = """\
  ok         map-socket: sdr-milter listens at QUEUE/sdr/map.sock
  ok         map redirect: mail for members of aliases and .forward targets, bounces and local \
submissions are routed
"""


@pytest.mark.parametrize('sdr', [{}, {**NEXT_HOP, 'milter': PASS}], ids=['', 'next hop'])
@pytest.mark.parametrize('milter, head', [(True, POSTFIX_MILTER), (False, POSTFIX_ALONE)])
def test_sound_in_postfix(check, postfix, milter, head, sdr):
    code, output = check(milter=milter, sdr=sdr)
    assert re.sub('mta: .*\n', '', output) == head + POSTFIX_TABLES
    assert code == OK


@pytest.mark.parametrize('sdr', [{}, {**NEXT_HOP, 'milter': PASS}], ids=['', 'next hop'])
@pytest.mark.parametrize('milter, head', [(True, SENDMAIL_MILTER), (False, SENDMAIL_ALONE)])
def test_sound_in_sendmail(check, sendmail, milter, head, sdr):
    code, output = check(milter=milter, sdr=sdr)
    assert re.sub('mta: .*\n', '', output) == head + SENDMAIL_TABLES
    assert code == OK


@pytest.mark.parametrize('options', [
    {'virtual_alias_maps': f'inline:{{ info@example.com=alice@example.com }}, {TABLE}:route'},
    {'virtual_alias_maps': f'{TABLE}:route, socketmap:unix:other.sock:route'},
    {'relay_recipient_maps': f'{TABLE}:recipient, inline:{{{{ ann@example.net=x }}}}',
     'relay_domains': 'example.com onprem.example.com example.net'},
    {'virtual_alias_maps': f'{TABLE}:route, inline:{{ dave@example.com=dave@store.test }}'},
    {'virtual_alias_maps': f'{TABLE}:route, inline:{{ {{sales@example.org = alice@example.com}} }}'},
    {'relay_recipient_maps': 'inline:{ dave@example.com=x }'},  # others are in the table "route"
    {'relay_recipient_maps': f'proxy:{TABLE}:recipient'},
    {'relay_domains': '', 'relay_recipient_maps': '',
     'virtual_mailbox_domains': 'example.com onprem.example.com',
     'virtual_mailbox_maps': f'{TABLE}:recipient', 'virtual_transport': 'lmtp:unix:lmtp'},
    {'transport_maps': 'inline:{ example.com=smtp:[127.0.0.1] }'},
    {'smtpd_recipient_restrictions': 'reject_unverified_recipient'},
], ids=str)
def test_sound_otherwise(check, postfix, options):
    """With other tables, and in other address classes."""
    code, output = check(milter=True, options=options)
    assert 'warning' not in output and 'WRONG' not in output
    assert code == OK


def test_whole_path(check, postfix):
    """Without a chroot."""
    code, output = check(options={
        'virtual_alias_maps': f'socketmap:unix:{postfix.queue_folder}/sdr/map.sock:route'})
    assert 'ok         virtual_alias_maps: ' in output
    assert code == OK


@pytest.mark.parametrize('more, code, lines', [
    pytest.param({'sdr': {'milter': {'map-socket': None, 'rewrite': 'milter'}},
                  'options': {'transport_maps': f'{TABLE}:transport'}, 'running': False}, WRONG, [
        f'WRONG      virtual_alias_maps: {TABLE}:route: no process listens there, and sdr.conf has no '
        'map-socket: all mail is deferred\n', '-> set map-socket = unix:PATH in sdr.conf',
        f'WRONG      relay_recipient_maps: {TABLE}:recipient: no process listens there',
        f'WRONG      transport_maps: {TABLE}:transport: no process'], id='no map-socket'),
    pytest.param({'running': False}, WRONG, [
        'WRONG      map-socket: sdr-milter does not listen: connect to QUEUE/sdr/map.sock: No such file'],
        id='sdr-milter does not run'),
    pytest.param({'options': {'virtual_alias_maps': 'socketmap:unix:sdr/mop.sock:route'}}, WRONG, [
        'WRONG      virtual_alias_maps: socketmap:unix:sdr/mop.sock:route, but map-socket in sdr.conf is '
        'QUEUE/sdr/map.sock: all mail is deferred\n', '-> use the same socket in both files\n'],
        id='another path'),
    pytest.param({'options': {'virtual_alias_maps': f'proxy:{TABLE}:route'}}, WRONG, [
        'WRONG      virtual_alias_maps: Postfix queries the table through proxymap(8), ',
        f'-> use {TABLE}:route\n'], id='proxy'),
    pytest.param({'options': {'virtual_alias_maps': f'{TABLE}:recipient'}}, WRONG, [
        'WRONG      virtual_alias_maps: this parameter needs sdr-milter\'s table "route", not '
        '"recipient"'], id='another table'),
    pytest.param({'options': {'virtual_alias_maps': '', 'relay_recipient_maps': '',
                              'transport_maps': ''}, 'milter': True, 'sdr': MILTER}, OK, [
        'warning    map-socket: no parameter uses the lookup tables at QUEUE/sdr/map.sock\n',
        f'-> set rewrite = tables in sdr.conf and virtual_alias_maps = {TABLE}:route, or remove map-socket\n'],
        id='nobody asks'),
    pytest.param({'options': {'virtual_alias_maps': ''}}, WRONG, [
        'no mail is routed'], id='neither'),
    pytest.param({'options': {'virtual_alias_maps': 'inline:{ a@b.test=c }'}, 'milter': True,
                  'sdr': MILTER}, OK, ['sdr-milter may reject aliases in split domains'], id='no route'),
    pytest.param({'milter': True, 'sdr': MILTER}, WRONG, [
        'WRONG      virtual_alias_maps: it lists the table "route", but sdr.conf has rewrite = milter: the '
        'table does not answer, and mail is deferred\n', '-> set rewrite = tables in [milter]'],
        id='the milter rewrites'),
    pytest.param({'options': {'virtual_alias_maps': ''}, 'milter': True}, WRONG, [
        'WRONG      virtual_alias_maps: it does not list the table "route", but sdr.conf has rewrite = '
        'tables: no mail is routed\n', f'-> set virtual_alias_maps = {TABLE}:route, before other tables\n'],
        id='the tables rewrite'),
    pytest.param({'options': {'virtual_alias_maps': f'static:dave@example.com {TABLE}:route'}}, WRONG, [
        "WRONG      virtual_alias_maps: static:dave@example.com comes before sdr-milter's table and matches "
        'every address in example.com: mail is not routed\n', "-> put sdr-milter's table before it\n"],
        id='another table first'),
    pytest.param({'options': {'virtual_alias_maps': f'{TABLE}:route inline:{{ @example.com=box@onprem.test }}'}},
                 OK, ['warning    virtual_alias_maps: it maps sdr-check@example.com to box@onprem.test: this '
                      'address gets the mail of all recipients who stay here'], id='catch-all'),
    pytest.param({'options': {'relay_recipient_maps': ''}, 'milter': True}, WRONG, [
        'WRONG      relay_recipient_maps: Postfix accepts mail for unknown recipients in example.com',
        '-> add sdr-milter\'s table "recipient"\n'], id='nobody refuses, with the milter'),
    pytest.param({'options': {'transport_maps': f'{TABLE}:transport'}}, OK, [
        'warning    transport_maps: no site has delivery = route: Postfix queries sdr-milter\'s table for all '
        'mail, without need\n'], id='transport for nothing'),
    pytest.param({'options': {'receive_override_options': 'no_address_mappings'}}, WRONG, [
        'no mail is routed'], id='no mappings'),
    pytest.param({'options': {'relay_domains': 'example.com onprem.example.com example.net'}}, WRONG, [
        "WRONG      relay_recipient_maps: only sdr-milter's table is listed, but relay_domains contains "
        'example.net, which is not a split domain: Postfix rejects all recipients in it\n',
        '-> add a table with the recipients of that domain\n'], id='other domains'),
    pytest.param({'options': {'mydestination': 'onprem.test',
                              'local_recipient_maps': f'{TABLE}:recipient'}}, WRONG, [
        "WRONG      local_recipient_maps: only sdr-milter's table is listed, but mydestination contains "
        'onprem.test'], id='other domains, local'),
    pytest.param({'options': {'relay_domains': '', 'mydestination': 'example.com onprem.example.com',
                              'local_recipient_maps': f'{TABLE}:recipient'}}, OK, [
        'warning    mydestination: example.com is listed: local(8) itself delivers mail for members of '
        'aliases(5) and .forward targets in this domain, and queries no table\n',
        '-> move the lists to virtual_alias_maps'], id='local(8)'),
    pytest.param({'options': {'relay_recipient_maps': ''}}, WRONG, [
        'WRONG      relay_recipient_maps: Postfix accepts mail for unknown recipients in example.com'],
        id='nobody refuses'),
    pytest.param({'options': {'relay_recipient_maps': ''}, 'sdr': UNKNOWN}, OK, [
        'warning    relay_recipient_maps: Postfix accepts mail for unknown recipients in example.com'],
        id='nobody refuses, the other site does'),
    pytest.param({'options': {'relay_recipient_maps': f'{TABLE}:recipient, inline:{{ @example.com=x }}'}}, WRONG, [
        'WRONG      relay_recipient_maps: sdr-check@example.com is found (x): Postfix accepts mail for unknown '
        'recipients in example.com and bounces it later, also to forged senders\n'], id='catch-all of recipients'),
    pytest.param({'options': {'relay_recipient_maps': f'{TABLE}:recipient, static:ok'}}, WRONG, [
        'WRONG      relay_recipient_maps: sdr-check@onprem.example.com is found (ok): '], id='all are recipients'),
    pytest.param({'options': {
        'virtual_alias_maps': f'{TABLE}:route, inline:{{ @example.com=@store.test }}'}}, WRONG, [
            'WRONG      virtual_alias_maps: sdr-check@example.com is found (@store.test): '],
        id='a host for all'),
    pytest.param({'options': {
        'virtual_alias_maps': f'{TABLE}:route, inline:{{ @example.org=@example.com }}'}}, WRONG, [
            'WRONG      virtual_alias_maps: it maps sdr-check@example.org to sdr-check@example.com: Postfix '
            'accepts mail for unknown recipients and bounces it later', '-> add the domain to sdr.conf'],
        id='domain alias'),
    pytest.param({'options': {
        'recipient_canonical_maps': 'inline:{ @example.org=@example.com }'}}, WRONG, [
            'WRONG      recipient_canonical_maps: it maps sdr-check@example.org to sdr-check@example.com: '],
        id='domain alias, canonical'),
    pytest.param({'options': {'relay_domains': '', 'relay_recipient_maps': '',
                              'virtual_mailbox_domains': 'example.com onprem.example.com',
                              'virtual_mailbox_maps': f'{TABLE}:recipient'}}, WRONG, [
        'WRONG      virtual_mailbox_maps: virtual(8) uses it too, and does not accept socketmap: tables: mail '
        'that stays here is deferred\n'], id='virtual(8)'),
    pytest.param({'options': {'relay_domains': 'example.com'}}, WRONG, [
        'Postfix does not accept mail for onprem.example.com from outside\n'], id='domain not taken'),
    pytest.param({'options': {'relay_domains': 'onprem.example.com',
                              'virtual_alias_domains': 'example.com'}}, WRONG, [
        'WRONG      virtual_alias_domains: example.com is listed: Postfix rejects recipients that stay here, '
        'unless virtual_alias_maps sends their mail to another domain\n'],
        id='virtual alias domain'),
    pytest.param({'options': {'relayhost': ''}}, WRONG, [
        'no entry names the host with the mailboxes of example.com'], id='no way out'),
    pytest.param({'options': {'transport_maps': ''}, 'sdr': {**NEXT_HOP, 'milter': PASS}}, WRONG, [
        "WRONG      transport_maps: it does not list sdr-milter's table: mail for sites with delivery "
        '= route stays here\n',
        f'-> set transport_maps = {TABLE}:transport, before other tables\n'], id='no transport'),
    pytest.param({'options': {'transport_maps': 'hash:/etc/postfix/transport'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, OK, [
        "warning    transport_maps: it does not list sdr-milter's table: ",
        ', unless another table has their recipients\n'], id='another transport'),
    pytest.param({'options': {'transport_maps': f'static:smtp:[127.0.0.1] {TABLE}:transport'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, WRONG, [
        "warning    transport_maps: static:smtp:[127.0.0.1] comes before sdr-milter's table and "
        'matches every address in example.com'], id='transport too late'),
    pytest.param({'options': {'relay_recipient_maps': 'hash:/etc/postfix/people'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, OK, [
        'warning    relay_recipient_maps: hash:/etc/postfix/people: Postfix rejects'],
        id='people with a next hop'),
])
def test_faults_in_postfix(check, postfix, more, code, lines):
    status, output = check(**more)
    for line in lines:
        assert line in output, output
    assert status == code, output


LOCAL = {'relay_domains': 'onprem.example.com', 'mydestination': 'example.com',
         'local_recipient_maps': f'{TABLE}:recipient'}
STRAY = ('it has aliases in a split domain that are not in the directory (1), such as sales@example.com: because '
         'of unknown = SITE, sdr sends their mail to that site\n')


@pytest.mark.parametrize('sdr, options, said', [
    (UNKNOWN, {'virtual_alias_maps': f'{TABLE}:route, inline:{{ sales@example.com=dave@example.com }}'},
     f'WRONG      virtual_alias_maps: {STRAY}'),
    (UNKNOWN, {**LOCAL, 'alias_maps': 'inline:{ sales=dave@example.net }'}, f'WRONG      alias_maps: {STRAY}'),
    ({**UNKNOWN, 'main': {'recipient-delimiter': None, 'always-local': 'sales'}},
     {**LOCAL, 'alias_maps': 'inline:{ sales=dave@example.net }'}, ''),
    (UNKNOWN, {'virtual_alias_maps': f'{TABLE}:route, inline:{{ dave@example.com=x@example.net, '
                                     'sales@example.net=y@example.net }'}, ''),
    ({}, {'virtual_alias_maps': f'{TABLE}:route, inline:{{ sales@example.com=dave@example.com }}'}, ''),
])
def test_aliases_that_only_postfix_knows(check, postfix, sdr, options, said):
    """Those in the directory, and those in always-local, keep their mail."""
    code, output = check(milter=True, sdr=sdr, options=options)
    assert said in output, output
    assert bool(said) == ('unknown = SITE' in output), output
    assert code == (WRONG if said else OK), output


def m4(domains, path='{queue}/sdr/map.sock', **macros):
    """The lines for sendmail.mc."""
    more = ''.join(f"define(`{name}', `{value}')dnl\n" for name, value in macros.items())
    return f"""{more}define(`SDR_DOMAINS', `{domains}')dnl
define(`SDR_MAP_SOCKET', `{path}')dnl
include(`{mapped.M4}')dnl
"""


BOTH = 'example.com onprem.example.com'
# The rules of an older sdr, which made aliases without a MAC.
OLD_RULES = """\
define(`ALIAS_FILE', `/etc/mail/aliases,socket:local:{queue}/sdr/map.sock')dnl
LOCAL_CONFIG
C{SdrDomain} example.com onprem.example.com
Kroute socket -q -T<TMPF> local:{queue}/sdr/map.sock

LOCAL_RULE_0
R$*	$: < $&{addr_type} > $1
R< e r > $+ < @ $={SdrDomain} . > $*	$: < $(route $1 @ $2 $: ? $) > $1 < @ $2 . > $3
R< $+ , $+ > $+ < @ $+ . > $*	$#local $: sdr-copy . $3 . = . $4
R< $* > $+	$: $2
"""


VERIFY = 'reject_unauth_destination, reject_unverified_recipient'


@pytest.mark.parametrize('sdr, restrictions, warned', [
    (UNKNOWN, 'reject_unauth_destination', True),
    (UNKNOWN, 'reject_unauth_destination, check_recipient_access '
              'inline:{{example.net=reject_unverified_recipient}}', True),
    (UNKNOWN, VERIFY, False),
    (UNKNOWN, 'reject_unauth_destination, check_recipient_access '
              'inline:{{example.com=reject_unverified_recipient}}', False),
    ({}, 'reject_unauth_destination', False),
])
def test_unknown_recipients_of_the_other_site(check, postfix, sdr, restrictions, warned):
    code, output = check(sdr=sdr, options={'smtpd_recipient_restrictions': restrictions})
    assert ('warning    reject_unverified_recipient: this host does not verify recipients in example.com, '
            'although unknown = hosted: ' in output) == warned, output
    assert warned or 'unverified' not in output
    assert code == OK


@pytest.mark.parametrize('mc, more, code, lines', [
    pytest.param(m4(BOTH), {'sdr': {'milter': {'map-socket': None, 'rewrite': None}}}, WRONG, [
        'WRONG      map redirect: Sendmail queries QUEUE/sdr/map.sock, but sdr.conf has no map-socket: mail '
        'for the split domains is deferred\n', 'WRONG      AliasFile: Sendmail queries QUEUE/sdr/map.sock'],
        id='no map-socket'),
    pytest.param(m4(BOTH), {'running': False}, WRONG, [
        'WRONG      map-socket: sdr-milter does not listen: connect to QUEUE/sdr/map.sock'],
        id='sdr-milter does not run'),
    pytest.param(m4(BOTH, '/run/sdr/map.sock'), {}, WRONG, [
        'WRONG      map redirect: Sendmail queries /run/sdr/map.sock, but map-socket in sdr.conf is '
        'QUEUE/sdr/map.sock: mail for the split domains is deferred\n',
        'WRONG      map recipient: Sendmail queries /run', 'WRONG      map transport: Sendmail queries /run',
        'WRONG      AliasFile: Sendmail queries /run/sdr/map.sock',
        '-> set SDR_MAP_SOCKET in sendmail.mc to the same socket\n'], id='another path'),
    pytest.param(m4('onprem.example.com'), {'milter': True}, WRONG, [
        'WRONG      SDR_DOMAINS: example.com is not listed: Sendmail does not query the lookup tables for'],
        id='split domain missing'),
    pytest.param(m4('example.com'), {}, WRONG, [
        'WRONG      SDR_DOMAINS: onprem.example.com is not listed'], id='routing domain missing'),
    pytest.param(m4(BOTH) + "define(`ALIAS_FILE', `/etc/mail/aliases')dnl\n", {}, WRONG, [
        "WRONG      AliasFile: sdr-milter's socket is missing: mail is deferred, goes to the wrong place or "
        "bounces\n"], id='alias file missing'),
    pytest.param('', {'milter': True}, WRONG, [
        'WRONG      rewrite: sdr.conf has rewrite = tables, but no rule queries the lookup tables: mail for '
        'other sites stays here\n'], id='tables rewrite, no rules'),
    pytest.param(m4(BOTH), {'milter': True, 'sdr': {'milter': {'rewrite': 'milter'}}}, WRONG, [
        'WRONG      rewrite: the rules query the lookup tables, but sdr.conf has rewrite = milter: mail for '
        'the split domains is deferred\n', '-> set rewrite = tables in sdr.conf, or'],
        id='milter rewrites, rules'),
    pytest.param(m4(BOTH), {'sdr': {'milter': {'rewrite': None}}}, WRONG, [
        'WRONG      rewrite: the rules query'], id='rewrite forgotten'),
    pytest.param(OLD_RULES, {}, WRONG, [
        'WRONG      sendmail-sdr.m4: sendmail.cf has the rules of an older sdr: recipients with '
        'several owners are rejected\n', '-> rebuild sendmail.cf with make -C /etc/mail, run newaliases, and'],
        id='old rules'),
    pytest.param('', {'milter': True, 'sdr': {'milter': {'rewrite': 'milter'}}}, WRONG, [
        'warning    map-socket: no rule queries the lookup tables at QUEUE/sdr/map.sock\n',
        'WRONG      AliasFile: aliases have members who are at another site now (3), such as ',
        '-> add SDR_MAP_SOCKET, SDR_DOMAINS and sendmail-sdr.m4 to sendmail.mc'], id='nobody asks'),
    pytest.param('', {}, WRONG, ['no mail is routed'], id='neither'),
    pytest.param('', {'milter': True, 'sdr': {**NEXT_HOP, 'milter': PASS}}, WRONG, [
        'WRONG      map transport: no rule queries the lookup tables: mail for sites with delivery = '
        'route stays here\n'], id='no transport'),
    pytest.param(m4(BOTH) + "LOCAL_DOMAIN(`example.com')dnl\n", {}, OK, [
        'ok         map redirect: '], id='local domain'),
])
def test_faults_in_sendmail(check, sendmail, mc, more, code, lines):
    mc = mc.replace('{queue}', str(sendmail.queue_folder))
    status, output = check(options={'mc': mc}, **more)
    for line in lines:
        assert line in output, output
    assert status == code, output


def remove(name):
    return lambda folder: (folder / name).unlink()


def outdate(folder):
    os.utime(folder / 'aliases.db', (0, 0))


NO_DATABASE = ('WRONG      AliasFile: FOLDER/{} has no database: the rules rewrite the names of aliases, and '
               'mail for them goes to the wrong place\n             -> run newaliases\n')


@pytest.mark.parametrize('files, spoil, code, line', [
    ('{}/aliases', remove('aliases.db'), WRONG, NO_DATABASE.format('aliases')),
    ('{0}/aliases, {0}/more', remove('more.db'), WRONG, NO_DATABASE.format('more')),
    ('implicit:{}/more', remove('more.db'), WRONG, NO_DATABASE.format('more')),
    ('{}/aliases', outdate, OK,
     'warning    AliasFile: FOLDER/aliases is newer than its database: Sendmail reads the old entries\n'),
    ('{0}/aliases, hash:{0}/more', lambda folder: None, OK, 'ok         map redirect: '),
])
def test_alias_file_without_a_database(check, sendmail, files, spoil, code, line):
    """Sendmail reads the text file at every message."""
    folder = sendmail.folder
    (folder / 'more').write_text('another: alice\n')
    mc = m4(BOTH).replace('{queue}', str(sendmail.queue_folder))
    mc = f"define(`ALIAS_FILE', `{files.format(folder)}')dnl\n{mc}"
    status, output = check(options={'mc': mc}, before=lambda: spoil(folder))
    assert line in output.replace(str(folder), 'FOLDER'), output
    assert status == code
    assert code == WRONG or 'no database' not in output
