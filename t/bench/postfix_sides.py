"""postfix_sides.py - one Postfix with a listener for each side of a comparison

The listener's smtpd and cleanup have the tables or the milter of that side; the sides share everything else.
All accepted mail goes to discard(8).

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import itertools
import re

import paths
import slapd
import world
from milter import Milter
from postfix import DAEMONS, Postfix
from premises import address
from proc import Process, free_port
from sender import Failed, Load, Log, send, wait_empty, warm_up

NOTHING, NOOP = 'no milter', 'do-nothing milter'
MILTER, LIVE, MAP = 'sdr-milter, replica', 'sdr-milter, live search', 'sdr socketmap, replica'
PROXY, LDAP, LMDB = 'proxy:ldap:', 'ldap:', 'lmdb:'

ALL = [NOTHING, NOOP, MILTER, LIVE, MAP, PROXY, LDAP, LMDB]
ASKING = [NOTHING, MILTER, LIVE, MAP, PROXY, LDAP]  # a directory, and the sides to compare with
UNCHANGED = {NOTHING, NOOP}

LDAP_TABLE = f"""\
version = 3
server_host = {{uri}}
search_base = {slapd.SUFFIX}
bind = yes
bind_dn = {slapd.READER_DN}
bind_pw = {slapd.READER_PASSWORD}
query_filter = {{filter}}
result_attribute = mailRoutingAddress
"""
MODULES = f"""\
ldap\t{DAEMONS.parent}/postfix-ldap.so\tdict_ldap_open
lmdb\t{DAEMONS.parent}/postfix-lmdb.so\tdict_lmdb_open\tmkmap_lmdb_open
"""
_number = itertools.count()


class Sides(Postfix):
    """{name: parameters of smtpd and cleanup}"""

    def __init__(self, folder, sides, people):
        self._sides = {name: (free_port(), f'cl{number}', options)
                       for number, (name, options) in enumerate(sides.items())}
        self._people = people
        super().__init__(
            folder, 1,
            main={'relayhost': '', 'relay_transport': 'discard:', 'default_transport': 'discard:',
                  # Otherwise trivial-rewrite asks the tables too.
                  'virtual_alias_domains': '',
                  'proxy_read_maps': 'proxy:unix:passwd.byname '
                                     + sides[PROXY]['virtual_alias_maps']},
            listeners={port: {'cleanup_service_name': cleanup, **options}
                       for port, cleanup, options in self._sides.values()})
        (self.folder / 'etc/dynamicmaps.cf').write_text(MODULES)

    def run(self, side, load):
        """Sent; Failed if a recipient was not rewritten as this side should do."""
        log = Log(self.folder / 'log/maillog')
        domain = 'example.com' if side in UNCHANGED else 'hosted.example.com'
        try:
            sent = send(self._sides[side][0], load, self._people, done=self._wait_done)
            log.wait_reported(rf' to=<u\d+@{re.escape(domain)}>,.* relay=none,.* status=sent ',
                          sent.messages * load.recipients)
        except Failed as error:
            raise Failed(f'Postfix, {side}: {error}\n' + '\n'.join(self.complaints()[-9:])) from None
        return sent

    def _wait_done(self):
        wait_empty([self.queue_folder / name for name in ('incoming', 'active')])

    def _master_cf(self):
        return super()._master_cf() + ''.join(
            f'{name} unix n - n - 0 cleanup'
            + ''.join(f'\n  -o {{ {key} = {value} }}' for key, value in options.items()) + '\n'
            for _, name, options in self._sides.values())


@functools.cache
def postfix_sides(premises, uri):
    """All sides, warmed up; uri: the directory that they query."""
    folder = premises.folder / f'postfix{next(_number)}'
    folder.mkdir()
    postfix = Sides(folder / 'mta', parameters(folder, uri), premises.count)
    make_table(postfix, folder, premises.count)
    premises.stack.callback(postfix.stop)
    replica = {'path': str(premises.sync.path)}
    tables = {'map-socket': f'unix:{postfix.queue_folder}/sdr/map', 'rewrite': 'tables'}
    for name, text, options in (('live', premises.conf(uri), {}),
                                ('replica', premises.conf(uri, replica=replica), {}),
                                ('tables', premises.conf(uri, replica=replica), tables)):
        premises.stack.callback(start_milter(folder, name, postfix, text, options).close)
    premises.stack.callback(start_noop(folder, postfix).stop)
    postfix.start()
    for side in ALL:
        warm_up(premises, f'Postfix, {side}', functools.partial(postfix.run, side), Load(20, messages=100),
                side in (LIVE, PROXY, LDAP))
    return postfix


def parameters(folder, uri):
    """The main.cf parameters of each side."""
    table = folder / 'ldap.cf'
    table.write_text(LDAP_TABLE.format(uri=uri, filter='mail=%s') + 'domain = example.com\n')
    table.chmod(0o644)

    def alias(value):
        return {'virtual_alias_maps': value}

    def milter(name):
        return {'smtpd_milters': f'unix:sdr/{name}-milter'}
    return {
        NOTHING: {},
        NOOP: milter('noop'),
        MILTER: milter('replica'),
        LIVE: milter('live'),
        MAP: alias('socketmap:unix:sdr/map:route'),
        PROXY: alias(f'proxy:ldap:{table}'),
        LDAP: alias(f'ldap:{table}'),
        LMDB: alias(f'lmdb:{folder}/aliases'),
    }


def make_table(postfix, folder, count):
    """Make the file that lmdb: reads; postmap(1) needs a main.cf."""
    path = folder / 'aliases'
    path.write_text(''.join(f'{address(n)} u{n}@hosted.example.com\n' for n in range(count)))
    postfix.configure()
    postfix.command('postmap', f'lmdb:{path}')


def start_milter(folder, name, postfix, text, options):
    """Its socket is NAME-milter."""
    sockets = world.section('milter', {
        'socket': f'unix:{postfix.queue_folder}/sdr/{name}-milter', 'socket-group': 'postfix',
        **options})
    return Milter(folder / name, text + sockets).start()


def start_noop(folder, mta):
    """Make a folder for the group that may open the MTA's milter sockets."""
    path = mta.queue_folder / 'sdr/noop-milter'
    process = Process([paths.BUILD / 't/bench/noop-milter', f'unix:{path}'], folder / 'noop.log',
                      user='sdr', group=mta.manners.group, extra_groups=[], umask=0o007)
    process.wait_ready(path.exists)
    return process
