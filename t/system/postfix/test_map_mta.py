"""Mail that no milter sees, routed by the lookup tables, with and without the milter

SPDX-License-Identifier: BSD-2-Clause
"""
import time
from collections import Counter

import pytest

import world
from mapped import GONE, REACHED, TEAM, use_map
from mta import INSIDER
from proc import wait_for
from sink import Sink
from slapd import SUFFIX

EVERYBODY = [*TEAM, 'plain@example.com']


@pytest.fixture(params=['map and milter', 'map alone'])
def new_mapped(request, mta, new_milter, conf, scratch):
    """new_mapped(hop_port, **sections): the MTA of the test, which asks the lookup tables."""
    def make(hop_port=25, **sections):
        options = use_map(mta, scratch, milter=request.param != 'map alone', hop_port=hop_port)
        sections['milter'] = {**options, **sections.get('milter', {})}
        new_milter(conf(**sections)).start()
        return mta
    return make


@pytest.fixture
def mapped(new_mapped):
    return new_mapped()


@pytest.fixture
def bounced(sink):
    """bounced(): who got a message without a sender."""
    return lambda: Counter(r for t in sink.transactions if not t.mail for r in t.recipients)


def test_clients(mapped, deliver):
    _, got = deliver(TEAM)
    assert got == REACHED


def test_one_after_the_other(mapped, deliver):
    """What the table remembers of one query has no effect on the next."""
    wanted = {
        'alice@example.com': ['alice@hosted.example.com'],
        'both@onprem.example.com': ['both@example.com'],
        'both@example.com': ['both@example.com', 'both@hosted.example.com'],
        'dave@onprem.example.com': ['dave@example.com'],
        'alice@onprem.example.com': ['alice@hosted.example.com'],
        'dave+x@example.com': ['dave+x@example.com'],
        'both+x@example.com': ['both+x@example.com', 'both+x@hosted.example.com'],
    }
    for _ in range(2):
        for recipient, reached in wanted.items():
            assert deliver(recipient)[1] == Counter(reached)


def test_both_ways_in_one_message(mapped, deliver):
    """One recipient has moved here, one has both mailboxes: neither loses a copy."""
    _, got = deliver(['both@onprem.example.com', 'both@example.com'])
    assert set(got) == {'both@example.com', 'both@hosted.example.com'}
    assert got['both@hosted.example.com'] == 1


def test_quoted(mapped, deliver, slapd):
    slapd.add(world.person('space', mail='al ice@example.com', sdrOwner=['hosted', 'onprem']))
    _, got = deliver('"al ice"@example.com')
    assert got == Counter(['"al ice"@example.com', '"al ice"@hosted.example.com'])


def test_alias(mapped, deliver):
    _, got = deliver('team@onprem.test', source=INSIDER)
    assert got == REACHED


def test_alias_by_name_alone(mapped, deliver, slapd):
    """team: alice, bob. For Sendmail, members who stay are users of the machine."""
    slapd.add(world.person('smmta', sdrOwner='onprem'))
    _, got = deliver('short@onprem.test', source=INSIDER)
    assert Counter(map(with_domain, got.elements())) == Counter([
        'alice@hosted.example.com', 'smmta@example.com', 'both@example.com',
        'both@hosted.example.com', 'bob@hosted.example.com'])


def with_domain(recipient):
    return recipient if '@' in recipient else f'{recipient}@example.com'


def test_forward_file(mapped, deliver):
    _, got = deliver('sdr@onprem.test', source=INSIDER)
    assert got == Counter(['alice@hosted.example.com', 'both@example.com',
                           'both@hosted.example.com'])


def test_local_submission(mapped, sink):
    message_id = mapped.submit(EVERYBODY)
    mapped.wait_empty()
    assert sink.recipients(message_id) == REACHED + Counter(['plain@example.com'])


@pytest.mark.parametrize('sender, reached', [
    ('alice@example.com', 'alice@hosted.example.com'),
    ('dave@example.com', 'dave@example.com'),
])
def test_bounce(mapped, deliver, sink, bounced, sender, reached):
    """To a sender who has moved, for a message that the gateway could not deliver."""
    sink.refuse[GONE] = '550 5.1.1 Gone'
    deliver(GONE, sender=sender, source=INSIDER)
    wait_for(bounced, 10, 'a bounce')
    assert bounced() == Counter([reached])


