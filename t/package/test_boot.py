"""test_boot.py - a mail server with systemd as its first process: booted, watched, upgraded, removed

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import bases
import paths
from booted import control_groups
from bootedmx import ALICE, BOTH, DAVE, HELD, NOBODY, REPLIES, SERVICES, BootedMx
from debian import newer
from namespace import Namespace
from proc import wait_for

PACKAGES = ['sdr-common', 'sdrctl', *SERVICES, 'libsdr0']


@pytest.fixture(scope='module')
def mx(debs):
    """A machine with the packages, set up and running. The tests depend on their order: the last ones remove
    the packages."""
    if control_groups() is None:
        pytest.skip('there are no control groups for systemd')
    # apt makes it, and needs the network of this machine.
    layers = bases.layers('boot')
    with paths.scratch() as folder, Namespace(folder), BootedMx(folder / 'machine', layers) as made:
        made.install([debs[name] for name in PACKAGES])
        made.set_up()
        made.check_mail()
        yield made


def runs(mx):
    """{service: its process ID}"""
    return {service: mx.main_process(service) for service in SERVICES}


def route(mx, recipient):
    """The answer of Postfix's table."""
    table = 'socketmap:unix:/var/spool/postfix/sdr/map.sock:route'
    return mx.run('postmap', '-q', recipient, table, ok=(0, 1)).stdout.strip()


@pytest.fixture
def conf(mx):
    """The text of sdr.conf, which is restored afterwards."""
    path = mx.root / 'etc/sdr/sdr.conf'
    text = path.read_text()
    yield text
    mx.write('/etc/sdr/sdr.conf', text)
    mx.run('systemctl', 'restart', *SERVICES)
    mx.check_mail()


# --- started ---

@pytest.mark.parametrize('path', ['milter.sock', 'map.sock'])
def test_whoever_has_started_is_ready(mx, path):
    socket = f'/var/spool/postfix/sdr/{path}'
    shown = mx.run('sh', '-c', f"systemctl restart sdr-milter && stat -c '%F %U %G %a' {socket}").stdout
    assert shown == 'socket sdr postfix 660\n'


@pytest.mark.parametrize('service', SERVICES)
def test_systemd_finds_the_sandbox_tight(mx, service):
    """The exposure is at most 1.5 of 10."""
    text = mx.run('systemd-analyze', 'security', '--no-pager', service).stdout
    exposure = float(re.search(r'Overall exposure level for \S+: ([\d.]+)', text)[1])
    print(f'{service}: exposure {exposure}')
    assert exposure <= 1.5, text


@pytest.mark.parametrize('service', SERVICES)
def test_the_sandbox_is_there(mx, service):
    process = mx.main_process(service)
    status = dict(line.split(':\t') for line in mx.run('cat', f'/proc/{process}/status').stdout.splitlines()
                  if ':\t' in line)
    assert (status['Seccomp'], status['NoNewPrivs'], int(status['CapBnd'], 16)) == ('2', '1', 0)
    inside = ['nsenter', '--target', process, '--mount', 'sh', '-c']
    mx.run(*inside, '! touch /etc/new && ! touch /var/new && touch /var/lib/sdr/new && rm /var/lib/sdr/new')


def test_an_error_in_the_configuration_fails_once(mx, conf):
    """Mail waits at its senders; a restart every two seconds would not help."""
    mx.write('/etc/sdr/sdr.conf', conf.replace('unknown = reject', 'unknown = perhaps'))
    for service in SERVICES:
        mx.run('systemctl', 'restart', service, ok=(0, 1))
        wait_for(lambda service=service: mx.show(service, 'ActiveState') == 'failed', what='failure')
        assert (mx.show(service, 'ExecMainStatus'), mx.show(service, 'NRestarts')) == ('78', '0')
        assert 'perhaps' in mx.journal('-u', service)
    assert {code[:3] for code in mx.replies().values()} == {'451'}


# --- watched ---

def test_watchdog_restarts_a_daemon_that_hangs(mx):
    before = runs(mx)
    for service in SERVICES:
        mx.run('systemctl', 'kill', '--kill-who=main', '--signal=STOP', service)
    for service in SERVICES:
        wait_for(lambda service=service: mx.main_process(service) not in (None, before[service]), 300,
                 f'restart of {service}')
        assert mx.show(service, 'NRestarts') == '1'
        assert 'Watchdog timeout' in mx.journal('-u', service)
    mx.check_mail()


@pytest.mark.parametrize('service', SERVICES)
def test_a_daemon_that_dies_again_and_again_is_started_each_time(mx, service):
    for _ in range(6):
        before = mx.main_process(service)
        mx.run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', service)
        wait_for(lambda before=before: mx.main_process(service) not in (None, before), what='restart')
    mx.check_mail()


# --- reloaded ---

def test_reload(mx, conf):
    before = runs(mx)
    mx.write('/etc/sdr/sdr.conf', conf.replace('routing-domain = hosted.%d', 'routing-domain = cloud.%d'))
    mx.run('systemctl', 'reload', *SERVICES)
    wait_for(lambda: route(mx, ALICE) == 'alice@cloud.example.com', what='the new configuration')
    assert runs(mx) == before


