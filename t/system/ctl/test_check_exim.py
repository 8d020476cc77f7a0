"""test_check_exim.py - sdrctl check mta: faults in Exim's configuration

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
from pathlib import Path

import pytest

import sdrctl
import world
from debianexim import WORLDS, DebianExim
from exim import SO, Exim

OK, SILENT, WRONG = 0, 75, 78
SMARTHOST = """\
smarthost:
  driver = manualroute
  route_list = * 127.0.0.1::25 byname
  self = send
  transport = smtp
"""


def rewriting(rule):
    """A change: with this rewriting rule."""
    return '^begin retry\n', f'begin rewrite\n{rule}\n\nbegin retry\n'


def behind(options):
    """A change: with a router of these options behind ours."""
    return '^everybody:\n', f'ours:\n  {options}\n\neverybody:\n'


def before(options):
    """A change: with a redirect of these options in the split domain before ours."""
    return ('^begin routers\n',
            f'begin routers\nours:\n  driver = redirect\n  domains = example.com\n  {options}\n')


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
                      '--timeout', '60', *options, env={**exim.env, 'PATH': f'{folder}:{os.environ["PATH"]}'})
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
  ok         library: Exim calls {SO}, which reads SCRATCH/sdr/sdr.conf
"""


def test_sound(check):
    assert check() == (OK, sound('exim'))


@pytest.mark.parametrize('split', [True, False])
@pytest.mark.parametrize('world_name', WORLDS)
def test_sound_as_debian_has_it(scratch, new_conf, split, world_name):
    conf = new_conf()
    exim = DebianExim(scratch / 'debian', 25, conf, split=split, world=world_name)
    exim.configure()
    assert ask(conf, exim) == (OK, sound('debian'))


