"""test_sync_hostile.py - servers that violate RFC 4533

Whatever the server sends, sdr-sync keeps running, loses no entry, reports the error, and waits before it
tries again.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import time

import pytest

import sdrctl
import world
from proc import wait_for
from syncserver import COOKIE, DELETE, DONE, MODIFY, PRESENT, STATE, SyncServer, ident_of
from ldapwire import entry, tlv

pytestmark = pytest.mark.input

NAMES = [f'u{n}' for n in range(40)]
RECIPIENTS = [f'{name}@example.com' for name in NAMES]
AS_THEY_ARE = [f'redirect {name}@hosted.example.com' for name in NAMES]
HELD = 'too much would be lost'


def good(session):
    """A script that sends everybody correctly."""
    session.send(*map(session.entry, NAMES), session.refresh_delete())


@pytest.fixture
def server(new_slapd, stop_later):
    """A good server until become() is called."""
    upstream = new_slapd(world.PEOPLE)
    server = SyncServer(upstream.folder / 'ldapi', good)
    stop_later(server.stop)
    return server.start()


@pytest.fixture
def new_reader(new_sync):
    """new_reader(*uris): a Sync that is not started."""
    def make(*uris):
        return new_sync(None, directory_corp={'uri': list(uris), 'sync': 'syncrepl', 'timeout': '5'},
                        replica={'unknown-max-age': '5'})
    return make


@pytest.fixture
def sync(new_reader, server):
    """Running; it has read everybody."""
    sync = new_reader(server.uri).start('-v')
    wait_for(lambda: sync.lines('up to date'))
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
    return sync


def sends(make):
    """A script that sends make(session), and then only answers requests."""
    def script(session):
        messages = make(session)
        session.send(*(messages if isinstance(messages, list) else [messages]))
    return script


def raw_entry(session, *controls):
    return session.message(entry('uid=u0,ou=people,dc=example,dc=com',
                                 mail=['u0@example.com'], sdrOwner=['hosted']), *controls)


def with_state(value):
    return sends(lambda s: raw_entry(s, (STATE, value)))


def with_info(value):
    return sends(lambda s: s.info(value))


def closes_in_the_middle(session):
    session.send(session.entry('u0')[:40])
    session.end()


def closes_after_the_refresh(session):
    session.send(session.refresh_delete())
    session.end()


def drips(session):
    session.send_slowly(session.entry('u0', MODIFY) * 20)


def falls_silent(session):
    session.deaf = True


def falls_silent_after_the_refresh(session):
    session.deaf = True
    session.send(session.refresh_delete())


def answers_no_pings(session):
    session.deaf_to_pings = True
    session.send(session.refresh_delete())


NO_STATE = 'an entry without its sync state'
NO_INFO = 'sync info that cannot be read'
UUID = ident_of('u0')
STATE_OF_U0 = tlv(0x30, tlv(0x0a, b'\1'), tlv(0x04, UUID))

# What the server does at a sync request, and the error.
ERRORS = {
    'entry-without-state': (sends(raw_entry), NO_STATE),
    'state-empty': (with_state(b''), NO_STATE),
    'state-garbage': (with_state(b'\x30\x84\xff\xff\xff\xff'), NO_STATE),
    'state-of-zeros': (with_state(bytes(40)), NO_STATE),
    'state-cut': (with_state(STATE_OF_U0[:-1]), NO_STATE),
    'state-7': (with_state(tlv(0x30, tlv(0x0a, b'\7'), tlv(0x04, UUID))), NO_STATE),
    'state-negative': (with_state(tlv(0x30, tlv(0x0a, b'\xff'), tlv(0x04, UUID))), NO_STATE),
    'state-huge': (with_state(tlv(0x30, tlv(0x0a, b'\1' * 9), tlv(0x04, UUID))), NO_STATE),
    'uuid-empty': (sends(lambda s: s.entry('u0', ident=b'')), NO_STATE),
    'uuid-short': (sends(lambda s: s.entry('u0', ident=UUID[:15])), NO_STATE),
    'uuid-long': (sends(lambda s: s.entry('u0', ident=UUID + b'x')), NO_STATE),
    'uuid-as-text': (sends(lambda s: s.entry('u0', ident=UUID.hex().encode())), NO_STATE),
    'cookie-of-100-kB-with-an-entry': (
        sends(lambda s: s.entry('u0', cookie=b'x' * 100000)), NO_STATE),
    'cookie-of-100-kB': (sends(lambda s: s.refresh_delete(cookie=b'x' * 100000)), NO_INFO),
    'new-cookie-of-100-kB': (with_info(tlv(0x80, b'x' * 100000)), NO_INFO),
    'info-empty': (with_info(b''), NO_INFO),
    'info-garbage': (with_info(b'garbage'), NO_INFO),
    'info-unknown': (with_info(tlv(0xa4)), NO_INFO),
    'info-truncated': (with_info(b'\xa1\x20\x04'), NO_INFO),
    'info-not-a-boolean': (with_info(tlv(0xa3, tlv(0x02, b'\1'), tlv(0x31))), NO_INFO),
    'info-short-ids': (with_info(tlv(0xa3, tlv(0x31, tlv(0x04, UUID), tlv(0x04, b'x')))), NO_INFO),
    'info-without-ids': (with_info(tlv(0xa3)), NO_INFO),
    'ids-without-an-end': (with_info(tlv(0xa3, b'\x31\x84\x7f\xff\xff\xff\x04\x10')), NO_INFO),
    'info-without-value': (sends(lambda s: s.message(tlv(0x79, tlv(
        0x80, b'1.3.6.1.4.1.4203.1.9.1.4')))), NO_INFO),
    'reference': (sends(lambda s: s.reference()), 'refers to other servers'),
    'ended': (sends(lambda s: s.result(0)), 'the server ended the search'),
    'ended-as-if-once': (sends(lambda s: s.result(0, (DONE, tlv(0x30, tlv(0x01, b'\0'))))),
                         'the server ended the search'),
    'operations-error': (sends(lambda s: s.result(1)), 'Operations error'),
    'size-limit': (sends(lambda s: s.result(4)), 'limit'),
    'time-limit': (sends(lambda s: [*map(s.entry, NAMES[:3]), s.result(3)]), 'limit'),
    'admin-limit': (sends(lambda s: s.result(11)), 'limit'),
    'no-such-object': (sends(lambda s: s.result(32)), 'No such object'),
    'no-access': (sends(lambda s: s.result(50)), 'Insufficient access'),
    'busy': (sends(lambda s: s.result(51)), 'busy'),
    'cookie-refused-for-ever': (sends(lambda s: s.result(53)), 'unwilling'),
    'refresh-required-for-ever': (sends(lambda s: s.result(4096)), 'synchronization'),
    'unknown-code': (sends(lambda s: s.result(9999)), 'synchronization'),
    'no-result': (sends(lambda s: s.message(tlv(0x65))), ''),
    'garbage': (sends(lambda s: b'HTTP/1.1 400 Bad Request\r\n\r\n' + bytes(range(256))), ''),
    'endless-message': (sends(lambda s: b'\x30\x84\x7f\xff\xff\xff\x02\x01'), ''),
    'closed': (lambda s: s.end(), 'the connection was lost'),
    'closed-in-the-middle': (closes_in_the_middle, 'the connection was lost'),
    'dripping': (drips, 'the server does not answer'),
    'silent': (falls_silent, 'the server does not answer'),
    'silent-after-the-refresh': (falls_silent_after_the_refresh, 'Timed out'),
    'no-pong': (answers_no_pings, 'the server does not answer'),
    'entry-cut': (sends(lambda s: s.message(b'\x64\x05\x04\x10uid', (STATE, STATE_OF_U0))),
                  NO_STATE),
    'attributes-cut': (sends(lambda s: s.message(tlv(0x64, tlv(0x04, b'uid=u0'), tlv(
        0x30, b'\x30\x20\x04\x04mail')), (STATE, STATE_OF_U0))), 'cannot be read'),
    'attributes-missing': (sends(lambda s: s.message(tlv(0x64, tlv(0x04, b'uid=u0')), (
        STATE, STATE_OF_U0))), NO_STATE),
}


def meet(sync, server, script):
    """Make the server behave like this at once: sdr-sync itself would wait before it reconnects."""
    server.become(script)
    sync.reload()
    wait_for(lambda: server.searches)


@pytest.mark.parametrize('name', ERRORS)
def test_error(server, sync, name):
    script, reported = ERRORS[name]
    server.shows = NAMES
    meet(sync, server, script)
    sync.wait_reported(f'{server.uri}: ', reported)
    assert sync.alive()
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
    meet(sync, server, good)
    sync.wait_well()
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
    assert sync.lines(HELD) == []


@pytest.mark.parametrize('name', ['entry-without-state', 'refresh-required-for-ever', 'reference',
                                  'ended', 'closed'])
def test_it_does_not_hurry(server, sync, name):
    """It waits between attempts, and notices by itself that the server works again."""
    begin = time.monotonic()
    server.become(ERRORS[name][0])
    sync.wait_reported(f'{server.uri}: ', ERRORS[name][1])
    end = time.monotonic() + 6
    wait_for(lambda: time.monotonic() > end)
    assert len(server.searches) <= 4 + (time.monotonic() - begin)
    server.become(good)
    sync.wait_well(seconds=40)
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE


# Unusual, but allowed or harmless.
STRANGE = {
    'refresh-ends-twice': lambda s: [s.refresh_delete(), s.refresh_delete(), s.refresh_present()],
    'cookie-empty': lambda s: [*map(s.entry, NAMES), s.refresh_delete(cookie=b'')],
    'no-cookie': lambda s: s.refresh_delete(cookie=None),
    'cookie-that-says-nothing': lambda s: s.refresh_delete(cookie=b'rid=000'),
    'cookie-with-half-a-time': lambda s: s.refresh_delete(cookie=b'rid=000,csn=20260101'),
    'unknown-people-deleted': lambda s: [s.ids(['x1', 'x2'], deleted=True), s.refresh_delete(),
                                         s.entry('x3', DELETE)],
    'nobody-deleted': lambda s: [s.ids([], deleted=True), s.refresh_delete()],
    'named-twice': lambda s: [s.ids(NAMES), s.ids(NAMES), s.refresh_present()],
    'entries-that-are-present': lambda s: [*(s.entry(n, PRESENT) for n in NAMES),
                                           s.refresh_present()],
    'both-phases': lambda s: [s.ids(NAMES), s.refresh_present(done=False),
                              s.ids(['x'], deleted=True), s.refresh_delete()],
    'deleted-and-added': lambda s: [s.ids(NAMES, deleted=True), *map(s.entry, NAMES),
                                    s.refresh_delete()],
    'other-information': lambda s: [s.message(tlv(0x79, tlv(0x80, b'1.2.3'), tlv(0x81, b'x'))),
                                    s.refresh_delete()],
    'information-without-a-name': lambda s: [s.message(tlv(0x79)), s.refresh_delete()],
    'other-controls': lambda s: [raw_entry(s, (b'1.2.3', b''), (STATE, STATE_OF_U0)),
                                 s.refresh_delete()],
    'name-of-60-kB': lambda s: [s.message(entry('cn=' + 'x' * 60000, mail=['u0@example.com'],
                                                sdrOwner=['hosted']), (STATE, STATE_OF_U0)),
                                s.refresh_delete()],
    'name-empty': lambda s: [s.message(entry('', mail=['u0@example.com'], sdrOwner=['hosted']),
                                       (STATE, STATE_OF_U0)), s.refresh_delete()],
    'binary-values': lambda s: [s.entry('u0', mail=['u0@example.com', '\0', 'a\0b@example.com',
                                                    '\x7f' * 5000, '@', 'x@' + 'y' * 3000]),
                                s.refresh_delete()],
    'many-values': lambda s: [s.entry('u0', mail=['u0@example.com', *(
        f'v{n}@example.com' for n in range(3000))]), s.refresh_delete()],
    'attributes-without-values': lambda s: [s.entry('x', mail=[], sdrOwner=[]),
                                            s.refresh_delete()],
    'unasked-attributes': lambda s: [s.entry('u0', **{'x' * 500: ['y'], '': ['z']}),
                                     s.refresh_delete()],
}


@pytest.mark.parametrize('name', STRANGE)
def test_strange(server, sync, name):
    server.shows = NAMES
    meet(sync, server, sends(STRANGE[name]))
    wait_for(lambda: len(sync.lines('up to date')) >= 2)
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
    assert sync.lines(HELD) == []


# Valid messages that would cause a large loss.
SWEEPING = {
    'nobody-is-present': (lambda s: s.refresh_present(), 40),
    'half-of-them-are': (lambda s: [s.ids(NAMES[:20]), s.refresh_present()], 20),
    'all-deleted': (lambda s: [s.ids(NAMES, deleted=True), s.refresh_delete()], 40),
    'all-deleted-one-by-one': (lambda s: [*(s.entry(n, DELETE) for n in NAMES),
                                          s.refresh_delete()], 40),
    'all-without-attributes': (lambda s: [*(s.entry(n, mail=[], sdrOwner=[]) for n in NAMES),
                                          s.refresh_delete()], 40),
    'all-without-owner': (lambda s: [*(s.entry(n, sdrOwner=[]) for n in NAMES),
                                     s.refresh_delete()], 40),
}


@pytest.mark.parametrize('name', SWEEPING)
def test_nobody_is_swept(server, sync, name):
    make, count = SWEEPING[name]
    meet(sync, server, sends(make))
    wait_for(lambda: sync.lines(f'{HELD}: {count} of 40'), 20)
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
    meet(sync, server, good)
    wait_for(lambda: sync.lines('nothing is held back any more') or
             sync.lines('up to date')[2:], 30)
    assert sync.lines(HELD)[1:] == []
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE


def test_full_read_that_names_nobody(server, sync):
    """The server demands a full read, and shows no entries."""
    def forgetful(session):
        known = COOKIE in server.searches[-1]
        session.send(session.result(4096) if known else session.refresh_delete())
    server.become(forgetful)
    wait_for(lambda: sync.lines(f'{HELD}: 40 of 40'), 20)
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE


def test_server_that_never_gives_a_cookie(server, sync):
    """Then everything is read each time."""
    server.become(sends(lambda s: [*map(s.entry, NAMES), s.refresh_delete(cookie=None)]))
    for _ in range(3):
        wait_for(lambda: server.searches)
        assert sync.ask(*RECIPIENTS) == AS_THEY_ARE
        server.become(server.script)
    assert sync.lines(HELD) == []


def test_connection_that_never_lasts(server, sync):
    """Each connection brings the copy up to date; sdr-sync waits between them."""
    server.shows = NAMES
    server.become(closes_after_the_refresh)
    wait_for(lambda: len(server.searches) >= 2, 20)
    begin, seen = time.monotonic(), len(server.searches)
    wait_for(lambda: time.monotonic() > begin + 5)
    assert len(server.searches) - seen <= 3 + (time.monotonic() - begin)
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE


@pytest.mark.parametrize('make', [
    lambda s: lambda i: s.entry(f'x{i}'),
    lambda s: lambda i: s.entry('x', mail=[f'x{i}@example.com']),
    lambda s: lambda i: s.ids(['u0', 'u1']),
    lambda s: lambda i: s.info(tlv(0x80, b'%d' % i)),
    lambda s: lambda i: s.message(tlv(0x79)),
], ids=['entries', 'the-same-entry', 'ids', 'cookies', 'nothing'])
@pytest.mark.parametrize('persisting', [False, True])
def test_no_end_of_it(server, sync, make, persisting):
    """All queries are answered, and it ends on the signal."""
    def script(session):
        if persisting:
            session.send(session.refresh_delete())
        session.send_for_ever(make(session))
    server.shows = NAMES
    server.become(script)
    wait_for(lambda: server.searches)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert sync.ask(*RECIPIENTS[2:]) == AS_THEY_ARE[2:]
    sync.stop()


# --- what it proves that the copy is up to date ---

def refreshes_slowly(session):
    """In twice the time that unknown-max-age allows."""
    for name in NAMES[:10]:
        session.send(session.entry(name))
        session.wait(1)
    answers_no_pings(session)


def only_reports_changes(session):
    answers_no_pings(session)
    session.send_again_and_again(session.info(tlv(0x80, b'more')), pause=0.1)


def never_pauses(session):
    session.send(session.refresh_delete())
    # Long messages: the answer comes after everything in the sockets' buffers.
    session.send_again_and_again(session.info(tlv(0x80, b'more' * 1000)) * 10)


def asked_of_nobody(sync):
    """The source of the answer: the replica, as long as it is known to be up to date."""
    done = sdrctl.run(sync.conf, 'route', '--json', 'nobody@example.com')
    return json.loads(done.stdout)['source']


@pytest.mark.parametrize('script, seconds', [
    (refreshes_slowly, 2), (only_reports_changes, 20), (never_pauses, 20)])
def test_changes_prove_nothing(server, sync, script, seconds):
    """More changes may follow: only the answer to a request proves that none do."""
    wait_for(lambda: asked_of_nobody(sync) == 'replica')
    server.shows = NAMES
    meet(sync, server, script)
    wait_for(lambda: len(sync.lines('up to date')) >= 2, 30)
    wait_for(lambda: asked_of_nobody(sync) == 'directory', seconds)
    meet(sync, server, good)
    wait_for(lambda: asked_of_nobody(sync) == 'replica')


# --- which server ---

@pytest.mark.parametrize('name', ['entry-without-state', 'cookie-refused-for-ever', 'closed',
                                  'dripping', 'silent'])
def test_next_server(server, sync, new_slapd, new_reader, name):
    """If one server does not work, another is used."""
    other = new_slapd(world.PEOPLE)
    sync = new_reader(server.uri, other.uri)
    server.become(ERRORS[name][0])
    sync.start()
    wait_for(lambda: sync.lines('up to date'), 30)
    assert sync.ask('alice@example.com') == ['redirect alice@hosted.example.com']


def test_next_server_if_none_lasts(server, new_slapd, new_reader):
    """A server that brings the copy up to date and then closes the connection, again and again, is replaced
    by the other."""
    def reports_all_and_closes(session):
        good(session)
        session.end()
    other = new_slapd(world.PEOPLE)
    sync = new_reader(server.uri, other.uri)
    server.become(reports_all_and_closes)
    sync.start('-v')
    wait_for(lambda: sync.lines(f'{other.uri}: reading everything'), 20)
    sync.wait_well()
    asked = len(server.searches)
    end = time.monotonic() + 3
    wait_for(lambda: time.monotonic() > end)
    assert len(server.searches) == asked


@pytest.mark.parametrize('script, reported', [
    (sends(lambda s: s.result(0)), 'does not report how'),
    (sends(lambda s: s.result(0, (DONE, b''))), 'does not report how'),
    (sends(lambda s: s.result(0, (DONE, b'garbage'))), 'does not report how'),
    (sends(lambda s: s.result(0, (DONE, tlv(0x30, tlv(0x04, b'x' * 100000))))), 'does not report how'),
    (sends(lambda s: s.result(4096)), ''),
    (falls_silent, 'does not answer'),
], ids=['no-control', 'empty', 'garbage', 'long', 'refresh-required', 'silent'])
def test_once(server, new_reader, script, reported):
    sync = new_reader(server.uri)
    server.become(script)
    assert reported in sync.once(ok=[75]).stderr
    server.become(sends(lambda s: [*map(s.entry, NAMES), s.done(deletes=True)]))
    sync.once()
    assert sync.ask(*RECIPIENTS) == AS_THEY_ARE


# 389 Directory Server always ends a refresh like this, without refreshDeletes.
OF_389 = b'ldap.example.com:389#cn=router,dc=example,dc=com:dc=example,dc=com:(mail=*)#7'


@pytest.mark.parametrize('once', [True, False], ids=['once', 'persist'])
@pytest.mark.parametrize('cookie', [OF_389, COOKIE, b'my own'], ids=['389', 'openldap', 'other'])
@pytest.mark.parametrize('named', [[], NAMES[:1]], ids=['nothing', 'one-change'])
def test_end_that_proves_nothing(server, new_reader, cookie, once, named):
    """An entry that is not listed after a cookie may still exist, and deleted entries are noticed
    nevertheless."""
    there = list(NAMES)

    def script(session):
        everybody = cookie not in server.searches[-1]
        end = session.done(cookie) if once else session.refresh_present(cookie=cookie)
        session.send(*map(session.entry, there if everybody else named), end)

    server.become(script)
    sync = new_reader(server.uri)
    sync.once() if once else sync.start()
    wait_for(lambda: len(sync.dump()) == len(NAMES))
    there.remove('u7')
    sync.once() if once else server.drop_all()
    wait_for(lambda: len(sync.dump()) == len(there))
    assert sync.ask(*(f'{name}@example.com' for name in there)) == [
        f'redirect {name}@hosted.example.com' for name in there]
