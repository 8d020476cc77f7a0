"""test_check_postfix.py - sdrctl check mta: faults in Postfix's configuration

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shutil
import socket

import pytest

import sdrctl
import world
from latermilter import LaterMilter
from postfix import LIBRARIES, SERVER, Postfix
from proc import free_port

OK, SILENT, WRONG = 0, 75, 78
SOCKET = f'unix:{world.SOCKET}'
MAP = 'unix:/nonexistent/map.sock'
OTHER = 'inet:127.0.0.1:1'
SLOW = {'directory_corp': {'timeout': '20'}, 'directory_two': {
    'uri': 'ldap://127.0.0.1:1', 'search-base': 'dc=two', 'default-owner': 'onprem',
    'timeout': '20'}}


@pytest.fixture
def listen(stop_later):
    """listen(path, group): somebody does, as sdr-milter would."""
    def make(path, group='postfix', mode=0o660):
        listener = socket.socket(socket.AF_UNIX)
        stop_later(listener.close)
        listener.bind(str(path))
        listener.listen()
        shutil.chown(path, 'root', group)
        path.chmod(mode)
    return make


@pytest.fixture
def check(scratch, new_postfix, listen):
    """check(main=..., more for Postfix; sdr={sections}, socket=(group, mode)): (exit code, output)."""
    def run(sdr=None, socket=('postfix', 0o660), **options):
        postfix = new_postfix(**{'milters': [SOCKET], **options})
        path = postfix.queue_folder / world.SOCKET
        if socket:
            listen(path, *socket)
        conf = sdrctl.write_conf(scratch, world.conf(**{
            'main': {'recipient-delimiter': None}, 'milter': {'socket': f'unix:{path}'},
            **(sdr or {}),
            'directory_corp': {'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None,
                               **(sdr or {}).get('directory_corp', {})}}))
        done = sdrctl.run(conf, 'check', 'mta', 'postfix', '--postfix-config', postfix.folder / 'etc',
                          '--timeout', '60',
                          env={'PATH': f'{SERVER}/usr/sbin:{os.environ["PATH"]}',
                               'LD_LIBRARY_PATH': LIBRARIES})
        assert done.stderr == ''
        return done.returncode, done.stdout.replace(str(postfix.queue_folder), 'QUEUE')
    return run


@pytest.mark.parametrize('options', [
    {}, {'chroot': True},
    {'main': {'smtpd_milters': '{ ' + SOCKET + ', command_timeout=25s, default_action=tempfail }',
              'milter_default_action': 'accept', 'non_smtpd_milters': '$smtpd_milters'}},
    {'main': {'relay_domains': '$mydestination onprem.example.com', 'mydestination': 'example.com',
              'local_recipient_maps': ''}},
])
def test_sound(check, options):
    code, output = check(**options)
    assert re.sub('Postfix, .*', 'Postfix', output) == """\
mta: Postfix
  ok         smtpd: all 1 services ask sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
  warning    rewrite: milter: sdr-milter does not route bounces, or mail for members of aliases and .forward targets: if the recipient has moved, it goes to the old mailbox
             -> set rewrite = tables in sdr.conf
