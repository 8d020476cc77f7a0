"""test_check_sendmail.py - sdrctl check mta: faults in Sendmail's configuration

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shutil
import socket

import pytest

import mapped
import paths
import sdrctl
import world
from daemon import environment
from proc import free_port, run
from sendmail import PROGRAMS

OK, SILENT, WRONG = 0, 75, 78
SOCKET = f'unix:{world.SOCKET}'
RELAY = """\
FEATURE(`relay_hosts_only')dnl
RELAY_DOMAIN(`example.com onprem.example.com')dnl
"""


@pytest.fixture
def check(scratch, new_sendmail, stop_later):
    """check(mode of the folder=..., more for Sendmail, sdr={sections}): (exit code, output)."""
    def look(sdr=None, mode=0o750, group='smmta', rewrite='milter', **options):
        sendmail = new_sendmail(**{'milters': [SOCKET], 'relay': RELAY, **options})
        path = sendmail.queue_folder / world.SOCKET
        listener = socket.socket(socket.AF_UNIX)
        stop_later(listener.close)
        listener.bind(str(path))
        listener.listen()
        shutil.chown(path, 'sdr', group)
        path.chmod(0o660)
        path.parent.chmod(mode)
        directory = {'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None,
                     **(sdr or {}).pop('directory_corp', {})}
        conf = sdrctl.write_conf(scratch, world.conf(**{
            'milter': {'socket': f'unix:{path}', 'rewrite': rewrite, **(
                {'map-socket': f'unix:{path.parent}/map.sock'} if rewrite == 'tables' else {})},
            'directory_corp': directory, **(sdr or {})}))
        if 'replica' in (sdr or {}):
            run([paths.BUILD / 'sync/sdr-sync', '-c', conf, '--once'])
        done = sdrctl.run(conf, 'check', 'mta', 'sendmail', '--sendmail-cf',
                          sendmail.folder / 'sendmail.cf', '--timeout', '60',
                          env={'PATH': f'{PROGRAMS}:{os.environ["PATH"]}',
                               'LD_PRELOAD': str(sendmail.folder / 'shim.so'),
                               'ASAN_OPTIONS': environment()['ASAN_OPTIONS']
                               + ':verify_asan_link_order=0'})
        assert done.stderr == ''
        return done.returncode, done.stdout.replace(str(sendmail.queue_folder), 'QUEUE')
    return look


@pytest.mark.parametrize('options', [
    {}, {'user': 'smmta'}, {'milters': ['inet:1@127.0.0.1', SOCKET]},
    {'mc': f"DAEMON_OPTIONS(`Name=two, Addr=127.0.0.1, Port={free_port()}, "
           "InputMailFilters=milter0')dnl\n"},
])
def test_sound(check, options):
    code, output = check(**options)
    assert re.sub('Sendmail, .*', 'Sendmail', output) == f"""\
mta: Sendmail
  ok         INPUT_MAIL_FILTER: milter{len(options.get('milters', '1')) - 1} is sdr-milter
  ok         socket: sdr-milter listens at QUEUE/sdr/milter.sock
  warning    rewrite: milter: sdr-milter does not route bounces, or mail for members of aliases and .forward targets: if the recipient has moved, it goes to the old mailbox
             -> set rewrite = tables in sdr.conf
"""
    assert code == OK


@pytest.mark.parametrize('options, code, lines', [
    pytest.param({'sdr': {'domain example.com': {'unknown': 'hosted'}}}, OK, [
        'warning    unknown: this host does not verify recipients in example.com, although unknown = hosted: ',
        '-> Sendmail cannot verify recipients at another site: '], id='unknown = SITE'),
    pytest.param({'milters': []}, WRONG, [
        'WRONG      INPUT_MAIL_FILTER: no filter is sdr-milter, which listens at QUEUE/sdr/milter.sock',
        '-> add INPUT_MAIL_FILTER('], id='no milter'),
    pytest.param({'milters': [SOCKET, 'inet:1@127.0.0.1']}, WRONG, [
        'WRONG      daemon MTA: a milter comes after sdr-milter'], id='not the last'),
    pytest.param({'mc': "define(`confINPUT_MAIL_FILTERS', `')dnl\n", 'milters': []}, WRONG, [
        'no mail is routed'], id='none'),
    pytest.param({'milters': [], 'mc': "MAIL_FILTER(`sdr', `S=unix:@SOCKET@, F=T, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      daemon MTA: the filter sdr-milter is missing: mail that arrives here is '
                         'not routed'],
                 id='defined but not asked'),
    pytest.param({'mc': f"DAEMON_OPTIONS(`Name=two, Addr=127.0.0.1, Port={free_port()}, "
                        "InputMailFilters=none')dnl\nMAIL_FILTER(`none', `S=inet:1@127.0.0.1')dnl\n"},
                 OK, ['warning    daemon two: the filter sdr-milter is missing: mail that arrives here is not '
                      'routed'],
                 id='a daemon that does not ask'),
    pytest.param({'milters': [], 'mc': "INPUT_MAIL_FILTER(`sdr', `S=unix:@SOCKET@, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      sdr: no F=T: while sdr-milter is unavailable, mail is not routed\n',
                         '-> set F=T in its INPUT_MAIL_FILTER\n'], id='no F=T'),
    pytest.param({'milters': [],
                  'mc': "INPUT_MAIL_FILTER(`sdr', `S=local:@SOCKET@, F=R, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      sdr: F=R: while sdr-milter is unavailable, mail is rejected\n'], id='F=R'),
    pytest.param({'milters': [], 'mc': "INPUT_MAIL_FILTER(`sdr', `S=unix:@SOCKET@, F=T')dnl\n",
                  'sdr': {'directory_corp': {'timeout': '20'}}}, OK, [
        'warning    sdr: R: = 10s, but a lookup in all directories may take 21 s: the mail server may not '
        'wait for the answer\n'],
        id='no R:'),
    pytest.param({'timeouts': 'C:1m;S:1m;R:1m;E:1m',
                  'sdr': {'directory_corp': {'timeout': '60'}}}, OK, [
        'R: = 1m, but a lookup in all directories may take 61 s: the mail server may not wait for the '
        'answer\n'], id='timeouts'),
    pytest.param({'mode': 0o770}, WRONG, [
        'WRONG      socket: QUEUE/sdr is writable by its group: Sendmail calls the socket unsafe',
        '-> run chmod go-w, or move the socket to another folder, such as /run/sdr\n'],
        id='folder of the group'),
    pytest.param({'mode': 0o777}, WRONG, ['QUEUE/sdr is writable by everybody'],
                 id='folder of everybody'),
    pytest.param({'user': 'smmta', 'group': 'postfix'}, WRONG, [
        'WRONG      socket: user smmta has no permission to connect to QUEUE/sdr/milter.sock'], id='RunAsUser'),
    pytest.param({'mc': "define(`SMART_HOST', `')dnl\n"}, WRONG, [
        'WRONG      mailertable: no entry names the host with the mailboxes of example.com: mail that stays '
        'at this site goes to the MX of the domain and loops back\n'],
        id='no way out'),
    pytest.param({'relay': "FEATURE(`relay_hosts_only')dnl\nRELAY_DOMAIN(`example.com')dnl\n"}, WRONG, [
        'WRONG      relay-domains: Sendmail does not accept mail for onprem.example.com from outside\n'],
        id='routing domain not taken'),
    pytest.param({'relay': "RELAY_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    relay-domains: any client may relay mail through this host to hosted.example.com, the '
        'routing domain of site hosted'],
        id='subdomains'),
    pytest.param({'mc': "LOCAL_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    local-host-names: example.com is listed: Sendmail rejects recipients without an'],
        id='local'),
    pytest.param({'mc': "LOCAL_DOMAIN(`hosted.example.com')dnl\n"}, WRONG, [
        'WRONG      local-host-names: hosted.example.com, the routing domain of site hosted, is listed'],
        id='routing domain of the other kept'),
    pytest.param({'mc': "FEATURE(`ldap_routing')dnl\nLDAPROUTE_DOMAIN(`example.com')dnl\n"}, WRONG, [
        'WRONG      ldap_routing: example.com: sdr-milter does not route the recipients that ldap_routing '
        'maps\n'],
        id='ldap_routing'),
    pytest.param({'mc': "FEATURE(`virtusertable', `hash -o /nonexistent')dnl\n"
                        "VIRTUSER_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    virtusertable: example.com: sdrctl cannot list this table, and sdr-milter does not route '
        'the recipients that it maps\n'],
        id='virtusertable'),
])
def test_what_is_wrong(check, scratch, options, code, lines):
    if 'mc' in options:
        socket_path = f'{scratch}/sendmail0/queue/{world.SOCKET}'
        options = {**options, 'mc': options['mc'].replace('@SOCKET@', socket_path)}
    status, output = check(**options)
    for line in lines:
        assert line in output, output
    assert status == code, output


def test_milter_after_ours_with_tables(check):
    """With tables, sdr-milter edits nothing."""
    _, output = check(milters=[SOCKET, 'inet:1@127.0.0.1'], rewrite='tables')
    assert 'INPUT_MAIL_FILTER: milter0 is sdr-milter' in output
    assert 'a milter comes after' not in output, output


@pytest.mark.parametrize('entries, said', [
    ({'@example.com': 'box'}, True), ({'@example.com': '%1@store.test'}, False),
    ({'@example.com': 'error:nouser 550 Gone', 'info@example.com': 'box', '@elsewhere.test': 'box'}, False),
])
def test_catch_all_with_tables(check, new_sendmail, scratch, entries, said):
    table = new_sendmail().map('virtusertable', entries)
    _, output = check(rewrite='tables', mc=f"""\
FEATURE(`virtusertable', `{table}')dnl
VIRTUSER_DOMAIN(`example.com elsewhere.test')dnl
define(`SDR_DOMAINS', `example.com onprem.example.com')dnl
define(`SDR_MAP_SOCKET', `{scratch}/map.sock')dnl
include(`{mapped.M4}')dnl
""")
    assert ('warning    virtusertable: box for @example.com: this address gets the mail of all recipients'
            in output) == said


@pytest.mark.parametrize('feature, entries, code, lines', [
    pytest.param('domaintable', {'hosted.example.com': 'example.com'}, WRONG, [
        'WRONG      sendmail -bv: Sendmail changes sdr-check@hosted.example.com to sdr-check@example.com: '
        'mail for site hosted does not get there\n'], id='domaintable, routing domain'),
    pytest.param('domaintable', {'example.com': 'example.net'}, WRONG, [
        'WRONG      sendmail -bv: Sendmail changes sdr-check@example.com to sdr-check@example.net: sdr-milter '
        'does not route recipients that Sendmail maps\n'], id='domaintable, split domain'),
    pytest.param('virtusertable', {'@hosted.example.com': '%1@example.com'}, WRONG, [
        'Sendmail changes sdr-check@hosted.example.com to sdr-check@example.com'],
        id='virtusertable, routing domain'),
    pytest.param('virtusertable', {'@hosted.example.com': 'error:nouser 550 Gone'}, WRONG, [
        'WRONG      sendmail -bv: Sendmail cannot deliver mail for sdr-check@hosted.example.com, at site '
        'hosted\n'], id='virtusertable, refused'),
    pytest.param('domaintable', {'elsewhere.test': 'example.com'}, WRONG, [
        'WRONG      domaintable: it maps elsewhere.test to example.com: sdr-milter does not route'],
        id='domaintable, another domain'),
    pytest.param('domaintable', {'old.elsewhere.test': 'elsewhere.test'}, OK, ['ok  '],
                 id='domaintable, other domains'),
    pytest.param('virtusertable', {'@elsewhere.test': '%1@example.com'}, WRONG, [
        'WRONG      virtusertable: it maps @elsewhere.test to %1@example.com: sdr-milter does not route'],
        id='virtusertable, all of another domain'),
    pytest.param('virtusertable', {'@elsewhere.test': '%1+old%3@onprem.example.com'}, WRONG, [
        'WRONG      virtusertable: it maps @elsewhere.test to %1+old%3@onprem.example.com'],
        id='virtusertable, with an extension'),
    pytest.param('virtusertable', {'info@elsewhere.test': 'alice@example.com'}, OK, ['ok  '],
                 id='virtusertable, another domain'),
    pytest.param('mailertable', {'example.com': 'esmtp:[store.test]', '.example.com': 'esmtp:[store.test]'},
                 WRONG, ['mail for sdr-check@hosted.example.com goes to [store.test], like mail that stays '
                         'here: mail for site hosted does not get there\n'],
                 id='mailertable, subdomains'),
    pytest.param('mailertable', {'example.com': 'esmtp:[store.test]',
                                 'hosted.example.com': 'esmtp:[mx.hosted.test]'}, OK, ['ok  '],
                 id='mailertable, both'),
    pytest.param('genericstable', {'alice@hosted.example.com': 'alice@example.com'}, OK, ['ok  '],
                 id='genericstable, senders alone'),
])
def test_what_sendmail_says_itself(check, new_sendmail, feature, entries, code, lines):
    table = new_sendmail().map(feature, entries)
    mc = f"FEATURE(`{feature}', `{table}')dnl\n"
    if feature == 'virtusertable':
        mc += "VIRTUSER_DOMAIN(`hosted.example.com elsewhere.test')dnl\n"
    if feature == 'mailertable':
        mc += "define(`SMART_HOST', `')dnl\n"
    status, output = check(mc=mc)
    for line in lines:
        assert line in output, output
    assert 'sendmail -bv' not in output or status == WRONG
    assert status == code, output


PEOPLE = """\
dn: uid=alice
mail: alice@example.com
mail: robert@example.com
sdrOwner: hosted

dn: uid=dave
mail: dave@example.com
"""
ENTRIES = 'WRONG      virtusertable: it has entries in domains that sdr routes '
MEMBERS = 'aliases have members who are at another site now '


@pytest.fixture
def people(scratch):
    """An LDIF file as the directory."""
    path = scratch / 'people.ldif'
    path.write_text(PEOPLE)
    return {'directory_corp': {'uri': f'ldif:{path}', **dict.fromkeys(
        ['search-base', 'bind', 'bind-dn', 'timeout'])}, 'replica': {'path': str(scratch / 'replica')}}


@pytest.mark.parametrize('entries, said', [
    ({'robert@example.com': 'alice@example.com'},
     ENTRIES + '(1), such as alice@example.com for robert@example.com: '),
    ({'both@onprem.example.com': 'both@example.com', 'x@example.com': 'y@elsewhere.test'},
     ENTRIES + '(2), such as '),
    ({'@example.com': 'dave@example.net'}, ENTRIES + '(1), such as dave@example.net for @example.com: '),
    ({'spam@example.com': 'error:nouser 550 Gone', 'alice@hosted.example.com': 'alice@hosted.example.com',
      'info@elsewhere.test': 'alice@hosted.example.com', 'x@elsewhere.test': 'nosuch@example.com'}, None),
    ({'sales@elsewhere.test': 'alice@example.com, dave@example.com'},
     MEMBERS + '(1), such as alice@example.com of sales@elsewhere.test: '),
])
def test_single_entries_of_the_virtusertable(check, new_sendmail, people, entries, said):
    table = new_sendmail().map('virtusertable', entries, 'btree' if len(entries) > 1 else 'hash')
    code, output = check(sdr=people, mc=f"FEATURE(`virtusertable', `{table}')dnl\nVIRTUSER_DOMAIN("
                         "`example.com onprem.example.com elsewhere.test')dnl\n")
    assert ('virtusertable: ' in output) == bool(said), output
    assert said is None or said in output, output
    assert code == (WRONG if said else OK), output


def test_virtusertable_that_is_not_asked_for_the_split_domain(check, new_sendmail, people):
    table = new_sendmail().map('virtusertable', {'robert@example.com': 'alice@example.com'})
    code, output = check(sdr=people, mc=f"FEATURE(`virtusertable', `{table}')dnl\n"
                                        "VIRTUSER_DOMAIN(`elsewhere.test')dnl\n")
    assert 'virtusertable' not in output and code == OK, output


@pytest.mark.parametrize('entries, local, said', [
    ({'team': 'alice@example.com, dave@example.com'}, '', '(1), such as alice@example.com of team: '),
    ({'team': 'dave, alice', 'x': r'\robert'}, 'example.com', '(2), such as '),
    ({'team': 'dave, alice'}, '', None),
    ({'robert': 'alice', 'postmaster': 'root', 'x': '"|/usr/bin/vacation alice@example.com"',
      'list': ':include:/etc/alice'}, 'example.com', None),
])
def test_members_of_aliases(check, new_sendmail, people, entries, local, said):
    """robert is routed before aliases, so his alias gets no mail. The key @ says that the file is complete.
    """
    kind, path = new_sendmail().map('lists', {'@': '@', **entries}).split()
    code, output = check(sdr=people, mc=f"define(`ALIAS_FILE', `{kind}:{path}')dnl\n" + (
        f"LOCAL_DOMAIN(`{local}')dnl\n" if local else ''))
    assert ('AliasFile' in output) == bool(said), output
    assert said is None or f'WRONG      AliasFile: {MEMBERS}{said}' in output, output
    assert code == (WRONG if said else OK), output


@pytest.mark.parametrize('mc, code', [
    ("LOCAL_DOMAIN(`onprem.example.com')dnl\n", WRONG),
    ("LOCAL_RULE_0\nR$+ < @ onprem.example.com . >\t$#local $: $1\n", WRONG),
    ("LOCAL_DOMAIN(`example.com onprem.example.com')dnl\n", OK),
    ('', OK),
])
def test_routing_domain_of_this_host(check, new_sendmail, mc, code):
    """Mail to onprem.example.com must not stay here if the mailboxes of example.com are elsewhere."""
    table = new_sendmail().map('mailertable', {'example.com': 'esmtp:[store.test]'})
    status, output = check(mc=f"FEATURE(`mailertable', `{table}')dnl\n{mc}")
    assert ('WRONG      sendmail -bt: mail for onprem.example.com goes to accounts of this host, but the mailboxes '
            'are on [store.test]\n' in output) == (code == WRONG), output
    assert status == code, output


@pytest.mark.parametrize('files, said', [
    ({'list': 'dave@example.com\n# bob\nalice@example.com\n'}, '(1), such as alice@example.com of team: '),
    ({'list': 'dave@example.com, :include:FOLDER/more\n', 'more': '\\alice@example.com\n'},
     '(1), such as alice@example.com of team: '),
    ({'list': '#alice@example.com\n:include:FOLDER/list\n:include:FOLDER/nothing\n'}, None),
    ({'list': ':include:FOLDER/list\n' * 1000}, None),
])
def test_members_in_included_files(check, new_sendmail, people, scratch, files, said):
    for name, text in files.items():
        (scratch / name).write_text(text.replace('FOLDER', str(scratch)))
    kind, path = new_sendmail().map('lists', {'@': '@', 'team': f':include:{scratch}/list'}).split()
    code, output = check(sdr=people, mc=f"define(`ALIAS_FILE', `{kind}:{path}')dnl\n")
    assert ('AliasFile' in output) == bool(said), output
    assert said is None or f'WRONG      AliasFile: {MEMBERS}{said}' in output, output
    assert code == (WRONG if said else OK), output


@pytest.mark.parametrize('mc', [
    "MASQUERADE_AS(`example.com')dnl\nFEATURE(`masquerade_envelope')dnl\n"
    "FEATURE(`masquerade_entire_domain')dnl\nMASQUERADE_DOMAIN(`example.com')dnl\n",
    "FEATURE(`always_add_domain')dnl\n",
])
def test_what_does_no_harm(check, mc):
    """Masquerading applies to senders."""
    code, output = check(mc=mc)
    assert 'WRONG' not in output and code == OK


def test_files_of_classes(check, scratch):
    """The domains may be in files, as with FEATURE(`use_cw_file')."""
    (scratch / 'names').write_text('# ours\nexample.com\n\n onprem.example.com \n')
    code, output = check(relay='', mc=f"define(`confCW_FILE', `{scratch}/names')dnl\n"
                                      "FEATURE(`use_cw_file')dnl\n")
    assert 'warning    local-host-names: onprem.example.com is listed' in output
    assert 'does not accept mail' not in output
    assert code == OK


def test_file_that_is_not_there(scratch):
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None}))
    done = sdrctl.run(conf, 'check', 'mta', 'sendmail', '--sendmail-cf', scratch / 'nothing')
    assert 'NO ANSWER  configuration: ' in done.stdout
    assert done.returncode == SILENT
