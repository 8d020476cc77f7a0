"""What the lookup tables of sdr-milter answer, whoever asks

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import world
from socketmap import Socketmap


@pytest.fixture
def new_map(new_bare_milter, scratch):
    """new_map(**sections): a connection to the tables of a milter of its own."""
    def make(**sections):
        path = scratch / 'run/map.sock'
        sections['milter'] = {'map-socket': f'unix:{path}', **sections.get('milter', {})}
        new_bare_milter(**sections)
        return Socketmap(path)
    return make


@pytest.fixture
def tables(new_map):
    return new_map()


ROUTES = {
    'alice@example.com': 'OK alice@hosted.example.com',
    'Alice+x@Example.com': 'OK Alice+x@hosted.example.com',
    '"alice"@example.com': 'OK "alice"@hosted.example.com',
    'dave@example.com': 'NOTFOUND',
    'plain@example.com': 'NOTFOUND',
    'both@example.com': 'OK both@example.com, both@hosted.example.com',
    'held@example.com': 'TEMP 4.2.1 Mailbox is being moved, try again later',
    'nobody@example.com': 'NOTFOUND',
    'alice@hosted.example.com': 'NOTFOUND',
    'alice@onprem.example.com': 'OK alice@hosted.example.com',
    'dave@onprem.example.com': 'OK dave@example.com',
    'nobody@onprem.example.com': 'NOTFOUND',
    'postmaster@example.com': 'NOTFOUND',
    'alice@elsewhere.test': 'NOTFOUND',
    '@example.com': 'NOTFOUND',
    'example.com': 'NOTFOUND',
    'alice': 'NOTFOUND',
    '': 'NOTFOUND',
    '*': 'NOTFOUND',
}


@pytest.mark.parametrize('key, answer', ROUTES.items())
def test_route(tables, key, answer):
    assert tables.ask('route', key) == answer
