"""test_ad_milter.py - domain controllers that fail, as Postfix sees it

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib

import pytest

from adldif import person
from asker import ALICE, DAVE, NOBODY, all_right, ask
from befall import frozen, killed, restarted
from proc import PATIENCE

pytestmark = pytest.mark.slow

TIMEOUT = 12  # a silent server takes half of it: a busy one must need less than the other half
KNOWN, UNKNOWN, AWAY = 250, 550, 451


@pytest.fixture
def pair(new_ad):
    people = person('alice', sdrOwner='hosted') + person('dave', sdrOwner='onprem')
    return [new_ad(people) for _ in range(2)]


@pytest.fixture
def slapd(pair):
    """The server that conf() configures."""
    return pair[0]


@pytest.fixture
def milter(new_milter, conf, pair, ca):
    return new_milter(conf(directory_corp={
        'uri': [server.ldaps_uri for server in pair], 'tls-ca-file': str(ca.cert),
        'timeout': str(TIMEOUT)})).start()


@pytest.mark.parametrize('befall', [killed, frozen, restarted])
@pytest.mark.usefixtures('milter')
def test_one_fails_then_the_other(pair, postfix, sink, befall):
    with all_right(postfix, sink, TIMEOUT + PATIENCE) as asker:
        asker.wait(3)
        for server in pair:
            with befall(server):
                asker.wait(6)
        asker.wait(3)


@pytest.mark.parametrize('befall', [killed, frozen])
@pytest.mark.usefixtures('milter')
def test_both_fail_then_one_is_back(pair, postfix, befall):
    with postfix.client() as client, contextlib.ExitStack() as stack:
        with befall(pair[0]):
            stack.enter_context(befall(pair[1]))
            answer = ask(client, [ALICE, NOBODY], data=False)
            assert answer.codes == [AWAY, AWAY]
            assert max(answer.seconds) < TIMEOUT + PATIENCE
        client.command('RSET')
        assert ask(client, [ALICE, NOBODY, DAVE], data=False).codes == [KNOWN, UNKNOWN, KNOWN]
