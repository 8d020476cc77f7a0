"""test_check_map.py - sdrctl check mta: who asks the lookup tables, and whether that is enough

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re

import pytest

import mapped
import sdrctl
from mta import POSTFIX
from postfix import LIBRARIES, SERVER

OK, WRONG = 0, 78
TABLE = f'socketmap:unix:{mapped.SOCKET}'
NEXT_HOP = {'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                            'next-hop': '127.0.0.1:25'}}
PASS = {'milter-route': 'pass'}


@pytest.fixture
def check(mta, conf, new_milter, scratch):
    """
    check(...): (exit code, output) of a set-up with the tables

    milter   whether the MTA asks the milter, too
    options  more or others for the MTA
    sdr      more sections of sdr.conf; None for an option takes it out
    running  whether sdr-milter is
    """
    def run(milter=False, options=None, sdr=None, running=True):
        sections = {'main': {'recipient-delimiter': None}, **(sdr or {})}
        listen = mapped.use_map(mta, scratch, milter=milter)
        sections['milter'] = {**listen, **sections.get('milter', {})}
        text = conf(**sections)
        if running:
            new_milter(conf(**{**sections, 'milter': {**sections['milter'], **listen}})).start()
        if options:
            mta.set(**options)
        done = sdrctl.run(sdrctl.write_conf(scratch, text), 'check', 'mta', *where(mta),
                          env={'PATH': f'{SERVER}/usr/sbin:{os.environ["PATH"]}',
                               'LD_LIBRARY_PATH': LIBRARIES})
        assert done.stderr == ''
        return done.returncode, done.stdout.replace(str(mta.queue_folder), 'QUEUE')
    return run


def where(mta):
    if mta.manners is POSTFIX:
        return 'postfix', '--postfix-config', mta.folder / 'etc'
    return 'sendmail', '--sendmail-cf', mta.folder / 'sendmail.cf'


ALONE = 'that is enough, but loops are ended by'
POSTFIX_MILTER = """\
  ok         smtpd: all 1 services ask sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
"""
POSTFIX_ALONE = f"""\
  ok         smtpd: no service asks sdr-milter as a milter, its lookup table routes all mail: \
{ALONE} hopcount_limit (50) alone
"""
POSTFIX_TABLES = """\
  ok         virtual_alias_maps: members of aliases, who a .forward leads to, bounces, local \
submission and address probes are routed
  ok         map-socket: sdr-milter listens at QUEUE/sdr/map.sock
"""
SENDMAIL_MILTER = """\
  ok         INPUT_MAIL_FILTER: milter0 is sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
"""
SENDMAIL_ALONE = f"""\
  ok         INPUT_MAIL_FILTER: no filter is sdr-milter, its lookup tables route all mail: \
{ALONE} MaxHopCount alone
"""
SENDMAIL_TABLES = """\
  ok         map-socket: sdr-milter listens at QUEUE/sdr/map.sock
  ok         map route: members of aliases, who a .forward leads to, bounces and local submission \
are routed
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
    {'virtual_alias_maps': f'hash:/etc/postfix/virtual, {TABLE}:route'},
    {'virtual_alias_maps': f'{TABLE}:route, socketmap:unix:other.sock:route'},
    {'relay_recipient_maps': f'{TABLE}:recipient, hash:/etc/postfix/people',
     'relay_domains': 'example.com onprem.example.com example.net'},
    {'relay_recipient_maps': 'hash:/etc/postfix/people'},  # others are in the table "route"
    {'relay_recipient_maps': f'proxy:{TABLE}:recipient'},
    {'relay_domains': '', 'relay_recipient_maps': '',
     'virtual_mailbox_domains': 'example.com onprem.example.com',
     'virtual_mailbox_maps': f'{TABLE}:recipient', 'virtual_transport': 'lmtp:unix:lmtp'},
    {'transport_maps': f'hash:/etc/postfix/transport, {TABLE}:transport'},
    {'smtpd_recipient_restrictions': 'reject_unverified_recipient'},
], ids=str)
def test_sound_besides(check, postfix, options):
    """With other tables, and in other classes of addresses."""
    code, output = check(options=options)
    assert 'warning' not in output and 'WRONG' not in output
    assert code == OK


def test_whole_path(check, postfix):
    """Where there is no jail."""
    code, output = check(options={
        'virtual_alias_maps': f'socketmap:unix:{postfix.queue_folder}/sdr/map.sock:route'})
    assert 'ok         virtual_alias_maps: ' in output
    assert code == OK


