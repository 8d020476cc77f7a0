"""test_check_sendmail.py - sdrctl check mta: Sendmail as somebody may have configured it

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import socket

import pytest

import sdrctl
import world
from proc import free_port

OK, SILENT, WRONG = 0, 75, 78
SOCKET = f'unix:{world.SOCKET}'
RELAY = """\
FEATURE(`relay_hosts_only')dnl
RELAY_DOMAIN(`example.com onprem.example.com')dnl
"""


@pytest.fixture
def check(scratch, new_sendmail, stop_later):
    """check(mode of the folder=..., more for Sendmail, sdr={sections}): (exit code, output)."""
    def run(sdr=None, mode=0o750, group='smmta', **options):
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
            'milter': {'socket': f'unix:{path}'}, 'directory_corp': directory, **(sdr or {})}))
        done = sdrctl.run(conf, 'check', 'mta', 'sendmail', '--sendmail-cf',
                          sendmail.folder / 'sendmail.cf')
        assert done.stderr == ''
        return done.returncode, done.stdout.replace(str(sendmail.queue_folder), 'QUEUE')
    return run


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
"""
    assert code == OK


@pytest.mark.parametrize('options, code, lines', [
    pytest.param({'milters': []}, WRONG, [
        'WRONG      INPUT_MAIL_FILTER: no filter is sdr-milter, which listens at QUEUE/sdr/milter.sock',
        '-> INPUT_MAIL_FILTER('], id='no milter'),
    pytest.param({'milters': [SOCKET, 'inet:1@127.0.0.1']}, WRONG, [
        'WRONG      daemon MTA: a milter comes after sdr-milter'], id='not the last'),
    pytest.param({'mc': "define(`confINPUT_MAIL_FILTERS', `')dnl\n", 'milters': []}, WRONG, [
        'no mail is routed'], id='none'),
    pytest.param({'milters': [], 'mc': "MAIL_FILTER(`sdr', `S=unix:@SOCKET@, F=T, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      daemon MTA: mail that comes in here is not routed'],
                 id='defined but not asked'),
    pytest.param({'mc': f"DAEMON_OPTIONS(`Name=two, Addr=127.0.0.1, Port={free_port()}, "
                        "InputMailFilters=none')dnl\nMAIL_FILTER(`none', `S=inet:1@127.0.0.1')dnl\n"},
                 OK, ['warning    daemon two: mail that comes in here is not routed'],
                 id='a daemon that does not ask'),
    pytest.param({'milters': [], 'mc': "INPUT_MAIL_FILTER(`sdr', `S=unix:@SOCKET@, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      sdr: no F=T: while sdr-milter is away mail goes astray\n',
                         '-> F=T in its INPUT_MAIL_FILTER\n'], id='no F=T'),
    pytest.param({'milters': [],
                  'mc': "INPUT_MAIL_FILTER(`sdr', `S=local:@SOCKET@, F=R, T=R:30s')dnl\n"},
                 WRONG, ['WRONG      sdr: F=R: while sdr-milter is away mail is refused\n'], id='F=R'),
    pytest.param({'milters': [], 'mc': "INPUT_MAIL_FILTER(`sdr', `S=unix:@SOCKET@, F=T')dnl\n",
                  'sdr': {'directory_corp': {'timeout': '20'}}}, OK, [
        'warning    sdr: Sendmail waits 10 s for an answer, but the directories may take 21 s'],
        id='no R:'),
    pytest.param({'timeouts': 'C:1m;S:1m;R:1m;E:1m',
                  'sdr': {'directory_corp': {'timeout': '60'}}}, OK, [
        'Sendmail waits 60 s for an answer, but the directories may take 61 s'], id='timeouts'),
    pytest.param({'mode': 0o770}, WRONG, [
        'WRONG      socket: QUEUE/sdr can be written to by its group: Sendmail calls the socket unsafe',
        '-> chmod go-w, or put the socket elsewhere: /run/sdr\n'], id='folder of the group'),
    pytest.param({'mode': 0o777}, WRONG, ['QUEUE/sdr can be written to by everybody'],
                 id='folder of everybody'),
    pytest.param({'user': 'smmta', 'group': 'postfix'}, WRONG, [
        'WRONG      socket: user smmta may not connect to QUEUE/sdr/milter.sock'], id='RunAsUser'),
    pytest.param({'mc': "define(`SMART_HOST', `')dnl\n"}, WRONG, [
        'WRONG      mailertable: mail for example.com that stays here goes to its MX: it loops back\n'],
        id='no way out'),
    pytest.param({'relay': "FEATURE(`relay_hosts_only')dnl\nRELAY_DOMAIN(`example.com')dnl\n"}, WRONG, [
        'WRONG      relay-domains: Sendmail takes no mail for onprem.example.com from outside\n'],
        id='routing domain not taken'),
    pytest.param({'relay': "RELAY_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    relay-domains: anybody may relay to hosted.example.com, of the site hosted'],
        id='subdomains'),
    pytest.param({'mc': "LOCAL_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    local-host-names: example.com is among them: Sendmail refuses who has neither'],
        id='local'),
    pytest.param({'mc': "LOCAL_DOMAIN(`hosted.example.com')dnl\n"}, WRONG, [
        'WRONG      local-host-names: hosted.example.com, of the site hosted, is among them'],
        id='routing domain of the other kept'),
    pytest.param({'mc': "FEATURE(`ldap_routing')dnl\nLDAPROUTE_DOMAIN(`example.com')dnl\n"}, WRONG, [
        'WRONG      ldap_routing: example.com: whom ldap_routing maps sdr-milter leaves alone\n'],
        id='ldap_routing'),
    pytest.param({'mc': "FEATURE(`virtusertable', `hash -o /nonexistent')dnl\n"
                        "VIRTUSER_DOMAIN(`example.com')dnl\n"}, OK, [
        'warning    virtusertable: example.com: whom it maps sdr-milter leaves alone\n'],
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


def test_files_of_classes(check, scratch):
    """Domains may stand in files, as FEATURE(`use_cw_file') has it."""
    (scratch / 'names').write_text('# ours\nexample.com\n\n onprem.example.com \n')
    code, output = check(relay='', mc=f"define(`confCW_FILE', `{scratch}/names')dnl\n"
                                      "FEATURE(`use_cw_file')dnl\n")
    assert 'warning    local-host-names: onprem.example.com is among them' in output
    assert 'takes no mail' not in output
    assert code == OK


def test_file_that_is_not_there(scratch):
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None}))
    done = sdrctl.run(conf, 'check', 'mta', 'sendmail', '--sendmail-cf', scratch / 'nothing')
    assert 'NO ANSWER  configuration: ' in done.stdout
    assert done.returncode == SILENT