"""
    assert code == OK


def listener(**parameters):
    return {'listeners': {free_port(): parameters}}


@pytest.mark.parametrize('options, code, lines', [
    pytest.param({'milters': []}, WRONG, [
        'WRONG      smtpd_milters: (nothing): sdr-milter, which listens at QUEUE/sdr/milter.sock, is not in '
        'this list: no mail is routed\n',
        '-> set smtpd_milters = unix:sdr/milter.sock, after all others\n'], id='no milter'),
    pytest.param({'milters': ['unix:sdr/mitler.sock']}, WRONG, [
        'WRONG      smtpd_milters: unix:sdr/mitler.sock: sdr-milter'], id='another socket'),
    pytest.param({'milters': [SOCKET, OTHER]}, WRONG, [
        '/inet: a milter comes after sdr-milter: ', '-> make sdr-milter the last milter\n'],
        id='not the last'),
    pytest.param({'main': {'non_smtpd_milters': ''}}, OK, [
        'warning    non_smtpd_milters: sdr-milter is not in this list: mail that programs on this host',
        '-> set non_smtpd_milters = $smtpd_milters\n'], id='sendmail(1)'),
    pytest.param({'main': {'non_smtpd_milters': f'{SOCKET} {OTHER}'}}, WRONG, [
        'WRONG      non_smtpd_milters: a milter comes after'], id='not the last, sendmail(1)'),
    pytest.param({'main': {'milter_default_action': 'accept'}}, WRONG, [
        'milter_default_action = accept: while sdr-milter is unavailable, mail is not routed',
        '-> set milter_default_action = tempfail\n'], id='accept'),
    pytest.param({'main': {'smtpd_milters': '{ ' + SOCKET + ', default_action=reject }'}}, WRONG, [
        'milter_default_action = reject: '], id='reject, of the milter alone'),
    pytest.param({'sdr': SLOW}, OK, [
        'milter_command_timeout = 30s, but a lookup in all directories may take 41 s: the mail server may not '
        'wait for the answer\n'],
        id='timeouts'),
    pytest.param({'main': {'milter_command_timeout': '1m'}, 'sdr': {
        **SLOW, 'directory_corp': {'timeout': '60'}}}, OK, [
        'milter_command_timeout = 1m, but a lookup in all directories may take 81 s'], id='timeouts, minutes'),
    pytest.param(listener(smtpd_milters=''), OK, [
        '/inet: it does not ask sdr-milter: mail that this service receives is not routed\n'],
        id='a service without milters'),
    pytest.param(listener(receive_override_options='no_milters'), OK, [
        '/inet: it does not ask sdr-milter: mail that this service receives is not routed\n'],
        id='a service with no_milters'),
    pytest.param({'main': {'smtpd_milter_maps': 'cidr:/etc/postfix/milters'}}, OK, [
        'warning    smtpd_milter_maps: cidr:/etc/postfix/milters: clients in this table have their own '
        'milters'],
        id='milters by client'),
    pytest.param({'socket': None}, WRONG, [
        'WRONG      socket: sdr-milter does not listen: connect to QUEUE/sdr/milter.sock: No such file',
        '-> start sdr-milter; if it does not start, see its log\n'], id='sdr-milter does not run'),
    pytest.param({'socket': ('sdr', 0o660)}, WRONG, [
        'WRONG      socket: user postfix has no permission to connect to QUEUE/sdr/milter.sock: mail is '
        'deferred\n',
        '-> set socket-group in sdr.conf to the group of that user'], id='group of the socket'),
    pytest.param({'main': {'relayhost': ''}}, WRONG, [
        'WRONG      transport_maps: no entry names the host with the mailboxes of example.com: mail that '
        'stays at this site goes to the MX of the domain and loops back\n',
        '-> in transport_maps, name the host that has the mailboxes\n'], id='no way out'),
    pytest.param({'main': {'relay_domains': 'onprem.example.com'}}, WRONG, [
        'WRONG      relay_domains: Postfix does not accept mail for example.com from outside\n'],
        id='split domain not taken'),
    pytest.param({'main': {'relay_domains': 'example.com'}}, WRONG, [
        'WRONG      relay_domains: Postfix does not accept mail for onprem.example.com from outside\n'],
        id='routing domain not taken'),
    pytest.param({'main': {'relay_domains': 'example.com onprem.example.com hosted.example.com'}}, OK,
                 ['warning    relay_domains: any client may relay mail through this host to '
                  'hosted.example.com, the routing domain of site hosted'],
                 id='routing domain of the other relayed'),
    pytest.param({'main': {'virtual_mailbox_domains': 'hosted.example.com'}}, WRONG, [
        'WRONG      virtual_mailbox_domains: hosted.example.com, the routing domain of site hosted, is '
        'listed: mail for that site stays on this host\n'], id='routing domain of the other kept'),
    pytest.param({'main': {'parent_domain_matches_subdomains': 'relay_domains'}}, OK, [
        'warning    parent_domain_matches_subdomains: relay_domains matches subdomains too: '],
        id='subdomains'),
    pytest.param({'main': {'relay_recipient_maps': 'hash:/etc/postfix/people'}}, OK, [
        'warning    relay_recipient_maps: hash:/etc/postfix/people: Postfix rejects recipients in example.com '
        'that are not in this list'], id='relay_recipient_maps'),
    pytest.param({'main': {'mydestination': 'example.com', 'alias_maps': 'hash:/etc/aliases'}}, OK, [
        'warning    local_recipient_maps: proxy:unix:passwd.byname hash:/etc/aliases: Postfix rejects',
        'warning    rewrite: milter: sdr-milter does not route bounces, or mail for members of'], id='local'),
    pytest.param({'main': {'mydestination': 'onprem.test example.com'}}, WRONG, [
        'WRONG      relay_domains: example.com is listed, but also in mydestination, which takes precedence: '
        'Postfix delivers mail that stays here by local_transport, and looks up recipients in local_recipient_maps\n',
        '-> list it in one of them only'], id='two classes'),
    pytest.param({'main': {'virtual_mailbox_domains': 'example.com'}}, WRONG, [
        'WRONG      relay_domains: example.com is listed, but also in virtual_mailbox_domains, '],
        id='two classes, virtual'),
    pytest.param({'main': {'mydestination': 'onprem.test onprem.example.com'}}, WRONG, [
        'WRONG      relay_domains: onprem.example.com is listed, but also in mydestination, '],
        id='two classes, routing domain'),
    pytest.param({'main': {'virtual_alias_maps': 'hash:/etc/postfix/virtual'}}, OK, [
        'warning    virtual_alias_maps: hash:/etc/postfix/virtual: sdr-milter may reject aliases in split '
        'domains if they are not in the directory\n'], id='virtual aliases'),
    pytest.param({'main': {'smtpd_recipient_restrictions': 'permit_mynetworks, '
                                                           'reject_unverified_recipient'}}, OK, [
        'warning    smtpd_recipient_restrictions: reject_unverified_recipient: its probes'],
        id='probes'),
    pytest.param({'main': {'recipient_delimiter': '+'}}, OK, [
        'warning    recipient_delimiter: "+", but recipient-delimiter in sdr.conf is "": Postfix and sdr look '
        'for different recipients if an address has an extension\n'],
        id='delimiter'),
])
def test_what_is_wrong(check, options, code, lines):
    status, output = check(**options)
    for line in lines:
        assert line in output, output
    assert status == code, output


@pytest.mark.parametrize('parameters, code, lines', [
    pytest.param({'smtpd_sender_restrictions': 'check_sender_access inline:{ { a@b.test = REDIRECT '
                                               'alice@example.com } }'}, OK, [
        'warning    smtpd_sender_restrictions: alice@example.com is the target of REDIRECT'], id='REDIRECT'),
    pytest.param({'smtpd_restriction_classes': 'suspect',
                  'suspect': 'check_sender_access inline:{ { a@b.test = REDIRECT alice@example.com } }'}, OK, [
        'warning    suspect: alice@example.com is the target of REDIRECT, which sdr does not route'],
        id='REDIRECT in a restriction class'),
    pytest.param({'milter_header_checks': 'inline:{ { x = REDIRECT alice@example.com } }'}, OK, [
        'warning    milter_header_checks: alice@example.com is the target of REDIRECT'],
        id='REDIRECT in milter_header_checks'),
    pytest.param({'smtpd_client_restrictions': 'check_client_access inline:{ { b.test = FILTER '
                                               'smtp:[192.0.2.9] } }'}, WRONG, [
        'WRONG      smtpd_client_restrictions: FILTER smtp:[192.0.2.9] sends all recipients of a message there, '
        'also those at other sites\n', '-> name the next hop of single recipients in transport_maps\n'],
        id='FILTER to a host'),
    pytest.param({'header_checks': 'inline:{ { x = FILTER lmtp:unix:private/dovecot-lmtp } }'}, WRONG, [
        'WRONG      header_checks: FILTER lmtp:unix:private/dovecot-lmtp sends all'], id='FILTER to mailboxes'),
    pytest.param({'smtpd_restriction_classes': 'vip',
                  'vip': 'check_recipient_access inline:{ { dave@example.com = FILTER relay:[192.0.2.9]:25 } }'},
                 WRONG, ['WRONG      vip: FILTER relay:[192.0.2.9]:25 sends all'],
                 id='FILTER in a restriction class'),
])
def test_actions(check, parameters, code, lines):
    """Actions of access tables, of restriction classes and of checks."""
    status, output = check(main=parameters)
    for line in lines:
        assert line in output, output
    assert status == code, output


@pytest.mark.parametrize('action', ['FILTER smtp:[127.0.0.1]:10024', 'FILTER smtp:[192.0.2.9]:10024',
                                    'FILTER scan:dummy', 'FILTER discard:'])
def test_filters_by_action(check, action):
    """Content filters, and actions that deliver nothing."""
    status, output = check(main={'smtpd_sender_restrictions':
                                 f'check_sender_access inline:{{ {{ b.test = {action} }} }}'})
    assert 'FILTER' not in output
    assert status == OK


@pytest.mark.parametrize('milters, code', [('', WRONG), (SOCKET, OK)])
def test_postscreen(check, monkeypatch, milters, code):
    """The smtpd behind postscreen(8) gets mail from everywhere."""
    master = Postfix._master_cf
    monkeypatch.setattr(Postfix, '_master_cf', lambda self: master(self) + f"""\
