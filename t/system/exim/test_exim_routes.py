"""test_exim_routes.py - sites with a next hop, and Exim's own redirects, in all combinations: no message is
lost or duplicated

SPDX-License-Identifier: BSD-2-Clause
"""
from collections import Counter

import pytest

import world
from mta import INSIDER, OUTSIDER
from proc import wait_for
from sink import Sink
from world import person

# In addition to alice, dave and both: legacy is a site with a next hop.
PEOPLE = world.PEOPLE + ''.join([
    person('leg', sdrOwner='legacy'),
    person('leghosted', sdrOwner=['legacy', 'hosted']),
    person('legonprem', sdrOwner=['legacy', 'onprem']),
    *(person(name, sdrOwner='onprem') for name in ('team', 'list', 'fred', 'self')),
    person('twin', sdrOwner=['onprem', 'hosted']),
])
ALIASES = {
    'team': 'alice@example.com, dave@example.com, both@example.com, leg@example.com,'
            ' leghosted@example.com',
    'list': 'team@example.com, alice@example.com',
    'fred': 'alice@example.com',
    'self': 'self@example.com, alice@example.com',
    'twin': 'dave@example.com, alice@hosted.example.com',
}
# Aliases with sub-addresses; an alias may name itself, as in a .forward file.
ROUTERS = """\
aliases:
  driver = redirect
  domains = example.com
  check_ancestor
  local_part_suffix = +*
  local_part_suffix_optional
  data = ${{lookup{{$local_part}}lsearch{{{file}}}}}
"""


@pytest.fixture
def slapd(new_slapd):
    return new_slapd(PEOPLE)


@pytest.fixture
def legacy(stop_later):
    """The sink of the site legacy."""
    server = Sink()
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def exim(scratch, new_exim, exim_conf, legacy):
    aliases = scratch / 'aliases'
    aliases.write_text(''.join(f'{name}: {data}\n' for name, data in ALIASES.items()))
    conf = exim_conf(site_legacy={'routing-domain': 'legacy.%d', 'delivery': 'route',
                                  'next-hop': f'127.0.0.1:{legacy.port}'})
    return new_exim(conf, routers=ROUTERS.format(file=aliases)).start()


def addresses(*names):
    return Counter(n if '@' in n else f'{n}@example.com' for n in names)


ALICE, BOTH = 'alice@hosted.example.com', 'both@hosted.example.com'
LEGHOSTED = 'leghosted@hosted.example.com'
TEAM = [ALICE, 'dave', 'both', BOTH, LEGHOSTED]


@pytest.mark.parametrize('given, here, there', [
    # next hop
    (['leg'], [], ['leg']),
    (['leg+x'], [], ['leg+x']),
    (['leghosted'], [LEGHOSTED], ['leghosted']),
    (['leg', 'alice', 'dave'], [ALICE, 'dave'], ['leg']),
    # sent to us
    (['leg@onprem.example.com'], [], ['leg']),
    (['leghosted@onprem.example.com'], [LEGHOSTED], ['leghosted']),
    (['dave@onprem.example.com', 'dave'], ['dave'], []),
    (['leg@onprem.example.com', 'leg'], [], ['leg']),
    (['twin@onprem.example.com'], ['dave', ALICE], []),
    # aliases
    (['fred'], [ALICE], []),
    (['fred+x'], [ALICE], []),
    (['fred@onprem.example.com'], [ALICE], []),
    (['fred', 'alice'], [ALICE], []),
    (['team'], TEAM, ['leg', 'leghosted']),
    (['list'], TEAM, ['leg', 'leghosted']),
    (['list', 'team', 'dave', 'both', 'alice', 'leg'], TEAM, ['leg', 'leghosted']),
    (['self'], ['self', ALICE], []),
    # a copy whose own part is an alias
    (['twin'], ['twin@hosted.example.com', 'dave', ALICE], []),
    (['twin', 'dave', 'alice'], ['twin@hosted.example.com', 'dave', ALICE], []),
])
def test_combination(deliver, exim, legacy, given, here, there):
    sent, got = deliver(list(addresses(*given)), source=INSIDER)
    assert [str(r.code) for r in sent.rcpts] == ['250'] * len(given)
    assert got == addresses(*here)
    assert legacy.recipients(sent.message_id) == addresses(*there)


