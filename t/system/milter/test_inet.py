"""sdr-milter at TCP addresses, as a mail server in another container needs it

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import socket
import subprocess
from collections import Counter

import pytest

import paths
import sdrctl
from checkmta import programs, where
from mapped import make_forward, use_in_sendmail
from proc import free_port, wait_for

ADDRESSES = ['127.0.0.1', '::1', None]  # None: only the port is given
WARNING = 'is not a loopback address: anyone who can connect to it can look up who is in the directory'


def written(address, port):
    if address is None:
        return f'inet:{port}'
    return f'inet:[{address}]:{port}' if ':' in address else f'inet:{address}:{port}'


def known_to_postfix(address, port):
    return written(address or '127.0.0.1', port)


@pytest.fixture
def at(new_milter, conf):
    """at(socket, ...): a running milter that listens there."""
    def make(**milter):
        return new_milter(conf(milter=milter)).start()
    return make


@pytest.mark.parametrize('address', ADDRESSES, ids=str)
def test_milter(at, postfix, deliver, address):
    """For the milter's socket."""
    port = free_port()
    milter = at(socket=written(address, port))
    postfix.set(inet_protocols='all', smtpd_milters=known_to_postfix(address, port))
    _, got = deliver(['alice@example.com', 'dave@example.com'])
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])
    assert WARNING not in milter.log()


@pytest.mark.parametrize('address', ADDRESSES, ids=str)
def test_tables(at, postfix, deliver, address):
    """For the socket of the tables."""
    port = free_port()
    at(**{'map-socket': written(address, port), 'rewrite': 'tables'})
    table = f'socketmap:{known_to_postfix(address, port)}'
    postfix.set(inet_protocols='all', virtual_alias_maps=f'{table}:route', relay_recipient_maps=f'{table}:recipient')
    sent, got = deliver(['alice@example.com', 'dave@example.com', 'nobody@example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 250, 550]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.parametrize('has_key', [True, False])
def test_sendmail(at, sendmail, deliver, scratch, has_key):
    """With both sockets at TCP addresses; copies need a key that lasts."""
    ports = free_port(), free_port()
    key = scratch / 'key'
    key.mkdir()
    shutil.chown(key, 'sdr')
    at(**{'socket': f'inet:{ports[0]}', 'map-socket': f'inet:{ports[1]}', 'rewrite': 'tables',
          **({'key-file': str(key / 'key')} if has_key else {})})
    use_in_sendmail(sendmail, [f'inet:{ports[0]}@127.0.0.1'], make_forward(scratch), 25,
                    f'inet:{ports[1]}@127.0.0.1')
    if has_key:
        _, got = deliver(['alice@example.com', 'both@example.com'])
        assert got == Counter(['alice@hosted.example.com', 'both@example.com',
                               'both@hosted.example.com'])
    else:
        sent = sendmail.send(['alice@example.com', 'both@example.com'])
        assert [reply.code for reply in sent.rcpts] == [250, 451]


def test_restart_with_connections_that_linger(at, postfix, deliver):
    """A port whose old connections the kernel still remembers can be used."""
    port = free_port()
    milter = at(socket=f'inet:{port}')
    postfix.use_milters(f'inet:127.0.0.1:{port}')
    deliver(['alice@example.com'])
    with socket.create_connection(('127.0.0.1', port)):
        milter.stop()
        milter.start()
    _, got = deliver(['alice@example.com'])
    assert got == Counter(['alice@hosted.example.com'])


@pytest.mark.parametrize('option', ['socket', 'map-socket'])
@pytest.mark.parametrize('address', ['0.0.0.0', '::'])
def test_open_to_other_hosts_is_warned_of(at, scratch, postfix, option, address):
    """The daemon warns when it starts, and so does sdrctl check."""
    milter = at(**{option: written(address, free_port())})
    assert f'{option}: {written(address, "")}' in milter.log()
    assert WARNING in milter.log()
    checked = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', milter.conf, 'check',
                              'configuration'], text=True, capture_output=True, check=False)
    assert WARNING in ' '.join(checked.stdout.split())