@pytest.mark.parametrize('more, code, lines', [
    pytest.param({'sdr': {'milter': {'map-socket': None}}, 'running': False}, WRONG, [
        f'WRONG      virtual_alias_maps: {TABLE}:route: nobody listens there, and sdr.conf has no '
        'map-socket: all mail is deferred\n', '-> map-socket = unix:PATH in sdr.conf',
        f'WRONG      relay_recipient_maps: {TABLE}:recipient: nobody listens there',
        f'WRONG      transport_maps: {TABLE}:transport: nobody'], id='no map-socket'),
    pytest.param({'running': False}, WRONG, [
        'WRONG      map-socket: nobody listens: connect to QUEUE/sdr/map.sock: No such file'],
        id='sdr-milter does not run'),
    pytest.param({'options': {'virtual_alias_maps': 'socketmap:unix:sdr/mop.sock:route'}}, WRONG, [
        'WRONG      virtual_alias_maps: socketmap:unix:sdr/mop.sock:route: map-socket in sdr.conf is '
        'QUEUE/sdr/map.sock: all mail is deferred\n', '-> write the same path in both files\n'],
        id='another path'),
    pytest.param({'options': {'virtual_alias_maps': f'proxy:{TABLE}:route'}}, WRONG, [
        'WRONG      virtual_alias_maps: through proxymap(8), which mixes the questions of many',
        f'-> {TABLE}:route\n'], id='proxy'),
    pytest.param({'options': {'virtual_alias_maps': f'{TABLE}:recipient'}}, WRONG, [
        'WRONG      virtual_alias_maps: the table of sdr-milter that belongs here is "route", not '
        '"recipient"'], id='another table'),
    pytest.param({'options': {'virtual_alias_maps': '', 'relay_recipient_maps': '',
                              'transport_maps': ''}, 'milter': True}, OK, [
        'warning    map-socket: no parameter asks the lookup tables at QUEUE/sdr/map.sock\n',
        f'-> virtual_alias_maps = {TABLE}:route, and then others; or remove map-socket\n'],
        id='nobody asks'),
    pytest.param({'options': {'virtual_alias_maps': ''}}, WRONG, [
        'no mail is routed'], id='neither'),
    pytest.param({'options': {'virtual_alias_maps': 'hash:/etc/postfix/virtual'}, 'milter': True}, OK,
                 ['what an alias expands to is not shown to sdr-milter'], id='no route'),
    pytest.param({'options': {'receive_override_options': 'no_address_mappings'}}, WRONG, [
        'no mail is routed'], id='no mappings'),
    pytest.param({'options': {'relay_domains': 'example.com onprem.example.com example.net'}}, WRONG, [
        'WRONG      relay_recipient_maps: only sdr-milter is asked, but relay_domains has '
        'example.net, which is not split: Postfix refuses all recipients in it\n',
        '-> list the table of their recipients there as well\n'], id='other domains'),
    pytest.param({'options': {'mydestination': 'onprem.test',
                              'local_recipient_maps': f'{TABLE}:recipient'}}, WRONG, [
        'WRONG      local_recipient_maps: only sdr-milter is asked, but mydestination has '
        'onprem.test'], id='other domains, local'),
    pytest.param({'options': {'relay_domains': '', 'mydestination': 'example.com onprem.example.com',
                              'local_recipient_maps': f'{TABLE}:recipient'}}, OK, [
        'warning    mydestination: example.com is there: local(8) delivers members of aliases(5) '
        'and .forward targets in it by itself, and asks no table\n',
        '-> keep lists in virtual_alias_maps'], id='local(8)'),
    pytest.param({'options': {'relay_recipient_maps': ''}}, OK, [
        'warning    relay_recipient_maps: Postfix takes mail for unknown recipients in example.com'],
        id='nobody refuses'),
    pytest.param({'options': {'relay_domains': '', 'relay_recipient_maps': '',
                              'virtual_mailbox_domains': 'example.com onprem.example.com',
                              'virtual_mailbox_maps': f'{TABLE}:recipient'}}, WRONG, [
        'WRONG      virtual_mailbox_maps: virtual(8) delivers by it too and refuses socketmap: '
        'tables: mail that stays here is deferred\n'], id='virtual(8)'),
    pytest.param({'options': {'relay_domains': 'example.com'}}, WRONG, [
        'Postfix takes no mail for onprem.example.com from outside\n'], id='domain not taken'),
    pytest.param({'options': {'relay_domains': 'onprem.example.com',
                              'virtual_alias_domains': 'example.com'}}, OK, [
        'warning    virtual_alias_domains: example.com is among them: Postfix refuses who stays'],
        id='virtual alias domain'),
    pytest.param({'options': {'relayhost': ''}}, WRONG, [
        'mail for example.com that stays here goes to its MX'], id='no way out'),
    pytest.param({'options': {'transport_maps': ''}, 'sdr': {**NEXT_HOP, 'milter': PASS}}, WRONG, [
        "WRONG      transport_maps: it does not ask sdr-milter's table: mail for sites with delivery "
        '= route stays here\n',
        f'-> transport_maps = {TABLE}:transport, and then others\n'], id='no transport'),
    pytest.param({'options': {'transport_maps': 'hash:/etc/postfix/transport'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, OK, [
        "warning    transport_maps: it does not ask sdr-milter's table: ",
        ', unless another table there has their people\n'], id='another transport'),
    pytest.param({'options': {'transport_maps': f'static:smtp:[127.0.0.1] {TABLE}:transport'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, OK, [
        "warning    transport_maps: static:smtp:[127.0.0.1] comes before sdr-milter's table and "
        'knows all of example.com'], id='transport too late'),
    pytest.param({'options': {'relay_recipient_maps': 'hash:/etc/postfix/people'},
                  'sdr': {**NEXT_HOP, 'milter': PASS}}, OK, [
        'warning    relay_recipient_maps: hash:/etc/postfix/people: Postfix refuses'],
        id='people with a next hop'),
])
def test_faults_in_postfix(check, postfix, more, code, lines):
    status, output = check(**more)
    for line in lines:
        assert line in output, output
    assert status == code, output


def m4(domains, path='{queue}/sdr/map.sock', **macros):
    """The lines of sendmail.mc."""
    more = ''.join(f"define(`{name}', `{value}')dnl\n" for name, value in macros.items())
    return f"""{more}define(`SDR_DOMAINS', `{domains}')dnl
define(`SDR_MAP_SOCKET', `{path}')dnl
include(`{mapped.M4}')dnl
"""


BOTH = 'example.com onprem.example.com'


@pytest.mark.parametrize('mc, more, code, lines', [
    pytest.param(m4(BOTH), {'sdr': {'milter': {'map-socket': None}}}, WRONG, [
        'WRONG      map route: QUEUE/sdr/map.sock is asked, but sdr.conf has no map-socket: mail in '
        'the split domains is deferred\n', 'WRONG      AliasFile: QUEUE/sdr/map.sock is asked'],
        id='no map-socket'),
    pytest.param(m4(BOTH), {'running': False}, WRONG, [
        'WRONG      map-socket: nobody listens: connect to QUEUE/sdr/map.sock'],
        id='sdr-milter does not run'),
    pytest.param(m4(BOTH, '/run/sdr/map.sock'), {}, WRONG, [
        'WRONG      map route: /run/sdr/map.sock is asked, but map-socket in sdr.conf is '
        'QUEUE/sdr/map.sock: mail in the split domains is deferred\n',
        'WRONG      map recipient: /run', 'WRONG      map transport: /run',
        'WRONG      AliasFile: /run/sdr/map.sock is asked',
        '-> let SDR_MAP_SOCKET in sendmail.mc be the same path\n'], id='another path'),
    pytest.param(m4('onprem.example.com'), {'milter': True}, WRONG, [
        'WRONG      SDR_DOMAINS: example.com is not among them: the lookup tables are not asked about'],
        id='split domain missing'),
    pytest.param(m4('example.com'), {}, WRONG, [
        'WRONG      SDR_DOMAINS: onprem.example.com is not among them'], id='routing domain missing'),
    pytest.param(m4(BOTH) + "define(`ALIAS_FILE', `/etc/mail/aliases')dnl\n", {}, WRONG, [
        "WRONG      AliasFile: sdr-milter's, socket:local:PATH, is not among them: mail for who has "
        'several mailboxes is refused or bounces\n'], id='alias file missing'),
    pytest.param('', {'milter': True}, OK, [
        'warning    map-socket: no rule asks the lookup tables at QUEUE/sdr/map.sock\n',
        '-> SDR_MAP_SOCKET, SDR_DOMAINS and sendmail-sdr.m4 in sendmail.mc'], id='nobody asks'),
    pytest.param('', {}, WRONG, ['no mail is routed'], id='neither'),
    pytest.param('', {'milter': True, 'sdr': {**NEXT_HOP, 'milter': PASS}}, WRONG, [
        'WRONG      map transport: the lookup tables are not asked: mail for sites with delivery = '
        'route stays here\n'], id='no transport'),
    pytest.param(m4(BOTH) + "LOCAL_DOMAIN(`example.com')dnl\n", {}, OK, [
        'ok         map route: '], id='local domain'),
])
def test_faults_in_sendmail(check, sendmail, mc, more, code, lines):
    mc = mc.replace('{queue}', str(sendmail.queue_folder))
    status, output = check(options={'mc': mc}, **more)
    for line in lines:
        assert line in output, output
    assert status == code, output
