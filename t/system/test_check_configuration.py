"""test_check_configuration.py - sdrctl check configuration: no mistake, and yet doubtful

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
        OK, 'configuration SCRATCH/sdr.conf\n  ok         options: no mistake\n', '')


@pytest.mark.parametrize('sections, lines', [
    ({'domain_example.com': SITE}, [
        'warning    unknown: hosted in example.com: mail for everybody whom no directory knows goes '
        'there, and nobody has tried whether it is taken\n',
        '-> add a verify-address to that site, and run sdrctl check sites\n']),
    ({'domain_example.com': SITE, 'domain_example.org': {},
      'site_hosted': {'verify-address': 'alice@example.org'}}, ['warning    unknown: hosted']),
    ({'domain_example.com': {'unknown': 'pass'}, 'directory_corp': {'default-owner': 'hosted'}}, [
        'warning    unknown: pass in example.com, but directory corp has default-owner = hosted: ']),
    ({'directory_corp': {'uri': TWO_SERVERS[0]}}, [
        'warning    uri: directory corp has one server and no replica: while it is away all mail',
        '-> add a second uri, or a [replica]\n']),
    ({'group': 'nogroup'}, [
        'warning    password-file: SCRATCH/password can be read by the group nogroup\n',
        '-> chgrp sdr, or chmod g-r']),
    ({'directory_corp': {'timeout': '29'}}, [
        'warning    timeout: the directories may take 30 s together: longer than Postfix waits']),
    ({'directory_corp': {'uri': ['ldap://192.0.2.1', 'ldap://192.0.2.2'],
                         'allow-plaintext-bind': 'yes'}}, [
        'warning    allow-plaintext-bind: directory corp: the password may go over the network']),
    ({'main': {'always-local': 'abuse'}}, [
        'warning    always-local: a postmaster who has no entry in the directory is unknown']),
    ({'main': {'loop-limit': '1'}}, ['warning    loop-limit: 1: mail that a list']),
    ({'site_hosted': {'delivery': 'route', 'next-hop': 'mx.test:25'}}, [
        'warning    milter-route: a site has delivery = route: sdr-milter will not start\n']),
    ({'site_hosted': {'delivery': 'route', 'next-hop': 'mx.test:25'},
      'milter': {'milter-route': 'pass'}}, [
        'warning    milter-route: pass: sdr-milter leaves it to a transport table']),
    ({'milter': {'milter-route': 'pass'}}, [
        'warning    milter-route: pass: there is no site with delivery = route\n']),
    ({'replica': {'path': '/var/lib/sdr/replica', 'max-removed': '100'}}, [
        'warning    max-removed: 100: a directory that loses everything by mistake is believed\n']),
    ({'milter': {'socket-mode': '0666'}}, ['warning    socket-mode: everybody on this host']),
    ({'milter': {'socket': 'unix:/nonexistent/milter.sock'}}, [
        'warning    socket: there is no folder /nonexistent: sdr-milter will not start\n',
        '-> make it, with the group of the mail server and mode 0750\n']),
    ({'milter': {'map-socket': 'unix:/etc/passwd/map.sock'}}, [
        'warning    map-socket: there is no folder /etc/passwd: sdr-milter will not start\n']),
    ({'site_hosted': None}, ['warning    sites: there is no other site: all mail stays here\n']),
])
def test_what_is_doubtful(check, sections, lines):
    code, output, errors = check(**sections)
    for line in lines:
        assert line in output, output
    assert output.count('warning') == 1
    assert (code, errors) == (OK, '')


def test_mistakes_are_told_instead(check):
    code, output, errors = check(site_hosted={'verify-address': 'alice@hosted.example.com'})
    assert 'verify-address: "alice@hosted.example.com" is no address in a split domain' in errors
    assert (code, output) == (WRONG, '')
