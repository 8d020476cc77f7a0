"""test_check_exim.py - sdrctl check mta: Exim as somebody may have configured it

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
from pathlib import Path

import pytest

import sdrctl
import world
from debianexim import DebianExim
from exim import SO, Exim

OK, SILENT, WRONG = 0, 75, 78
SMARTHOST = """\
smarthost:
  driver = manualroute
  route_list = * 127.0.0.1::25 byname
  self = send
  transport = smtp
"""


@pytest.fixture
def new_conf(scratch):
    """new_conf(sections): the path of an sdr.conf that Exim believes."""
    def make(**sections):
        folder = scratch / 'sdr'
        folder.mkdir(exist_ok=True)
        return sdrctl.write_conf(folder, world.conf(
            directory_corp={'uri': 'ldap://127.0.0.1:1', 'bind': 'none', 'bind-dn': None},
            **sections))
    return make


def ask(conf, exim, *options, program=None):
    """(exit code, output)"""
    folder = Path(program or exim.program).parent
    done = sdrctl.run(conf, 'check', 'mta', 'exim', '--exim-config', exim.command[-1],
                      *options, env={**exim.env, 'PATH': f'{folder}:{os.environ["PATH"]}'})
    assert done.stderr == ''
    return done.returncode, done.stdout.replace(str(exim.folder.parent), 'SCRATCH')


@pytest.fixture
def check(scratch, new_conf):
    """check((what, by what), ..., sections of sdr.conf): (exit code, output) after these changes."""
    def run(*changes, **sections):
        conf = new_conf(**sections)
        exim = Exim(scratch / 'exim', 25, conf, at_the_door=True)
        exim.configure()
        path = exim.command[-1]
        text = re.sub('^.include (.*)', lambda line: Path(line[1]).read_text(), path.read_text(),
                      flags=re.M)
        for old, new in changes:
            changed = re.sub(old, lambda _, new=new: new, text, flags=re.M)
            assert changed != text, old
            text = changed
        path.write_text(text)
        return ask(conf, exim)
    return run


def sound(name):
    return f"""\
mta: Exim, SCRATCH/{name}/exim.conf
  ok         routers: the router sdr asks sdr
  ok         library: Exim calls {SO} with SCRATCH/sdr/sdr.conf
