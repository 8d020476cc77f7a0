"""test_containers.py - container/README.md: the images are built, and its example routes mail

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import paths
from debian import newest
from podman import Podman
from proc import run, wait_for

ALICE, DAVE, NOBODY = 'alice@example.com', 'dave@example.com', 'nobody@example.com'
COMPOSE = ['podman-compose', '-f', '/src/container/example/compose.yaml']
SEND = """\
import smtplib, sys
with smtplib.SMTP('127.0.0.1', 2525, timeout=300) as session:
    session.ehlo('client.test')
    print(session.mail('sender@outside.test')[0])
    code, text = session.rcpt(sys.argv[1])
    print(code, text.decode())
    if code == 250:
        print(session.data('Subject: ' + sys.argv[2] + '\\r\\n\\r\\nHello\\r\\n')[0])
"""


@pytest.fixture(scope='module')
def machine():
    """A machine with the source from make dist in /src, and the images built from it."""
    run(['make', '-s', '-C', paths.BUILD, 'dist'], timeout=1800)
    made = Podman()
    source = made.root / 'src'
    run(['rm', '-rf', source])
    source.mkdir()
    run(['tar', 'xf', newest(paths.BUILD.glob('sdr-*.tar.xz')), '-C', source, '--strip-components=1'])
    made.start(network=True)
    try:
        made.import_debian()
        made.run('sh', '-c', 'cd /src/container/example && openssl rand -hex 16'
                 ' | install -o 890 -g 890 -m 0400 /dev/stdin password')
        made.run(*COMPOSE, 'build', '--podman-build-args=--network=host')
    finally:
        made.stop()
    with made:
        yield made


@pytest.fixture(scope='module')
def example(machine):
    """The example, started by podman-compose."""
    machine.run(*COMPOSE, 'up', '-d')
    yield machine
    machine.run(*COMPOSE, 'down', '-v')


def execute(machine, service, *argv, ok=(0,)):
    return machine.run(*COMPOSE, 'exec', '-T', service, *argv, ok=ok).stdout


def replica_is_complete(machine):
    return 'up to date' in execute(machine, 'sdr-milter', 'sdrctl', 'sync', 'status', ok=range(256))


def send(machine, recipient, subject):
    """The replies of Postfix."""
    return machine.run('python3', '-c', SEND, recipient, subject).stdout.split('\n')[1:-1]


def arrived(machine, service, subject):
    found = execute(machine, service, 'sh', '-c', 'cat /mail/* 2>/dev/null', ok=range(256))
    return f'Subject: {subject}\n' in found.replace('\r', '')


def test_each_recipient_reaches_the_owner(example):
    wait_for(lambda: send(example, ALICE, 'first')[0].startswith('250'), what='Postfix')
    wait_for(lambda: arrived(example, 'hosted', 'first'), what='the message to alice')
    assert send(example, DAVE, 'second')[0].startswith('250')
    wait_for(lambda: arrived(example, 'mailstore', 'second'), what='the message to dave')
    assert not arrived(example, 'mailstore', 'first')
    assert not arrived(example, 'hosted', 'second')


def test_unknown_recipient_is_rejected(example):
    assert send(example, NOBODY, 'third')[0].startswith('550')


def test_mail_flows_without_the_directory(example):
    wait_for(lambda: replica_is_complete(example), what='the replica')
    example.run(*COMPOSE, 'stop', 'slapd')
    assert send(example, ALICE, 'fourth')[0].startswith('250')
    wait_for(lambda: arrived(example, 'hosted', 'fourth'), what='the message to alice')


@pytest.mark.parametrize('service', ['sdr-milter', 'sdr-sync'])
def test_it_runs_without_privileges(example, service):
    status = execute(example, service, 'sh', '-c', f'cat /proc/$(pgrep -x {service} || echo 1)/status')
    values = dict(line.split(':\t', 1) for line in status.splitlines() if ':\t' in line)
    assert values['Uid'].split() == ['890'] * 4
    assert int(values['CapEff'], 16) == int(values['CapBnd'], 16) == 0
    assert values['NoNewPrivs'] == '1'
    assert execute(example, service, 'sh', '-c', 'touch /here 2>&1; true').count('Read-only') == 1