@pytest.mark.parametrize('changes, code, lines', [
    pytest.param([('sdr_route}', 'sdr_owner}')], WRONG, [
        'WRONG      routers: none of the 4 routers asks sdr: no mail is routed\n',
        '-> copy sdr-router, sdr-rcpt-acl and sdr-data-acl from the examples again, see exim-sdr(7)\n'],
        id='no router'),
    pytest.param([('^SDR_SO = .*', 'SDR_SO = /nonexistent/exim-sdr.so')], WRONG, [
        'WRONG      library: Exim cannot call the library: dlopen "/nonexistent/exim-sdr.so" failed',
        'all mail is deferred\n', '-> correct SDR_SO, or install the library for this Exim\n'],
        id='no library'),
    pytest.param([('^SDR_CONF = .*', 'SDR_CONF = /nonexistent/sdr.conf')], WRONG, [
        'WRONG      library: ', ' cannot use /nonexistent/sdr.conf: :defer: 451 4.3.5',
        'warning    library: Exim uses /nonexistent/sdr.conf, but sdrctl checks SCRATCH/sdr/sdr.conf\n'],
        id='another configuration'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}')], WRONG, [
        'WRONG      smarthost: this router comes before sdr and takes mail for example.com: sdr does not '
        'route that mail\n',
        '-> put the routers of sdr before it\n'], id='a router before'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}  domains = *.example.com\n')],
                 WRONG, ['takes mail for onprem.example.com: sdr does not route that mail\n'],
                 id='a router of some domains before'),
    pytest.param([('^begin routers\n', f'begin routers\n{SMARTHOST}  local_parts = team\n')], OK, [
        'warning    smarthost: this router comes before sdr'], id='a router of some users before'),
    pytest.param([before('data = $local_part@elsewhere.test')], OK, [
        'warning    routers: a router before sdr takes mail for sdr-check@example.com, an invented '
        'address: it may'],
        id='a redirect of everybody before'),
    pytest.param([before('data = ${if eq{$local_part}{team}{x@elsewhere.test}}')], OK, ['ok '],
                 id='a redirect of one before'),
    pytest.param([('^sdr:\n', 'sdr:\n  domains = example.com\n')], WRONG, [
        'WRONG      sdr: its domains option does not match onprem.example.com: mail for this domain is not '
        'routed\n'],
        id='not for all domains'),
    pytest.param([('^  allow_fail\n', '')], WRONG, [
        'WRONG      sdr: allow_fail is not set: unknown recipients are deferred'], id='allow_fail'),
    pytest.param([('^  allow_defer\n', '')], WRONG, ['WRONG      sdr: allow_defer is not set'],
                 id='allow_defer'),
    pytest.param([('^  forbid_pipe\n', '')], OK, [
        'warning    sdr: forbid_pipe is not set: a value in the directory can make Exim run a program\n'],
        id='forbid_pipe'),
    pytest.param([('^  data = .*sdr_route.*', '  data = ${dlfunc{SDR_SO}{sdr_route}{$local_part@'
                   '$domain}{$h_X-SDR-Routed:}{SDR_CONF}}')], WRONG, [
        'WRONG      sdr: data has no quote_local_part: with a quoted local part, any client can relay mail'],
        id='quoted local parts'),
    pytest.param([('^  headers_add = .*', '  headers_add =')], WRONG, [
        'WRONG      sdr: headers_add has no sdr_mark: sdr does not detect a loop between two sites\n'],
        id='no mark'),
    pytest.param([('^  no_rewrite\n', '')], OK, [
        'warning    sdr: no_rewrite is not set: rewriting rules may undo'],
        id='no_rewrite'),
    pytest.param([('^  no_rewrite\n', ''), rewriting('*@*.example.com $1@example.com')], WRONG, [
        'WRONG      sdr: a rewriting rule changes sdr-check@hosted.example.com to sdr-check@example.com: mail '
        'for site hosted does not get there\n',
        '-> copy sdr-router, '], id='rewriting without no_rewrite'),
    pytest.param([('^  no_rewrite\n', ''), rewriting('*@hosted.example.com x@y.test T')], WRONG, [
        'WRONG      sdr: a rewriting rule changes sdr-check@hosted.example.com to x@y.test: mail for'],
        id='T without no_rewrite'),
    pytest.param([rewriting('*@*.example.com $1@example.com')], WRONG, [
        'WRONG      rewrite: a rewriting rule changes sdr-check@onprem.example.com to sdr-check@example.com '
        'before the router sdr sees it: mail that another site has sent here is not routed, or is routed '
        'again', '-> add this rule before it: *@onprem.example.com $0 q\n'], id='rewriting'),
    pytest.param([rewriting('*@onprem.example.com $0 q\n*@*.example.com $1@example.com')], OK, ['ok '],
                 id='rewriting without this site'),
    pytest.param([rewriting('*@*.example.com $1@example.com Ffhs')], OK, ['ok '],
                 id='rewriting of senders and headers'),
    pytest.param([rewriting('*@onprem.example.com $1@old.test T')], WRONG, [
        'changes sdr-check@onprem.example.com to sdr-check@old.test before'], id='rewriting of this site'),
    pytest.param([rewriting('*@* sdr-check@example.com')], WRONG, [
        'changes sdr-check@onprem.example.com to sdr-check@example.com before'],
                 id='rewriting to one of ours'),
    pytest.param([rewriting('*@example.com sdr-check@example.com')], OK, ['ok '],
                 id='rewriting in the split domain'),
    pytest.param([rewriting('*@example.com $1@old.test')], WRONG, [
        'WRONG      rewrite: a rewriting rule changes sdr-check@example.com to sdr-check@old.test before the '
        'router sdr sees it: mail for this domain is not routed\n'],
        id='rewriting before'),
    pytest.param([rewriting(r'\N^.*@onprem\.example\.com>?$\N x@old.test S')], WRONG, [
        'WRONG      rewrite: a rewriting rule changes sdr-check@onprem.example.com to x@old.test before'],
        id='rewriting in SMTP'),
    pytest.param([rewriting('*@example.com $1@onprem.example.com T')], WRONG, [
        'changes sdr-check@example.com to sdr-check@onprem.example.com before the router sdr sees it: the '
        'other sites get no copies\n'],
        id='rewriting to the routing domain'),
    pytest.param([rewriting('*@hosted.example.com $1@example.com')], OK, ['ok '],
                 id='rewriting of a domain of another site'),
    pytest.param([rewriting('*@example.com $1@old.test F')], OK, ['ok '], id='rewriting of senders'),
    pytest.param([('^everybody:\n  driver = manualroute\n', 'everybody:\n  driver = manualroute\n'
                   '  same_domain_copy_routing\n')], OK, ['ok '],
                 id='same_domain_copy_routing'),
    pytest.param([('^everybody:\n  driver = manualroute\n', 'everybody:\n  driver = manualroute\n'
                   '  same_domain_copy_routing\n'),
                  ('X-SDR-Here', '')], WRONG, [
        'WRONG      everybody: same_domain_copy_routing is set: if one recipient of a message stays here, '
        'Exim delivers it here for all others in the domain, even if they have moved\n',
        '-> copy sdr-router, '],
        id='same_domain_copy_routing without sdr_here'),
    pytest.param([('^sdr_here:\n', SMARTHOST + '  same_domain_copy_routing\n'
                   '  domains = example.com\n\nsdr_here:\n')], WRONG, [
        'WRONG      smarthost: same_domain_copy_routing is set'],
        id='same_domain_copy_routing before sdr_here'),
    pytest.param([behind('driver = redirect\n  unseen\n  data = archive@hosted.example.com')], OK, [
        'warning    ours: unseen is set, but this router comes after sdr: it gets no copy of mail for other',
        '-> put it before the routers of sdr\n'], id='unseen behind'),
    pytest.param([('^sdr:\n', 'ours:\n  driver = redirect\n  data = ${if eq{$local_part}'
                   '{team}{bob@example.com}}\n\nsdr:\n')], OK, ['ok '], id='a redirect before'),
    pytest.param([('^sdr:\n', 'ours:\n  driver = redirect\n  redirect_router = everybody\n'
                   '  data = $local_part@example.com\n\nsdr:\n')], WRONG, [
        'WRONG      ours: this router comes before sdr'], id='a redirect that goes past'),
    pytest.param([behind('driver = redirect\n  domains = *.example.com\n'
                         '  data = $local_part@example.com')], WRONG, [
        'WRONG      routers: a router changes sdr-check@hosted.example.com to another address'],
        id='a redirect back'),
    pytest.param([behind('driver = redirect\n  domains = hosted.example.com\n  allow_fail\n'
                         '  data = :fail: no such site')], WRONG, [
        'WRONG      routers: sdr-check@hosted.example.com is undeliverable: no such site: mail for site '
        'hosted is returned\n'], id='a router that refuses'),
    pytest.param([behind('driver = accept\n  domains = *.example.com\n  transport = file'),
                  ('^begin transports\n', 'begin transports\nfile:\n  driver = appendfile\n'
                   '  file = /dev/null\n\n')], WRONG, [
        'WRONG      routers: a router delivers mail for sdr-check@hosted.example.com on this host: mail for '
        'site hosted stays here\n'], id='a mailbox for all'),
    pytest.param([('^acl_smtp_data = .*\n', '')], WRONG, [
        'WRONG      acl_smtp_data: no ACL for DATA asks sdr: Exim accepts a message that loops, until',
        '-> copy sdr-router, sdr-rcpt-acl and sdr-data-acl from'], id='no ACL for DATA'),
    pytest.param([('^acl_smtp_data = .*', 'acl_smtp_data = data')], WRONG, [
        'WRONG      acl_smtp_data: no ACL for DATA'], id='another ACL for DATA'),
    pytest.param([('^acl_smtp_data = .*', 'acl_smtp_data = mine'),
                  ('^begin acl\n', 'begin acl\nmine:\n  require acl = sdr_check_data\n  accept\n\n')],
                 OK, ['ok '], id='an ACL for DATA that calls ours'),
    pytest.param([('^host_lookup =', 'percent_hack_domains = *.test : example.com\nhost_lookup =')], OK, [
        'warning    percent_hack_domains: example.com is listed: Exim sends mail for a local part with % to '
        'another'],
        id='percent hack'),
    pytest.param([(r'{\${if eq{\$acl_arg1}{sdr_verify}{sdr_verify}{sdr_route}}}', '{sdr_route}')], OK, [
        'warning    sdr: data has no sdr_verify: if a recipient of this site and another has no mailbox here, '
        'Exim accepts the mail and bounces it later\n',
        '-> copy sdr-router, sdr-rcpt-acl and '], id='an older sdr-router'),
    pytest.param([('acl = sdr_check_here sdr_verify', 'verify = recipient')], OK, [
        'warning    acl_smtp_rcpt: no ACL asks for sdr_verify: if a recipient of this site and another'],
        id='an older sdr-rcpt-acl'),
    pytest.param([('^sdr:\n', 'sdr:\n  unseen\n')], WRONG, [
        'WRONG      sdr: unseen is set: mail for other sites is delivered here too\n'], id='unseen'),
    pytest.param([('^  require verify = recipient\n', ''), ('^acl_smtp_rcpt = .*', 'acl_smtp_rcpt = rcpt')],
                 OK, ['warning    acl_smtp_rcpt: no ACL verifies recipients'], id='sdr-rcpt-acl not used'),
    pytest.param([('^(  require|    !|   ) verify = recipient\n', ''), (r'{sdr_owner}', '{sdr_who}')], OK, [
        'warning    acl_smtp_rcpt: no ACL verifies recipients: Exim accepts mail for unknown recipients'],
        id='nobody is verified'),
    pytest.param([('^domainlist ours.*', 'domainlist ours = *\ndomainlist local_domains = '
                   'hosted.example.com\ndomainlist relay_to_domains = onprem.example.com')], WRONG, [
        'WRONG      relay_to_domains: Exim does not accept mail for example.com from outside\n',
        'WRONG      local_domains: hosted.example.com, the routing domain of site hosted, is listed'],
        id='domains of Debian'),
    pytest.param([('^domainlist ours.*', 'domainlist ours = *\ndomainlist local_domains = '
                   'example.com\ndomainlist relay_to_domains = *.example.com')], OK, [
        'warning    relay_to_domains: any client may relay mail through this host to hosted.example.com, the '
        'routing domain of site hosted'],
        id='subdomains'),
    pytest.param([('^begin routers\n', 'begin routers\n  nonsense\n')], SILENT, [
        'NO ANSWER  program: ', 'exit code 1: ', '-> run sdrctl as root; exim -bV shows the error\n'],
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
    assert 'WRONG      sdr_next_hop: a site has delivery = route, but no router' in output
    assert code == WRONG


@pytest.mark.parametrize('acl, unknown, warned', [
    ('verify = recipient', 'hosted', True),
    ('verify = recipient/callout=30s', 'hosted', False),
    ('verify = recipient', 'reject', False),
    ('verify = recipient', 'onprem', False),
])
def test_unknown_recipients_of_the_other_site(check, acl, unknown, warned):
    code, output = check(('^  require verify = recipient', f'  require {acl} '),
                         **{'domain example.com': {'unknown': unknown}})
    assert ('warning    callout: this host does not verify recipients in example.com, although unknown = '
            'hosted: it accepts mail that the site then rejects, ' in output) == warned, output
    assert code == OK


def fake(scratch, script):
    program = scratch / 'exim4'
    program.write_text(f'#!/bin/sh\n{script}\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize('script, seconds, code, line', [
    ('echo Exim version 4.96; echo Support for: crypteq', 60, WRONG,
     'cannot load libraries (no Expand_dlfunc)\n             -> on Debian: install exim4-daemon-heavy\n'),
    ('yes', 1, SILENT, 'NO ANSWER  program: SCRATCH/exim4 takes too long\n'),
    ('kill -9 $$', 60, SILENT, 'NO ANSWER  program: SCRATCH/exim4 crashes\n'),
    ('printf "\\033[2J" >&2; exit 1', 60, SILENT, r'exit code 1: \x1B[2J'),
])
def test_other_programs(scratch, new_conf, script, seconds, code, line):
    exim = Exim(scratch / 'exim', 25, new_conf())
    status, output = ask(scratch / 'sdr/sdr.conf', exim, '--timeout', str(seconds),
                         program=fake(scratch, script))
    assert line in output
    assert status == code
