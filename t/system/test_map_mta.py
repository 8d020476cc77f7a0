"""What no milter sees, by the lookup tables: with the milter beside them, and without

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import paths
import world
from mta import INSIDER

MAP = 'sdr/map.sock'  # below the MTA's queue folder
TEAM = ['alice@example.com', 'dave@example.com', 'both@example.com', 'bob@example.com']
REACHED = Counter(['alice@hosted.example.com', 'dave@example.com', 'both@example.com',
                   'both@hosted.example.com', 'bob@hosted.example.com'])
M4 = paths.ROOT / 'doc/sendmail-sdr.m4'


def use_in_postfix(postfix, milters):
    table = f'socketmap:unix:{MAP}'
    postfix.set(
        smtpd_milters=milters, non_smtpd_milters=milters,
        virtual_alias_maps=f'{table}:route', relay_recipient_maps=f'{table}:recipient',
        transport_maps=f'{table}:transport',
        mydestination='onprem.test', local_recipient_maps='',
        alias_maps=f'inline:{{ {{team={",".join(TEAM)}}} }}')


def use_in_sendmail(sendmail, milters):
    more = f"""\
define(`SDR_MAP_SOCKET', `{sendmail.queue_folder / MAP}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {sendmail._sink_port}')dnl
include(`{M4}')dnl
"""
    sendmail.set(milters=[milters] if milters else [], mc=more, aliases=f'team: {",".join(TEAM)}\n')


@pytest.fixture(params=['map and milter', 'map alone'])
def mapped(request, mta, new_milter, conf):
    """The MTA of the test asks the lookup tables for everything."""
    new_milter(conf(milter={'map-socket': f'unix:{mta.queue_folder / MAP}'})).start()
    milters = f'unix:{world.SOCKET}' if request.param == 'map and milter' else ''
    use = use_in_postfix if request.getfixturevalue('mta').manners.invents_orcpt else use_in_sendmail
    use(mta, milters)
    return mta


def test_clients(mapped, deliver):
    sent, got = deliver(TEAM)
    assert got == REACHED, mapped.log()


def test_each_client_alone(mapped, deliver):
    for one in TEAM:
        deliver(one)
    _, got = deliver('both@onprem.example.com')
    assert got == Counter(['both@example.com'])
    _, got = deliver('both@example.com')
    assert got == Counter(['both@example.com', 'both@hosted.example.com'])


def test_alias(mapped, deliver):
    _, got = deliver('team@onprem.test', source=INSIDER)
    assert got == REACHED, mapped.log()
