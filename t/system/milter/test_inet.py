"""sdr-milter at TCP addresses, as a mail server in another container needs it

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import socket
import subprocess
from collections import Counter

import pytest

import paths
from mapped import make_forward, use_in_sendmail
from proc import free_port, wait_for

ADDRESSES = ['127.0.0.1', '::1', None]  # None: only the port is given
WARNING = 'is not a loopback address: whoever can connect to it can look up who is in the directory'


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
    """The milter's socket."""
    port = free_port()
    milter = at(socket=written(address, port))
    postfix.set(inet_protocols='all', smtpd_milters=known_to_postfix(address, port))
    _, got = deliver(['alice@example.com', 'dave@example.com'])
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])
    assert WARNING not in milter.log()


@pytest.mark.parametrize('address', ADDRESSES, ids=str)
def test_tables(at, postfix, deliver, address):
    """The socket of the tables."""
    port = free_port()
    at(**{'map-socket': written(address, port), 'rewrite': 'tables'})
    table = f'socketmap:{known_to_postfix(address, port)}'
    postfix.set(inet_protocols='all', virtual_alias_maps=f'{table}:route', relay_recipient_maps=f'{table}:recipient')
    sent, got = deliver(['alice@example.com', 'dave@example.com', 'nobody@example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 250, 550]
    assert got == Counter(['alice@hosted.example.com', 'dave@example.com'])


@pytest.mark.parametrize('has_key', [True, False])
def test_sendmail(at, sendmail, deliver, scratch, has_key):
    """Both sockets; a copy needs a key that lasts."""
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
    """A port whose last connections the kernel still remembers is no obstacle."""
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
    """By the daemon when it starts, and by sdrctl check."""
    milter = at(**{option: written(address, free_port())})
    assert f'{option}: {written(address, "")}' in milter.log()
    assert WARNING in milter.log()
    checked = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', milter.conf, 'check',
                              'configuration'], text=True, capture_output=True, check=False)
    assert WARNING in ' '.join(checked.stdout.split())


def test_address_in_use(new_milter, conf, postfix):
    """It does not start, and says which address."""
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        milter = new_milter(conf(milter={'socket': f'inet:{port}'}))
        milter.launch()
        assert milter.wait() == 71
    assert f'inet:{port}: cannot listen: Address already in use' in milter.log()


def test_mail_server_whose_host_has_vanished(at, postfix):
    """Its connections are asked whether they are alive."""
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