smtp inet n - y - 1 postscreen
smtpd pass - - y - - smtpd -o {{ smtpd_milters = {milters} }}
""")
    status, output = check()
    assert (' WRONG      smtpd/pass: it does not ask sdr-milter: mail that this service receives is not routed\n'
            in output) == (code == WRONG), output
    assert status == code


def test_jail(check, scratch):
    """smtpd runs in a chroot, in its queue directory; so does cleanup."""
    code, output = check(chroot=True, milters=[f'unix:{scratch}/postfix0/queue/{world.SOCKET}'])
    assert (' is chrooted to QUEUE, where this socket does not exist: it cannot connect to sdr-milter\n'
            in output)
    assert '-> write the path relative to queue_directory: unix:sdr/milter.sock\n' in output
    assert code == WRONG


@pytest.mark.parametrize('path, found', [
    ('{queue}/sdr/map.sock', False), ('/sdr/map.sock', True), ('sdr/map.sock', True)])
def test_jail_of_tables(check, scratch, path, found):
    """The same for a lookup table."""
    queue = scratch / 'postfix0/queue'
    _, output = check(
        chroot=True, sdr={'milter': {'socket': f'unix:{queue}/{world.SOCKET}', 'rewrite': 'tables',
                                     'map-socket': f'unix:{queue}/sdr/map.sock'}},
        main={'virtual_alias_maps': f'socketmap:unix:{path.format(queue=queue)}:route'})
    assert ('ok         virtual_alias_maps: ' in output) == found
    assert (' is chrooted to QUEUE and does not find this socket: all mail is deferred\n'
            in output) == (not found)


def test_whole_path_without_jail(check, scratch):
    assert check(milters=[f'unix:{scratch}/postfix0/queue/{world.SOCKET}'])[0] == OK


@pytest.mark.parametrize('domains, said', [
    ('inline:{ example.com=x, onprem.example.com=x }', []),
    ('example.com, static:all', ['any client may relay mail through this host to hosted.example.com, the '
                                 'routing domain of site hosted']),
    ('inline:{ example.com=x }', ['does not accept mail for onprem.example.com from outside']),
    ('hash:/nonexistent', ['relay_domains: sdrctl cannot query hash:/nonexistent and does not know how it '
                           'changes recipients: ', ': open database /nonexistent.db: No such'
                           ' file or directory\n']),
])
def test_table_of_domains(check, domains, said):
    """Postfix's own program queries it."""
    _, output = check(main={'relay_domains': domains})
    assert ('relay_domains' in output) == bool(said)
    for line in said:
        assert line in output, output