"""


def test_sound(check):
    assert check() == (OK, sound('exim'))


@pytest.mark.parametrize('split', [True, False])
@pytest.mark.parametrize('mailboxes_here', [True, False])
def test_sound_as_debian_has_it(scratch, new_conf, split, mailboxes_here):
    conf = new_conf()
    exim = DebianExim(scratch / 'debian', 25, conf, split=split, mailboxes_here=mailboxes_here)
    exim.configure()
    assert ask(conf, exim) == (OK, sound('debian'))


@pytest.mark.parametrize('changes, code, lines', [
    pytest.param([('sdr_route}', 'sdr_owner}')], WRONG, [
        'WRONG      routers: none of the 3 routers asks sdr: no mail is routed\n',
        '-> see sdr-router among the examples, and exim-sdr(7)\n'], id='no router'),
    pytest.param([('^SDR_SO = .*', 'SDR_SO = /nonexistent/exim-sdr.so')], WRONG, [
        'WRONG      library: Exim cannot call it: dlopen "/nonexistent/exim-sdr.so" failed',
        'all mail is deferred\n', '-> correct SDR_SO, or install the library for this Exim\n'],
        id='no library'),
    pytest.param([('^SDR_CONF = .*', 'SDR_CONF = /nonexistent/sdr.conf')], WRONG, [
        'WRONG      library: ', ' cannot use /nonexistent/sdr.conf: :defer: 451 4.3.5',
        'warning    library: Exim reads /nonexistent/sdr.conf, not SCRATCH/sdr/sdr.conf\n'],
        id='another configuration'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}')], WRONG, [
        'WRONG      smarthost: this router comes before sdr and takes mail for example.com\n',
        '-> let the routers of sdr come first\n'], id='a router before'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}  domains = *.example.com\n')],
                 WRONG, ['takes mail for onprem.example.com\n'], id='a router of some domains before'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}  local_parts = team\n')], OK, [
        'warning    smarthost: this router comes before sdr'], id='a router of some users before'),
    pytest.param([('^sdr:\n', 'sdr:\n  domains = example.com\n')], WRONG, [
        'WRONG      sdr: it is not for onprem.example.com: mail there is not routed\n'],
        id='not for all domains'),
    pytest.param([('^  allow_fail\n', '')], WRONG, [
        'WRONG      sdr: allow_fail is not set: unknown recipients are deferred'], id='allow_fail'),
    pytest.param([('^  allow_defer\n', '')], WRONG, ['WRONG      sdr: allow_defer is not set'],
                 id='allow_defer'),
    pytest.param([('^  forbid_pipe\n', '')], OK, [
        'warning    sdr: forbid_pipe is not set: a value in the directory may name a program\n'],
        id='forbid_pipe'),
    pytest.param([('^  data = .*sdr_route.*', '  data = ${dlfunc{SDR_SO}{sdr_route}{$local_part@'
                   '$domain}{$h_X-SDR-Routed:}{SDR_CONF}}')], WRONG, [
        'WRONG      sdr: data has no ${quote_local_part:...}: whoever writes a quoted local part'],
        id='quoted local parts'),
    pytest.param([('^  headers_add = .*', '  headers_add =')], WRONG, [
        'WRONG      sdr: no mark is added, or none is looked for: a loop between two sites is not'],
        id='no mark'),
    pytest.param([('^sdr:\n', 'sdr:\n  unseen\n')], WRONG, [
        'WRONG      sdr: unseen is set: mail for other sites stays here as well\n'], id='unseen'),
    pytest.param([('^  require verify = recipient\n', ''), (r'{sdr_owner}', '{sdr_who}')], OK, [
        'warning    acl_smtp_rcpt: no ACL verifies recipients: mail for unknown ones is taken'],
        id='nobody is verified'),
    pytest.param([('^domainlist ours.*', 'domainlist ours = *\ndomainlist local_domains = '
                   'hosted.example.com\ndomainlist relay_to_domains = onprem.example.com')], WRONG, [
        'WRONG      relay_to_domains: Exim takes no mail for example.com from outside\n',
        'WRONG      local_domains: hosted.example.com, of the site hosted, is among them'],
        id='domains of Debian'),
    pytest.param([('^domainlist ours.*', 'domainlist ours = *\ndomainlist local_domains = '
                   'example.com\ndomainlist relay_to_domains = *.example.com')], OK, [
        'warning    relay_to_domains: anybody may relay to hosted.example.com, of the site hosted'],
        id='subdomains'),
    pytest.param([('^begin routers\n', 'begin routers\n  nonsense\n')], SILENT, [
        'NO ANSWER  program: ', 'exit code 1: ', '-> run it as root, and see exim -bV\n'],
        id='a mistake of Exim'),
])
def test_what_is_wrong(check, changes, code, lines):
    status, output = check(*changes)
    for line in lines:
        assert line in output, output
    assert status == code, output


def test_next_hop_that_no_router_asks_for(check):
    code, output = check(('{sdr_next_hop}', '{sdr_owner}'),
                         site_hosted={'delivery': 'route', 'next-hop': '127.0.0.1:25'})
    assert 'WRONG      sdr_next_hop: site hosted has delivery = route, but no router' in output
    assert code == WRONG


def fake(scratch, script):
    program = scratch / 'exim4'
    program.write_text(f'#!/bin/sh\n{script}\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize('script, code, line', [
    ('echo Exim version 4.96; echo Support for: crypteq', WRONG,
     'cannot load libraries (no Expand_dlfunc)\n             -> on Debian: install exim4-daemon-heavy\n'),
    ('yes', SILENT, 'NO ANSWER  program: SCRATCH/exim4 takes too long\n'),
    ('kill -9 $$', SILENT, 'NO ANSWER  program: SCRATCH/exim4 crashes\n'),
    ('printf "\\033[2J" >&2; exit 1', SILENT, r'exit code 1: \x1B[2J'),
])
def test_other_programs(scratch, new_conf, script, code, line):
    exim = Exim(scratch / 'exim', 25, new_conf())
    status, output = ask(scratch / 'sdr/sdr.conf', exim, '--timeout', '1',
                         program=fake(scratch, script))
    assert line in output
    assert status == code
