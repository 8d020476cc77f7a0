"""sendmail_sides.py - a Sendmail for each side of a comparison, all of them running

Mail is accepted and queued, but not delivered: the second search of ldap_routing, at delivery, is not
measured.

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import itertools
import re

import slapd
import world
from mapped import M4
from milter import Milter
from postfix_sides import start_noop
from premises import address
from sender import PATIENCE, Failed, Load, send, warm_up
from sendmail import Sendmail
from sink import Sink

NOTHING, NOOP = 'no milter', 'do-nothing milter'
MILTER, LIVE, MAP = 'sdr-milter, replica', 'sdr-milter, live search', 'sdr socketmap, replica'
LDAP = 'FEATURE(ldap_routing)'
ALL = [NOTHING, NOOP, MILTER, LIVE, MAP, LDAP]
ASKING = [NOTHING, MILTER, LIVE, MAP, LDAP]
REWRITES_AT_ONCE = {MILTER, LIVE}

QUIET = "define(`confLOG_LEVEL', `9')dnl\n"  # its default map
LDAP_ROUTING = f"""\
define(`confLDAP_DEFAULT_SPEC', `-w 3 -H {{uri}} -b {slapd.SUFFIX} -d {slapd.READER_DN} -M simple -P {{password}}')dnl
FEATURE(`ldap_routing', , , `bounce')dnl
LDAPROUTE_DOMAIN(`example.com')dnl
"""
SDR_TABLES = f"""\
define(`SDR_MAP_SOCKET', `{{socket}}')dnl
define(`SDR_DOMAINS', `example.com onprem.example.com')dnl
include(`{M4}')dnl
"""
_number = itertools.count()


class Side(Sendmail):
    def __init__(self, name, folder, sink, people, **options):
        self.name = name
        self._people = people
        self._sink = sink
        super().__init__(folder, sink.port, **options)

    def run(self, load, deliver=False):
        """Sent, accepted or even delivered; Failed if a recipient was not queued as it should be."""
        try:
            sent = send(self.port, load, self._people)
            self._prove(sent.messages * load.recipients)
            if deliver:
                self.wait_empty(PATIENCE)
        except Failed as error:
            raise Failed(f'Sendmail, {self.name}: {error}\n'
                         + '\n'.join(self.complaints()[-9:])) from None
        for path in self._queue.iterdir():
            path.unlink()
        return sent

    def prove_delivery(self):
        """Send one message and deliver it; Failed if it went to the wrong recipient."""
        message_id = self.send(address(0)).message_id
        self.wait_empty()
        wanted = address(0) if self.name in (NOTHING, NOOP) else 'u0@hosted.example.com'
        if list(self._sink.recipients(message_id)) != [wanted]:
            raise Failed(f'Sendmail, {self.name}: sent to {self._sink.recipients(message_id)}')

    def _prove(self, count):
        """Check the recipients in the queue."""
        domain = 'hosted.example.com' if self.name in REWRITES_AT_ONCE else 'example.com'
        wanted = re.compile(rf'^R.*<u\d+@{re.escape(domain)}>$'.encode(), re.M)
        found = sum(len(wanted.findall(path.read_bytes())) for path in self._queue.glob('qf*'))
        if found != count:
            raise Failed(f'{found} recipients of {count} in {domain}')


@functools.cache
def sendmail_sides(premises, uri):
    """{name: Side}, running and warmed up; uri: the directory that they query."""
    folder = premises.folder / f'sendmail{next(_number)}'
    folder.mkdir()
    sink = Sink().start()
    premises.stack.callback(sink.stop)
    password = folder / 'password'
    password.write_text(slapd.READER_PASSWORD)
    password.chmod(0o600)
    options = {
        NOTHING: {},
        NOOP: {'milters': ['unix:sdr/noop-milter']},
        MILTER: {'milters': ['unix:sdr/milter']},
        LIVE: {'milters': ['unix:sdr/milter']},
        MAP: {'mc': SDR_TABLES.format(socket=folder / f'mta{ALL.index(MAP)}/queue/sdr/map')},
        LDAP: {'mc': LDAP_ROUTING.format(uri=uri, password=password)},
    }
    replica = premises.conf(uri, replica={'path': str(premises.sync.path)})
    texts = {MILTER: replica, LIVE: premises.conf(uri), MAP: replica}
    sides = {}
    for number, name in enumerate(ALL):
        option = {'mc': '', **options[name]}
        option['mc'] += QUIET
        side = Side(name, folder / f'mta{number}', sink, premises.count, **option)
        premises.stack.callback(side.stop)
        if name in texts:
            premises.stack.callback(start_milter(folder / f'milter{number}', side, texts[name],
                                                 name == MAP).close)
        elif name == NOOP:
            premises.stack.callback(start_noop(folder, side).stop)
        side.start()
        side.prove_delivery()
        warm_up(premises, f'Sendmail, {name}', side.run, Load(5, messages=20), name in (LIVE, LDAP))
        sides[name] = side
    return sides


def start_milter(folder, mta, text, tables):
    sockets = f'unix:{mta.queue_folder}/sdr'
    options = {'socket': f'{sockets}/milter', 'socket-group': mta.manners.group}
    if tables:
        options |= {'map-socket': f'{sockets}/map', 'rewrite': 'tables'}
    return Milter(folder, text + world.section('milter', options)).start()
