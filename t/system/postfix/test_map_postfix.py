"""What sdrctl check mta assumes about Postfix and the lookup tables

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

from mapped import SOCKET, use_map
from proc import wait_for
from sink import Sink
from slapd import SUFFIX

TABLE = f'socketmap:unix:{SOCKET}'
PEOPLE = ['alice@example.com', 'dave@example.com', 'both@example.com', 'plain@example.com',
          'alice@onprem.example.com']
HERE = 'inline:{{dave@example.com=x}, {both@example.com=x}}'


@pytest.fixture
def mapped(postfix, new_milter, conf, scratch):
    """mapped(**sections): a Postfix that asks the tables alone."""
    def make(**sections):
        options = use_map(postfix, scratch, milter=False)
        sections['milter'] = {**options, **sections.get('milter', {})}
        new_milter(conf(**sections)).start()
        return postfix
    return make


@pytest.fixture
def next_hop(stop_later):
    server = Sink()
    stop_later(server.stop)
    return server.start()


def test_recipients_who_are_routed_need_no_other_table(mapped):
    """smtpd accepts recipients in the table "route"; recipients who stay here must be in the other table."""
    postfix = mapped()
    postfix.set(relay_recipient_maps=HERE)
    assert [reply.code for reply in postfix.send(PEOPLE).rcpts] == [250, 250, 250, 550, 250]


def test_recipients_of_other_domains(mapped):
    """The table "recipient" has none of them."""
    postfix = mapped()
    postfix.set(relay_domains='example.com onprem.example.com example.net')
    sent = postfix.send(['dave@example.com', 'dave@example.net'])
    assert [reply.code for reply in sent.rcpts] == [250, 550]


@pytest.mark.parametrize('first, used', [
    ('inline:{{example.com=error:5.1.1 by domain}}', True),
    ('inline:{{*=error:5.1.1 all}}', True),
    ('static:smtp:[127.0.0.1]:1', False),
])
def test_transport_table_before_ours(mapped, next_hop, slapd, first, used):
    """Postfix asks all tables for the address before it asks any for the domain."""
    slapd.modify(f'''dn: uid=bob,ou=people,{SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: legacy
''')
    postfix = mapped(**{
        'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                        'next-hop': f'127.0.0.1:{next_hop.port}'},
        'milter': {'milter-route': 'pass'}})
    postfix.set(transport_maps=f'{first} {TABLE}:transport')
    message_id = postfix.send('bob@example.com').message_id
    wait_for(lambda: next_hop.recipients(message_id) or postfix.deferred(), 10, 'a delivery')
    assert bool(next_hop.recipients(message_id)) == used


def test_no_next_hop_no_need_of_a_directory(mapped, slapd):
    """Postfix looks up the transport of every recipient, one after the other: all would wait."""
    postfix = mapped()
    postfix.set(virtual_alias_maps='', relay_recipient_maps='')
    slapd.freeze()
    assert [reply.code for reply in postfix.send(PEOPLE).rcpts] == [250] * len(PEOPLE)


def test_virtual_delivery(mapped):
    """virtual(8) delivers by virtual_mailbox_maps, and does not accept socketmap in it."""
    postfix = mapped()
    postfix.set(relay_domains='', relay_recipient_maps='', transport_maps='',
                virtual_mailbox_domains='example.com onprem.example.com',
                virtual_mailbox_maps=f'{TABLE}:recipient', virtual_mailbox_base='/nonexistent',
                virtual_uid_maps='static:1000', virtual_gid_maps='static:1000')
    postfix.send('dave@example.com')
    wait_for(postfix.deferred, 10, 'a message that waits')
    assert 'map is not allowed for security-sensitive data' in postfix.log()
