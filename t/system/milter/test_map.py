"""The answers of sdr-milter's lookup tables

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import select
import shutil
from pathlib import Path

import pytest

import world
from slapd import SUFFIX
from socketmap import TABLES, Socketmap, netstring


@pytest.fixture
def new_map(new_bare_milter, scratch):
    """new_map(**sections): a connection to the tables of a milter of its own."""
    def make(**sections):
        path = scratch / 'run/map.sock'
        sections['milter'] = {'map-socket': f'unix:{path}', 'rewrite': 'tables',
                              **sections.get('milter', {})}
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
    '<both@example.com>, evil@evil.test': 'OK both@example.com, both@hosted.example.com',
    'Both@EXAMPLE.com.': 'OK Both@example.com, Both@hosted.example.com',
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


@pytest.mark.parametrize('key', [r'"r\\obert"', r'r\obert', r'\alice', 'ali(x)ce', 'alice (x)', ' alice',
                                 'alice ', 'alice,dave', 'a:alice', '<alice>@example.com'])
def test_keys_without_quotes(tables, key):
    """Postfix sends local parts unquoted, even if the client quoted them: no octet has a special meaning."""
    for table in ('route', 'recipient'):
        assert tables.ask(table, f'{key}@example.com') == 'NOTFOUND', table


@pytest.mark.parametrize('key', ['"alice"', '"dave"', '"ali"ce', 'ali"ce', '"alice', '"post"master'])
def test_keys_with_quotes_of_their_own(tables, key):
    """For the client's "\"alice\"", Postfix sends this key first, and then the key without the outer quotes.
    """
    quoted = '"' + key.replace('"', '\\"') + '"'
    for table in ('route', 'recipient'):
        assert tables.ask(table, f'{quoted}@example.com') == 'NOTFOUND', table
        assert tables.ask(table, f'{key}@example.com') == 'NOTFOUND', table


def test_quotes_are_read_again(tables):
    assert tables.ask('recipient', r'"\"alice\""@example.com') == 'NOTFOUND'
    assert tables.ask('recipient', 'dave@example.com') == 'OK known'
    assert tables.ask('recipient', '"alice"@example.com') == 'OK known'
    assert tables.ask('recipient', '"alice"@example.com') == 'OK known'


LEGACY = {'site legacy': {'routing-domain': 'legacy.%d', 'delivery': 'route',
                          'next-hop': 'mx.legacy.test:2525'},
          'milter': {'milter-route': 'pass'}}
PEOPLE = world.PEOPLE + ''.join([
    world.person('leg', sdrOwner='legacy'),
    world.person('legboth', sdrOwner=['legacy', 'hosted'])])


@pytest.fixture
def routed(new_slapd, new_map):
    """Tables with a site that has a next hop."""
    slapd = new_slapd(PEOPLE)
    tables = new_map(directory_corp={'uri': slapd.uri}, **LEGACY)
    tables.slapd = slapd
    return tables


@pytest.mark.parametrize('key, route, transport', [
    ('leg@example.com', 'NOTFOUND', 'OK smtp:[mx.legacy.test]:2525'),
    ('LEG+x@example.com', 'NOTFOUND', 'OK smtp:[mx.legacy.test]:2525'),
    ('legboth@example.com', 'OK legboth@example.com, legboth@hosted.example.com',
     'OK smtp:[mx.legacy.test]:2525'),
    ('legboth@onprem.example.com', 'OK legboth@example.com, legboth@hosted.example.com',
     'NOTFOUND'),
    ('leg@onprem.example.com', 'OK leg@example.com', 'NOTFOUND'),
    ('alice@example.com', 'OK alice@hosted.example.com', 'NOTFOUND'),
    ('dave@example.com', 'NOTFOUND', 'NOTFOUND'),
    ('both@example.com', 'OK both@example.com, both@hosted.example.com', 'NOTFOUND'),
    ('nobody@example.com', 'NOTFOUND', 'NOTFOUND'),
    ('held@example.com', 'TEMP 4.2.1 Mailbox is being moved, try again later',
     'TEMP 4.2.1 Mailbox is being moved, try again later'),
    ('example.com', 'NOTFOUND', 'NOTFOUND'),
    ('.example.com', 'NOTFOUND', 'NOTFOUND'),
    ('*', 'NOTFOUND', 'NOTFOUND'),
])
def test_transport(routed, key, route, transport):
    assert (routed.ask('route', key), routed.ask('transport', key)) == (route, transport)


@pytest.mark.parametrize('next_hop, answer', [
    ('192.0.2.1:25', 'OK smtp:[192.0.2.1]:25'),
    ('[2001:db8::1]:25', 'OK smtp:[2001:db8::1]:25'),
])
def test_next_hop(new_slapd, new_map, next_hop, answer):
    slapd = new_slapd(PEOPLE)
    site = {**LEGACY['site legacy'], 'next-hop': next_hop}
    tables = new_map(directory_corp={'uri': slapd.uri}, **{**LEGACY, 'site legacy': site})
    assert tables.ask('transport', 'leg@example.com') == answer


@pytest.mark.parametrize('key, answer', [
    ('alice@example.com', 'OK known'),
    ('dave@example.com', 'OK known'),
    ('both@example.com', 'OK known'),
    ('dave+x@example.com', 'OK known'),
    ('alice@onprem.example.com', 'OK known'),
    ('postmaster@example.com', 'OK known'),
    ('nobody@example.com', 'NOTFOUND'),
    ('nobody@onprem.example.com', 'NOTFOUND'),
    ('held@example.com', 'TEMP 4.2.1 Mailbox is being moved, try again later'),
    # domains that this directory does not decide about
    ('alice@hosted.example.com', 'NOTFOUND'),
    ('alice@elsewhere.test', 'NOTFOUND'),
    ('alice', 'NOTFOUND'),
])
def test_recipient(tables, key, answer):
    assert tables.ask('recipient', key) == answer


REDIRECTS = {
    'alice@example.com': 'OK alice@hosted.example.com',
    'Alice+x@Example.com': 'OK Alice+x@hosted.example.com',
    '"al%0ice"@example.com': 'NOTFOUND',
    'alice+50%@example.com': 'OK alice+50%%@hosted.example.com',
    'dave@example.com': 'NOTFOUND',
    'held@example.com': 'TEMP 4.2.1 Mailbox is being moved, try again later',
    'nobody@example.com': 'NOTFOUND',
    'dave@onprem.example.com': 'OK dave@example.com',
    'both@onprem.example.com': 'OK both@example.com',
    'alice@hosted.example.com': 'NOTFOUND',
    'both@elsewhere.test': 'NOTFOUND',
    f'both+{"x" * 220}@example.com': 'TEMP 4.3.5 The address is too long for copies',
}


@pytest.mark.parametrize('key, answer', REDIRECTS.items())
def test_redirect(tables, key, answer):
    """One address, which contains no "%0" that Sendmail would replace."""
    assert tables.ask('redirect', key) == answer


@pytest.mark.parametrize('key', [r'\both@example.com', r'"\both"@example.com', r'\both+x@example.com',
                                 r'\dave@example.com'])
def test_a_name_with_a_backslash_is_the_mailbox_of_this_machine(tables, key):
    assert tables.ask('local', key) == 'NOTFOUND'


@pytest.mark.parametrize('key', ['both@example.com', r'\alice@example.com', 'held@example.com', 'dave@example.com'])
def test_other_names_without_a_domain_are_as_those_that_have_one(tables, key):
    assert tables.ask('local', key) == tables.ask('redirect', key)


def copy_name(tables, key):
    """The name that the table "redirect" returns for several targets."""
    answer = tables.ask('redirect', key)
    assert re.fullmatch('OK sdr-copy[.][0-9a-f]{32}[.][a-z0-9.=-]+', answer)
    return answer.removeprefix('OK ')


@pytest.mark.parametrize('key, answer', [
    ('both@example.com', 'OK both@onprem.example.com, both@hosted.example.com'),
    ('Both@EXAMPLE.com.', 'OK Both@onprem.example.com, Both@hosted.example.com'),
    ('both+x@example.com', 'OK both+x@onprem.example.com, both+x@hosted.example.com'),
    ('both+%1@example.com', 'OK both+%1@onprem.example.com, both+%1@hosted.example.com'),
    ('"both+ x\\"@"@example.com',
     'OK "both+ x\\"@"@onprem.example.com, "both+ x\\"@"@hosted.example.com'),
    ('both+ü@example.com', 'OK both+ü@onprem.example.com, both+ü@hosted.example.com'),
    ('<both@example.com>, evil@evil.test', 'OK both@onprem.example.com, both@hosted.example.com'),
    ('two@example.com', 'OK two@hosted.example.com, two@legacy.example.com'),
    ('two@onprem.example.com', 'OK two@hosted.example.com, two@legacy.example.com'),
])
def test_alias(new_slapd, new_map, key, answer):
    """Sendmail sends the key in lower case; capitals name the same alias."""
    slapd = new_slapd(world.PEOPLE + world.person('two', sdrOwner=['hosted', 'legacy']))
    tables = new_map(directory_corp={'uri': slapd.uri},
                     **{'site legacy': {'routing-domain': 'legacy.%d'}})
    name = copy_name(tables, key)
    assert name == name.lower()
    assert tables.ask('Alias1', name) == answer
    assert tables.ask('Alias2', name.upper()) == answer


@pytest.mark.parametrize('owner, answer', [
    ('hosted', 'OK both@hosted.example.com'),
    ('onprem', 'OK both@onprem.example.com'),
])
def test_alias_of_one_who_has_moved_since(tables, slapd, owner, answer):
    name = copy_name(tables, 'both@example.com')
    slapd.modify(f"""dn: uid=both,ou=people,{SUFFIX}