def test_unknown(mapped):
    """Rejected at RCPT, by the milter or by the MTA."""
    sent = mapped.send(['nobody@example.com', 'nobody@onprem.example.com'])
    assert [reply.code for reply in sent.rcpts] == [550, 550]


def test_on_hold(mapped, deliver):
    sent, got = deliver(['held@example.com', 'alice@example.com'])
    assert [reply.code for reply in sent.rcpts] == [451, 250]
    assert got == Counter(['alice@hosted.example.com'])


def test_alias_of_one_on_hold(mapped, deliver, sink, slapd):
    """The message waits and is then delivered; no member gets it twice."""
    hold(slapd, 'bob', 'TRUE')
    message_id = mapped.send('team@onprem.test', source=INSIDER).message_id
    wait_for(mapped.deferred, 10, 'a message that waits')
    assert not sink.recipients(message_id)['bob@hosted.example.com']
    hold(slapd, 'bob', 'FALSE')
    mapped.flush()
    mapped.wait_empty()
    assert sink.recipients(message_id) == REACHED


def hold(slapd, uid, value):
    slapd.modify(f'''dn: uid={uid},ou=people,{SUFFIX}
changetype: modify
replace: sdrHold
sdrHold: {value}
''')


def mark(age=0):
    return 'X-SDR-Routed', f'onprem; {int(time.time()) - age}'


def test_a_mark_for_each_turn(mapped, deliver, sink, request):
    """Whichever side rewrites, a message that leaves is marked if a milter sees it."""
    sent, _ = deliver(['alice@example.com', 'dave@example.com'])
    marks = [t.message.get_all('X-SDR-Routed', []) for t in sink.transactions
             if t.message_id == sent.message_id]
    assert {len(lines) for lines in marks} == {0 if 'map alone' in request.node.name else 1}


@pytest.mark.parametrize('recipients', [['alice@example.com'], ['both@example.com']])
def test_loop(mapped, sink, request, recipients):
    """The tables alone do not see messages."""
    sent = mapped.send(recipients, headers=[mark()] * 5)
    if 'map alone' in request.node.name:
        assert sent.data.code == 250
    else:
        assert (sent.data.code, sent.data.text.split()[0]) == (451, '4.4.6')
        assert not sink.recipients(sent.message_id)


@pytest.fixture
def next_hop(stop_later):
    """Another sink: the next hop of the site legacy."""
    server = Sink()
    stop_later(server.stop)
    return server.start()


def test_next_hop(new_mapped, deliver, next_hop, slapd):
    """The recipient stays and goes to another server; so does a member of an alias."""
    slapd.modify(f'''dn: uid=bob,ou=people,{SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: legacy
''')
    new_mapped(next_hop.port, **{
        'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                        'next-hop': f'127.0.0.1:{next_hop.port}'},
        'milter': {'milter-route': 'pass'}})
    for recipients in ['bob@example.com', 'dave@example.com'], 'team@onprem.test':
        sent, got = deliver(recipients, source=INSIDER)
        assert next_hop.recipients(sent.message_id) == Counter(['bob@example.com'])
        assert 'bob@example.com' not in got and got['dave@example.com'] == 1


def test_address_probe(new_mapped, postfix, deliver, sink):
    """reject_unverified_recipient probes the owner's site."""
    sink.refuse['alice+gone@hosted.example.com'] = '550 5.1.1 Gone'
    mapped = new_mapped()
    mapped.set(smtpd_recipient_restrictions='reject_unverified_recipient',
               unverified_recipient_reject_code='550', address_verify_poll_count='60',
               address_verify_poll_delay='1s', address_verify_map='')
    sent, got = deliver(['alice@example.com', 'alice+gone@example.com'])
    assert [reply.code for reply in sent.rcpts] == [250, 550]
    assert got == Counter(['alice@hosted.example.com'])