def test_broken_configuration(check, scratch):
    folder = scratch / 'empty'
    folder.mkdir()
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None}))
    done = sdrctl.run(conf, 'check', 'mta', 'postfix', '--postfix-config', folder, '--timeout', '60',
                      env={'PATH': f'{SERVER}/usr/sbin', 'LD_LIBRARY_PATH': LIBRARIES})
    assert 'NO ANSWER  postconf: ' in done.stdout and 'main.cf' in done.stdout
    assert done.returncode == SILENT


ADDHDRS, ADDRCPT, DELRCPT, ADDRCPT_PAR = 1, 4, 8, 128
MAY = ('may add and delete recipients: recipients that this milter adds are not routed, and recipients '
       'that it deletes are')


@pytest.mark.parametrize('mode', ['milter', 'tables'])
@pytest.mark.parametrize('actions', [0, ADDHDRS, ADDRCPT, DELRCPT, ADDHDRS | ADDRCPT_PAR])
def test_milter_before_ours(check, scratch, stop_later, mode, actions):
    """sdrctl asks it for the actions that it wants. The tables route after it."""
    other = LaterMilter(scratch / 'other.sock', actions=actions)
    stop_later(other.stop)
    other.start()
    code, output = check(
        main={'smtpd_milters': f'unix:{other.path}, {SOCKET}', 'non_smtpd_milters': '$smtpd_milters',
              'virtual_alias_maps': f'socketmap:{MAP}:route' if mode == 'tables' else ''},
        sdr={'milter': {'rewrite': mode, 'map-socket': MAP,
                        'socket': f'unix:{scratch}/postfix0/queue/{world.SOCKET}'}})
    edits = actions & ~ADDHDRS and mode == 'milter'
    assert output.count(MAY) == (1 if edits else 0), output
    assert code == (OK if mode == 'milter' else WRONG), output  # no lookup tables answer here


@pytest.mark.parametrize('mode', ['milter', 'tables'])
def test_milter_after_ours(check, scratch, mode):
    """Its rejections do harm only if sdr-milter edits recipients."""
    _, output = check(
        main={'smtpd_milters': f'{SOCKET}, {OTHER}', 'non_smtpd_milters': '$smtpd_milters',
              'virtual_alias_maps': f'socketmap:{MAP}:route' if mode == 'tables' else ''},
        sdr={'milter': {'rewrite': mode, 'map-socket': MAP,
                        'socket': f'unix:{scratch}/postfix0/queue/{world.SOCKET}'}})
    assert ('a milter comes after sdr-milter' in output) == (mode == 'milter'), output


def test_milter_before_ours_that_is_away(check):
    code, output = check(main={'smtpd_milters': f'{OTHER}, {SOCKET}'})
    assert 'inet:127.0.0.1:1: sdrctl cannot find out whether this milter adds or deletes recipients: ' in output
    assert '-> start it and check again\n' in output
    assert code == OK