@pytest.mark.parametrize('waits', ['both@example.com', BOTH])
def test_one_half_of_a_copy_waits(exim, sink, waits):
    sink.refuse[waits] = '451 4.3.0 Later'
    sent = exim.send('both@example.com')
    wait_for(exim.deferred)
    sink.refuse.clear()
    exim.flush()
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == addresses('both', BOTH)


def test_contradiction_is_deferred(exim):
    reply = exim.send('legonprem@example.com').rcpts[0]
    assert str(reply).startswith('451 4.3.5 ')


def test_each_copy_has_one_mark(deliver, exim, sink, legacy):
    for given in ['leg', 'leghosted', 'leg@onprem.example.com', 'leghosted@onprem.example.com']:
        sent, _ = deliver(list(addresses(given)))
        for transaction in sink.of(sent.message_id) + legacy.of(sent.message_id):
            assert len(transaction.message.get_all('X-SDR-Routed')) == 1


def test_next_hop_keeps_dsn_parameters(deliver, exim, legacy):
    sent, _ = deliver('leg@example.com', rcpt_args='NOTIFY=FAILURE ORCPT=rfc822;x@outside.test')
    [transaction] = legacy.of(sent.message_id)
    assert transaction.args('leg@example.com') == 'NOTIFY=FAILURE ORCPT=rfc822;x@outside.test'


def test_address_test(exim, legacy):
    shown = exim.address_test('leg@example.com')
    assert shown == ('leg@example.com\n  router = sdr_next_hop, transport = smtp\n'
                     f'  host 127.0.0.1 [127.0.0.1] port={legacy.port}\n')


# --- recipients that no client has written ---

COPY_OF_ALL = """\
archive:
  driver = redirect
  unseen
  domains = +ours
  data = alice@example.com
"""
FILTER = """\
# Exim filter
if first_delivery then
  unseen deliver alice@example.com
  unseen deliver both@example.com
endif
"""
LISTS = """\
lists:
  driver = redirect
  domains = +ours
  data = ${if eq{$local_part}{everybody}{alice@example.com, dave@example.com}}
"""


@pytest.mark.parametrize('place', ['first_routers', 'routers'])
def test_copy_of_all_mail_goes_where_its_mailbox_is(new_exim, exim_conf, sink, place):
    """The router is behind ours, where it gets the mail that stays here."""
    exim = new_exim(exim_conf(), **{place: COPY_OF_ALL}).start()
    for given, others in [(['dave'], ['dave']), (['alice'], []), (['dave', 'alice'], ['dave']),
                          (['both', 'dave'], ['both', BOTH, 'dave'])]:
        sent = exim.send(list(addresses(*given)))
        exim.wait_empty()
        assert sink.recipients(sent.message_id) == addresses(ALICE, *others)


def test_copy_of_mail_for_another_site(new_exim, exim_conf, sink):
    exim = new_exim(exim_conf(), first_routers=COPY_OF_ALL.replace('alice', 'dave')).start()
    sent = exim.send('bob@example.com')
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == addresses('bob@hosted.example.com', 'dave')


def test_system_filter_adds_recipients(new_exim, exim_conf, sink, scratch):
    path = scratch / 'filter'
    path.write_text(FILTER)
    exim = new_exim(exim_conf(), main=f'system_filter = {path}').start()
    sent = exim.send('dave@example.com')
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == addresses('dave', ALICE, 'both', BOTH)


@pytest.mark.parametrize('at_the_door', [False, True])
@pytest.mark.parametrize('source', [OUTSIDER, INSIDER])
def test_list_that_the_directory_does_not_know(new_exim, exim_conf, sink, at_the_door, source):
    """A redirect router is before ours."""
    exim = new_exim(exim_conf(), first_routers=LISTS, at_the_door=at_the_door).start()
    sent = exim.send(['everybody@example.com', 'nobody+x@example.com'], source=source)
    assert sent.rcpts[0].code == 250
    assert sent.rcpts[1].code == (550 if at_the_door or source == OUTSIDER else 250)
    exim.wait_empty()
    assert sink.recipients(sent.message_id) == addresses('dave', ALICE)


def test_list_while_the_directory_is_away(new_exim, exim_conf, slapd):
    """The list itself is known; its members are deferred."""
    exim = new_exim(exim_conf(), first_routers=LISTS, at_the_door=True).start('-odq')
    slapd.stop()
    sent = exim.send(['everybody@example.com', 'dave@example.com'], source=INSIDER)
    assert [r.code for r in sent.rcpts] == [250, 451]