changetype: modify
replace: sdrOwner
sdrOwner: {owner}
""")
    assert tables.ask('Alias1', name) == answer


def test_alias_of_one_who_has_gone_since(tables, slapd):
    """The recipient is rejected at once, without a later bounce."""
    name = copy_name(tables, 'both@example.com')
    slapd.modify(f'dn: uid=both,ou=people,{SUFFIX}\nchangetype: delete\n')
    assert tables.ask('Alias1', name) == 'NOTFOUND'


def forgeries(name):
    """Names that the table "redirect" did not make, some very similar to the one that it made."""
    head, mac, address = name.split('.', 2)
    return [
        'sdr-copy.both.=.example.com', 'sdr-copy.nobody.=.example.com',
        f'{head}.{mac}.alice=40example.com', f'{head}.{mac}.nobody=40example.com',
        f'{head}.{mac}.=22=7cid=22=40example.com', f'{head}.{mac}.both+x=40example.com',
        f'{head}.{mac}.both@example.com', f'{head}.{mac}.both=40example.com.',
        f'{head}.{mac}.=62oth=40example.com', f'{head}.{mac}.both=4', f'{head}.{mac}.both=',
        f'{head}.{mac}.both=40example.com=00', f'{head}.{mac}.', f'{head}.{mac}', f'{head}.', head,
        f'{head}.{mac[:-1]}.{address}', f'{head}.{mac}0.{address}', f'{head}..{address}',
        f'{head}.{mac[:-1]}{"0" if mac[-1] != "0" else "1"}.{address}',
        f'{head}.{"0" * 32}.{address}', f'{head}. {mac[1:]}.{address}', f' {name}', f'{name} ',
        f'"{name}"', f'{name}+x', f'{name}@onprem.test', f'{name}%onprem.test', f'\\{name}',
        f'{head}.{mac}.{"=40" * 100}', 'root', 'both@example.com', '|id', '']


def test_forged_alias(tables):
    """Not resolved, and not deferred either, because Sendmail would accept the mail."""
    for name in forgeries(copy_name(tables, 'both@example.com')):
        assert tables.ask('Alias1', name) == 'NOTFOUND', name


def test_key_file(tables, scratch):
    """It is next to the socket, and no other user can read it."""
    path = scratch / 'run/map.sock.key'
    info = path.stat()
    assert (info.st_mode & 0o777, info.st_size, path.owner()) == (0o600, 32, 'sdr')
    assert tables.ask('Alias1', copy_name(tables, 'both@example.com')).startswith('OK ')


@pytest.fixture
def restarted(new_bare_milter, scratch):
    """restarted(act): a name that the table made, act(the key's file), and what another daemon says."""
    def run(act):
        server = new_bare_milter(milter={'map-socket': f'unix:{scratch}/run/map.sock',
                                         'rewrite': 'tables'})
        with Socketmap(scratch / 'run/map.sock') as tables:
            name = copy_name(tables, 'both@example.com')
        server.stop()
        act(scratch / 'run/map.sock.key')
        server.start()
        with Socketmap(scratch / 'run/map.sock') as tables:
            assert tables.ask('Alias1', copy_name(tables, 'both@example.com')).startswith('OK ')
            return tables.ask('Alias1', name)
    return run


def test_alias_after_a_restart(restarted):
    """Sendmail may look up the alias minutes after the rule: it is still known."""
    assert restarted(lambda path: None).startswith('OK ')


def give_away(path):
    shutil.chown(path, 'postfix')


def link(path):
    path.rename(path.with_suffix('.other'))
    path.symlink_to(path.with_suffix('.other'))


@pytest.mark.parametrize('act', [
    lambda path: path.chmod(0o640), lambda path: path.write_bytes(b'short'), Path.unlink,
    lambda path: path.write_bytes(bytes(33)), give_away, link,
], ids=['readable', 'short', 'gone', 'long', 'of another', 'a link'])
def test_key_that_somebody_may_know(restarted, scratch, act):
    """It is replaced. If the path is a link to a missing file, that file is written."""
    assert restarted(act) == 'NOTFOUND'
    path = scratch / 'run/map.sock.key'
    assert not path.is_symlink() and path.owner() == 'sdr'
    assert path.stat().st_mode & 0o777 == 0o600


def test_key_that_cannot_be_made(new_bare_milter, scratch):
    server = new_bare_milter(milter={'map-socket': f'unix:{scratch}/run/map.sock'})
    server.stop()
    (scratch / 'run/map.sock.key').unlink()
    (scratch / 'run/map.sock.key').mkdir()
    server.launch()
    assert server.wait() == 71
    assert server.lines('map.sock.key: cannot make this file: ')


def test_an_alias_settles_what_redirect_is_asked_next(tables):
    """The address itself stays here: otherwise it would become the same alias again."""
    name = copy_name(tables, 'both@example.com')
    tables.ask('Alias1', name)
    assert tables.ask('redirect', 'both@onprem.example.com') == 'OK both@example.com'
    assert tables.ask('recipient', 'both@example.com') == 'OK known'
    assert tables.ask('redirect', 'both@example.com') == 'NOTFOUND'
    assert tables.ask('redirect', 'both@example.com') == f'OK {name}'


# Local parts that a mail server could take for a program, a file, or a list in a file.
COMMANDS = ['|id', '/etc/passwd', ':include:/etc/passwd', ':Include:/x', ' |id', '\\|id', '\\"|id\\"',
            '\\\\|id', '\t/x', '(|id', '<|id>', ',|id', '; /x', '\\/x', '\\:include:/x']


@pytest.fixture(params=['pass', 'hosted', 'onprem', 'catch-all of both', 'catch-all here'])
def lenient(request, new_slapd, new_map):
    """Tables for which every recipient is known."""
    catch_all = {'catch-all of both': ['hosted', 'onprem'], 'catch-all here': ['onprem']}
    people, domain = world.PEOPLE, {}
    if request.param in catch_all:
        people += world.person('all', mail=None, sdrAddress='@example.com',
                               sdrOwner=catch_all[request.param])
    else:
        domain['unknown'] = request.param
    slapd = new_slapd(people)
    return new_map(directory_corp={'uri': slapd.uri}, **{'domain example.com': domain})


def test_commands(lenient):
    """They are unknown, and no answer contains one, whatever the directory and the configuration say."""
    assert lenient.ask('recipient', '"a|id"@example.com') == 'OK known'
    for local in COMMANDS:
        for domain in 'example.com', 'onprem.example.com':
            key = f'"{local}"@{domain}'
            for table in 'recipient', 'route', 'redirect', 'transport':
                assert lenient.ask(table, key) == 'NOTFOUND', (table, key)
    for local in '|id', '/etc/passwd', '/x|y':
        assert lenient.ask('route', f'{local}@example.com') == 'NOTFOUND'
        assert lenient.ask('redirect', f'{local}@example.com') == 'NOTFOUND'
        assert lenient.ask('recipient', f'{local}@example.com') == 'NOTFOUND'


@pytest.mark.parametrize('target', ['"|id"@hosted.example.com', '"/x"@hosted.example.com',
                                    '":include:/x"@hosted.example.com'])
@pytest.mark.parametrize('owner', ['hosted', ['hosted', 'onprem']], ids=str)
def test_commands_from_the_directory(new_slapd, new_map, target, owner):
    slapd = new_slapd(world.PEOPLE + world.person('evil', sdrOwner=owner, sdrRoutingAddress=target))
    tables = new_map(directory_corp={'uri': slapd.uri})
    for table in 'route', 'redirect', 'recipient':
        assert tables.ask(table, 'evil@example.com') == 'NOTFOUND'


@pytest.mark.parametrize('options', [{'rewrite': 'milter'}, {'rewrite': None}], ids=str)
def test_the_milter_rewrites(new_map, options, scratch):
    """If the tables rewrote, too, mail would be rewritten twice: they defer, and the log has the reason."""
    tables = new_map(milter=options)
    refused = 'TEMP 4.3.5 rewrite = tables is not in sdr.conf'
    for key in 'alice@example.com', 'dave@example.com', 'both@onprem.example.com':
        assert tables.ask('route', key) == refused
        assert tables.ask('redirect', key) == refused
    assert tables.ask('route', 'alice@elsewhere.test') == 'NOTFOUND'
    assert tables.ask('Alias1', 'root') == 'NOTFOUND'
    assert tables.ask('recipient', 'alice@example.com') == 'OK known'
    assert tables.ask('recipient', 'nobody@example.com') == 'NOTFOUND'
    assert tables.ask('transport', 'alice@example.com') == 'NOTFOUND'


@pytest.mark.parametrize('between', ['alice@example.com', 'BOTH@onprem.example.com', ''])
def test_another_question_between_settles_nothing(tables, between):
    tables.ask('route', 'both@onprem.example.com')
    tables.ask('route', between)
    settled = between.startswith('BOTH')
    assert tables.ask('route', 'both@example.com') == (
        'NOTFOUND' if settled else ROUTES['both@example.com'])


@pytest.mark.parametrize('table', ['', 'Route', 'routes', 'rout', 'Alias', 'Alias10', 'Aliasx',
                                   'x' * 4000])
def test_no_such_table(tables, table):
    assert tables.ask(table, 'alice@example.com').startswith('PERM ')


def test_unknown_elsewhere(new_map):
    tables = new_map(**{'domain example.com': {'unknown': 'hosted'}})
    assert tables.ask('route', 'nobody@example.com') == 'OK nobody@hosted.example.com'
    assert tables.ask('recipient', 'nobody@example.com') == 'OK known'
    assert tables.ask('recipient', 'nobody@onprem.example.com') == 'NOTFOUND'


def test_unknown_passes(new_map):
    tables = new_map(**{'domain example.com': {'unknown': 'pass'}})
    assert tables.ask('route', 'nobody@example.com') == 'NOTFOUND'
    assert tables.ask('recipient', 'nobody@example.com') == 'OK known'


@pytest.mark.parametrize('table', ['route', 'redirect', 'transport', 'recipient'])
def test_directory_away(routed, table):
    """Recipients may be at a site with a next hop, so the table "transport" must query the directory, too."""
    routed.slapd.stop()
    assert routed.ask(table, 'alice@example.com') == (
        'TEMP 4.4.3 Directory unavailable, try again later')
    assert routed.ask(table, 'alice@elsewhere.test') == 'NOTFOUND'


# --- a directory that says nothing ---

class Silent:
    """Tables whose directory is frozen; a query without an answer proves that."""

    def __init__(self, path, slapd):
        self.tables, self._proof, self._slapd = Socketmap(path), Socketmap(path), slapd
        slapd.freeze()
        self._proof.send(netstring('route dave@example.com'))

    def ask(self, table, key):
        """The answer; checks that the directory did not answer before."""
        answer = self.tables.ask(table, key)
        assert not select.select([self._proof.socket], [], [], 0)[0]
        return answer

    def end(self):
        self._slapd.thaw()
        assert self._proof.receive() == ROUTES['dave@example.com']


@pytest.fixture
def new_silent(new_slapd, new_map, scratch):
    def make(**sections):
        slapd = new_slapd(PEOPLE)
        new_map(directory_corp={'uri': slapd.uri, 'timeout': '60'}, **sections).close()
        return Silent(scratch / 'run/map.sock', slapd)
    return make


NOBODY_HERE = ['alice@elsewhere.test', 'postmaster@elsewhere.test', 'alice@hosted.example.com',
               'alice@[192.0.2.1]', 'alice', '@example.com', 'example.com', '.example.com', '*', '',
               'alice@example.com@elsewhere.test', 'x' * 4000]


@pytest.mark.parametrize('sections', [{}, LEGACY], ids=['no next hops', 'next hops'])
def test_what_needs_no_directory_is_answered_without_it(new_silent, sections):
    silent = new_silent(**sections)
    for table in TABLES:
        for key in NOBODY_HERE:
            assert silent.ask(table, key) == 'NOTFOUND', (table, key)
    for user in ['root', 'sdr-copy.', 'sdr-copy.both', 'sdr-copy.both.=.elsewhere.test']:
        assert silent.ask('Alias1', user) == 'NOTFOUND', user
    assert silent.ask('no-such-table', 'alice@example.com').startswith('PERM')
    silent.end()


@pytest.mark.parametrize('key', ['alice@example.com', 'nobody@example.com', 'held@example.com',
                                 'alice@onprem.example.com', 'Alice+x@EXAMPLE.com'])
def test_without_next_hops_the_table_of_them_needs_no_directory(new_silent, scratch, key):
    """No site has a next hop; nothing is logged either."""
    silent = new_silent()
    assert silent.ask('transport', key) == 'NOTFOUND'
    silent.end()
    assert 'map transport' not in next(scratch.glob('milter*/sdr-milter.log')).read_text()


def test_with_next_hops_the_table_of_them_waits_for_the_directory(new_silent):
    silent = new_silent(**LEGACY)
    silent.tables.send(netstring('transport leg@example.com'))
    with pytest.raises(TimeoutError):
        silent.tables.socket.settimeout(1)
        silent.tables.socket.recv(1)
    silent.tables.socket.settimeout(180)
    silent.end()
