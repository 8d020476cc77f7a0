"""test_check_configuration.py - sdrctl check configuration: valid, but doubtful settings

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import sdrctl
import world

OK, WRONG = 0, 78
TWO_SERVERS = ['ldap://127.0.0.1:1', 'ldap://127.0.0.1:2']


@pytest.fixture
def check(scratch):
    """check(sections, ...): (exit code, output, errors)."""
    def run(**sections):
        secret = world.password_file(scratch, group=sections.pop('group', 'sdr'))
        secret.chmod(sections.pop('mode', 0o640))
        directory = {'uri': TWO_SERVERS, 'password-file': str(secret),
                     **sections.pop('directory_corp', {})}
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp=directory, **sections))
        done = sdrctl.run(conf, 'check', 'configuration')
        return done.returncode, done.stdout.replace(str(scratch), 'SCRATCH'), done.stderr
    return run


SITE = {'unknown': 'hosted'}


@pytest.mark.parametrize('sections', [
    {},
    {'domain_example.com': SITE, 'site_hosted': {'verify-address': 'alice@example.com'}},
    {'domain_example.com': {'unknown': 'onprem'}},
    {'domain_example.com': {'unknown': 'pass'}},
    {'directory_corp': {'uri': TWO_SERVERS[0]}, 'replica': {'path': '/var/lib/sdr/replica'}},
    {'group': 'Debian-exim'},
    {'group': 'nogroup', 'mode': 0o600},
    {'directory_corp': {'timeout': '28'}},
    {'main': {'always-local': 'POST*'}},
    {'milter': {'socket': '/run/milter.sock', 'map-socket': '/map.sock'}},
])
def test_nothing_doubtful(check, sections):
    assert check(**sections) == (
        OK, 'configuration SCRATCH/sdr.conf\n  ok         options: no errors\n', '')


@pytest.mark.parametrize('sections, lines', [
    ({'domain_example.com': SITE}, [
        'warning    unknown: hosted in example.com: mail for all unknown recipients goes there, '
        'and without a verify-address nothing shows that the site accepts it\n',
        '-> add a verify-address to that site, and run sdrctl check sites\n']),
    ({'domain_example.com': SITE, 'domain_example.org': {},
      'site_hosted': {'verify-address': 'alice@example.org'}}, ['warning    unknown: hosted']),
    ({'domain_example.com': {'unknown': 'pass'}, 'directory_corp': {'default-owner': 'hosted'}}, [
        'warning    unknown: pass in example.com, but directory corp has default-owner = hosted: ']),
    ({'directory_corp': {'uri': TWO_SERVERS[0]}}, [
        'warning    uri: directory corp has one server and no replica: while it is down, all mail',
        '-> add a second uri, or a [replica]\n']),
    ({'group': 'nogroup'}, [
        'warning    password-file: SCRATCH/password is readable by the group nogroup\n',
        '-> chgrp sdr, or chmod g-r']),
    ({'directory_corp': {'timeout': '29'}}, [
        'warning    timeout: the directories may take 30 s together, longer than Postfix waits']),
    ({'directory_corp': {'uri': ['ldap://192.0.2.1', 'ldap://192.0.2.2'],
                         'allow-plaintext-bind': 'yes'}}, [
        'warning    allow-plaintext-bind: directory corp: the password may be sent unencrypted']),
    ({'main': {'always-local': 'abuse'}}, [
        'warning    always-local: mail to postmaster is rejected unless']),
    ({'main': {'loop-limit': '1'}}, ['warning    loop-limit: 1: mail returned by a list']),
    ({'site_hosted': {'delivery': 'route', 'next-hop': 'mx.test:25'}}, [
        'warning    milter-route: a site has delivery = route: sdr-milter will not start\n']),
    ({'site_hosted': {'delivery': 'route', 'next-hop': 'mx.test:25'},
      'milter': {'milter-route': 'pass'}}, [
        'warning    milter-route: pass: the mail server\'s own transport table']),
    ({'milter': {'milter-route': 'pass'}}, [
        'warning    milter-route: pass, but no site has delivery = route\n']),
    ({'replica': {'path': '/var/lib/sdr/replica', 'max-removed': '100'}}, [
        'warning    max-removed: 100: the replica follows even a directory that loses all entries by '
        'mistake\n']),
    ({'milter': {'socket-mode': '0666'}}, ['warning    socket-mode: every user of this host']),
    ({'milter': {'socket': 'unix:/nonexistent/milter.sock'}}, [
        'warning    socket: no such folder: /nonexistent; sdr-milter will not start\n',
        '-> create it, with the group of the mail server and mode 0750\n']),
    ({'milter': {'map-socket': 'unix:/etc/passwd/map.sock'}}, [
        'warning    map-socket: no such folder: /etc/passwd; sdr-milter will not start\n']),
    ({'site_hosted': None}, ['warning    sites: no other site: all mail stays here\n']),
])
def test_what_is_doubtful(check, sections, lines):
    code, output, errors = check(**sections)
    for line in lines:
        assert line in output, output
    assert output.count('warning') == 1
    assert (code, errors) == (OK, '')


def test_mistakes_are_reported_instead(check):
    code, output, errors = check(site_hosted={'verify-address': 'alice@hosted.example.com'})
    assert 'verify-address: "alice@hosted.example.com" is not an address in a split domain' in errors
    assert (code, output) == (WRONG, '')