def test_address_in_use(new_milter, conf, postfix):
    """It does not start, and reports the address."""
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        milter = new_milter(conf(milter={'socket': f'inet:{port}'}))
        milter.launch()
        assert milter.wait() == 71
    assert f'inet:{port}: cannot listen: Address already in use' in milter.log()


def test_mail_server_whose_host_has_vanished(at, postfix):
    """The kernel probes its connections by keepalive."""
    port = free_port()
    at(socket=f'inet:{port}')
    with socket.create_connection(('127.0.0.1', port)) as connection:
        local = connection.getsockname()[1]
        wait_for(lambda: f':{local} ' in keepalive(port), what='a timer of the connection')


def keepalive(port):
    """Connections to this port that have a keepalive timer on our side."""
    listed = subprocess.run(['ss', '-tnoH', f'sport = :{port}'], text=True, capture_output=True,
                            check=True)
    return ''.join(f'{line}\n' for line in listed.stdout.splitlines() if 'timer:(keepalive' in line)


def checked(mta, milter):
    """The output of sdrctl check mta."""
    done = sdrctl.run(milter.conf, 'check', 'mta', *where(mta), '--timeout', '60',
                      env=programs(mta))
    assert done.stderr == ''
    return ' '.join(done.stdout.split())


@pytest.mark.parametrize('ours, theirs', [
    ('inet:{}', '127.0.0.1:{}'), ('inet:[::1]:{}', '[::1]:{}'), ('inet:0.0.0.0:{}', '127.0.0.1:{}'),
    ('inet:{}', 'localhost:{}')])
def test_check_mta_finds_it_in_postfix(at, postfix, ours, theirs):
    """The milter and the tables, by address or by name."""
    ports = free_port(), free_port()
    milter = at(**{'socket': ours.format(ports[0]), 'map-socket': ours.format(ports[1]),
                   'rewrite': 'tables'})
    table = 'socketmap:inet:' + theirs.format(ports[1])
    postfix.set(inet_protocols='all', smtpd_milters='inet:' + theirs.format(ports[0]),
                virtual_alias_maps=f'{table}:route', relay_recipient_maps=f'{table}:recipient')
    said = checked(postfix, milter)
    assert 'all 1 services ask sdr-milter' in said
    assert f'sdr-milter listens at {ours.format(ports[0])}' in said
    assert f'sdr-milter listens at {ours.format(ports[1])}' in said
    assert 'no service asks' not in said and 'is deferred' not in said


@pytest.mark.parametrize('theirs', ['127.0.0.1:{other}', '127.0.0.2:{port}', '[::1]:{port}'])
def test_check_mta_finds_another_address_in_postfix(at, postfix, theirs):
    port = free_port()
    milter = at(**{'map-socket': f'inet:{port}', 'rewrite': 'tables'})
    table = 'socketmap:inet:' + theirs.format(port=port, other=free_port())
    postfix.set(virtual_alias_maps=f'{table}:route')
    said = checked(postfix, milter)
    assert (f'{table}:route, but map-socket in sdr.conf is inet:{port}: all mail is deferred'
            ' -> use the same socket in both files') in said


@pytest.mark.parametrize('wrong', [False, True])
def test_check_mta_in_sendmail(at, sendmail, scratch, wrong):
    """The filter, the maps and the alias file."""
    ports = free_port(), free_port()
    milter = at(**{'socket': f'inet:{ports[0]}', 'map-socket': f'inet:{ports[1]}',
                   'rewrite': 'tables', 'key-file': None})
    use_in_sendmail(sendmail, [f'inet:{ports[0]}@127.0.0.1'], make_forward(scratch), 25,
                    f'inet:{free_port() if wrong else ports[1]}@127.0.0.1')
    said = checked(sendmail, milter)
    assert f'sdr-milter listens at inet:{ports[0]}' in said
    assert f'sdr-milter listens at inet:{ports[1]}' in said
    assert ('set SDR_MAP_SOCKET in sendmail.mc to the same socket' in said) == wrong
