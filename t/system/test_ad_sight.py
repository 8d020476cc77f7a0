"""test_ad_sight.py - an Active Directory that hides something never misdelivers

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import uuid

import pytest

import samba
import sdrctl
import world
from adldif import person
from proc import run
from slapd import SUFFIX
from test_ad_schema import ad_definitions

PEOPLE = person('alice', sdrOwner='hosted') + person('held', sdrOwner='hosted', sdrHold='TRUE')
RECIPIENTS = ['alice@example.com', 'held@example.com']


def guid(attribute):
    """As access rules have it."""
    return uuid.UUID(bytes_le=ad_definitions()[attribute]['schemaIDGUID'][0])


@pytest.fixture
def route(scratch, ca):
    """route(server, ...): the lines of sdrctl."""
    def ask(server, **options):
        conf = sdrctl.write_conf(scratch, world.conf(directory_corp={
            'uri': server.ldaps_uri, 'tls-ca-file': str(ca.cert),
            'password-file': str(world.password_file(scratch)), **options}))
        return sdrctl.run(conf, 'route', *RECIPIENTS).stdout.splitlines()
    return ask


@pytest.mark.parametrize('attribute', ['sdrOwner', 'sdrHold'])
def test_hidden_attribute(new_ad, route, attribute):
    """Active Directory's compare answers FALSE, as for an attribute that is not there."""
    server = new_ad(PEOPLE)
    script = ("sid=$(samba-tool user show router --attributes=objectSid | "
              "sed -n 's/^objectSid: //p')\n"
              f'samba-tool dsacl set --objectdn=OU=people,{SUFFIX} '
              f'--sddl="(OD;CI;RP;{guid(attribute)};;$sid)"')
    run(samba.laid_over_usr(['sh', '-e', '-c', script]),
        env={**os.environ, 'SMB_CONF_PATH': str(server.folder / 'smb.conf')})
    assert all('defer 451 4.4.3' in line for line in route(server))


@pytest.mark.parametrize('option', ['owner-attribute', 'hold-attribute'])
def test_misspelt_attribute(ad, route, option):
    ad.add(PEOPLE)
    assert all('defer 451 4.4.3' in line for line in route(ad, **{option: 'sdrOwnr'}))