@pytest.mark.parametrize('service', SERVICES)
@pytest.mark.parametrize('wrong', ['unknown = perhaps', 'unknwon = reject', 'unknown = reject\n[site hosted'])
def test_reload_of_an_error_fails_and_says_where(mx, conf, service, wrong):
    before = runs(mx)
    bad = conf.replace('unknown = reject', wrong)
    mx.write('/etc/sdr/sdr.conf', bad)
    mx.run('systemctl', 'reload', service, ok=(1,))
    number = bad[:bad.index(wrong)].count('\n') + 1
    assert f'/etc/sdr/sdr.conf:{number}' in mx.journal('-u', service)
    assert mx.replies() == REPLIES
    assert runs(mx) == before


# --- booted ---

ORDER = ['slapd', 'sdr-sync', 'sdr-milter', 'postfix@-']


def moment(mx, unit, event):
    return int(mx.show(unit, f'{event}TimestampMonotonic'))


def ask_until_up(mx, goal):
    """{recipient: replies}, and Alice's accepted mail, until all replies are those of goal."""
    replies, sent = {recipient: set() for recipient in REPLIES}, []

    def all_right():
        now = {recipient: mx.ask(recipient) for recipient in REPLIES}
        for recipient, reply in now.items():
            if reply:
                replies[recipient].add(str(reply)[:9])
        if now[ALICE] and now[ALICE].code == 250 and len(sent) < 5:
            sent.extend(mx.send(ALICE))
        return mx.is_up() and {r: str(reply)[:9] for r, reply in now.items()} == goal
    wait_for(all_right, 300, f'{goal}')
    return replies, [one for one in sent if one.reply.code == 250]


def test_reboot_in_the_right_order_and_every_reply_is_right(mx):
    """Checks all answers from the first one on: until it has an answer from the directory, mail is deferred."""
    mx.shut_down()
    mx.power_on()
    replies, sent = ask_until_up(mx, REPLIES)
    for recipient, said in replies.items():
        assert {text for text in said if not text.startswith('4')} <= {REPLIES[recipient]}
    assert sent
    for one in sent:
        mx.check_delivery(ALICE, one)
    assert mx.failed_units() == []
    for earlier, later in zip(ORDER, ORDER[1:]):
        assert moment(mx, earlier, 'ActiveEnter') <= moment(mx, later, 'InactiveExit')


def test_reboot_is_nothing_to_complain_of(mx):
    """Neither at shutdown nor at the next boot."""
    mx.reboot()
    mx.check_mail()
    units = [option for service in SERVICES for option in ('-u', service)]
    for boot in ('-1', '0'):
        assert mx.journal('-p', 'warning', *units, boot=boot) == ''
        assert 'is ready' in mx.journal(*units, boot=boot)
        assert 'ordering cycle' not in mx.journal(boot=boot)


@pytest.mark.parametrize('manner, known', [('silent', True), ('servfail', False)],
                         ids=['silent, with a replica', 'failing, without one'])
def test_boot_while_the_name_servers_are_away(mx, manner, known):
    """The directory's URI has a host name. No unknown recipient is rejected; accepted mail is delivered
    later."""
    mx.run('systemctl', 'stop', 'postfix', *SERVICES)
    if not known:
        mx.run('sh', '-c', 'rm /var/lib/sdr/replica*')
    mx.names.manners = manner
    mx.reboot()
    sent = mx.send(ALICE, DAVE, BOTH, HELD, NOBODY)
    codes = [one.reply.code for one in sent]
    assert codes == ([250, 250, 250, 451, 451] if known else [451] * 5)
    assert mx.failed_units() == []
    mx.names.manners = ''
    mx.check_mail()
    for recipient, one in zip([ALICE, DAVE, BOTH] if known else [], sent):
        mx.check_delivery(recipient, one)


# --- upgraded and removed ---

def test_upgrade_restarts_and_mail_goes_on(mx, debs, tmp_path):
    before = runs(mx)
    mx.install([newer(debs[name], tmp_path, '+later') for name in PACKAGES])
    after = runs(mx)
    assert all(after.values()) and not [name for name in SERVICES if after[name] == before[name]]
    mx.check_mail()


def test_removal_stops_and_mail_waits(mx, debs):
    mx.run('dpkg', '--remove', *SERVICES)
    for service in SERVICES:
        assert mx.processes(service) == []
    assert {code[:3] for code in mx.replies().values()} == {'451'}
    mx.install([debs[name] for name in PACKAGES])
    mx.run('systemctl', 'start', *SERVICES)
    mx.check_mail()


def test_purge_leaves_nothing_to_a_boot(mx):
    mx.run('dpkg', '--purge', *PACKAGES)
    mx.reboot()
    assert mx.failed_units() == []
    for path in ('etc/systemd/system', 'var/lib/systemd', 'run/systemd', 'usr/lib/systemd', 'var/spool/postfix'):
        assert not [found for found in (mx.root / path).rglob('*sdr*')]
    for path in ('run/sdr', 'var/lib/sdr', 'var/lib/sdrctl', 'var/spool/postfix/sdr'):
        mx.run('test', '-e', f'/{path}', ok=(1,))
