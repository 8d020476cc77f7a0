"""exim_sides.py - an Exim for each side of a comparison, all of them running

All accepted mail is delivered at once, to :blackhole:. The routers query the directory at RCPT and at
delivery, each time in another process. Without deliver_drop_privilege Exim would execute itself again for
each delivery, which takes longer than everything compared here.

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import itertools
import re

import sdrctl
import slapd
import world
from exim import USER, Exim
from sender import Failed, Load, Log, send, wait_empty, warm_up

NOTHING, REPLICA, LIVE, LDAP = ('no router', 'exim-sdr.so, replica', 'exim-sdr.so, live search',
                                'redirect, ${lookup ldap}')
FIXED = 'redirect, no lookup'
ALL = [NOTHING, FIXED, REPLICA, LIVE, LDAP]

BLACKHOLE = """\
away:
  driver = redirect
  data = :blackhole:
"""
LOOKUP = f"""\
ldap:
  driver = redirect
  domains = example.com
  data = ${{lookup ldap{{user="{slapd.READER_DN}" pass="{slapd.READER_PASSWORD}" \
ldap:///{slapd.SUFFIX}?mailRoutingAddress?sub?(mail=${{quote_ldap:$local_part@$domain}})}}\
{{$value}}fail}}
unknown:
  driver = redirect
  domains = example.com
  allow_fail
  data = :fail: unknown user
"""
REDIRECT = """\
fixed:
  driver = redirect
  domains = example.com
  data = $local_part@hosted.example.com
"""
ROUTERS = {LDAP: LOOKUP, FIXED: REDIRECT}
_number = itertools.count()


class Side(Exim):
    def __init__(self, name, folder, people, conf=None, **options):
        self.name = name
        self._people = people
        super().__init__(folder, 1, conf, drop_privilege=True, **options)

    def run(self, load):
        """Sent; Failed if a recipient was not rewritten as this side should do."""
        log = Log(self.folder / 'log/main')
        domain = 'example.com' if self.name == NOTHING else 'hosted.example.com'
        try:
            sent = send(self.port, load, self._people, done=self._wait_done, leave=True)
            log.wait_reported(rf' [=-]> :blackhole: <u\d+@{re.escape(domain)}> R=away$',
                          sent.messages * load.recipients)
        except Failed as error:
            raise Failed(f'Exim, {self.name}: {error}') from None
        return sent

    def _wait_done(self):
        wait_empty([self.folder / 'spool/input'])


@functools.cache
def exim_sides(premises, uri):
    """{name: Side}, running and warmed up; uri: the directory that they query."""
    number = next(_number)
    folder = premises.folder / f'exim{number}'
    folder.mkdir()
    main = f'ldap_default_servers = 127.0.0.1::{uri.rpartition(":")[2]}'
    own = {'password-file': str(world.password_file(folder, group=USER))}
    confs = {REPLICA: premises.conf(uri, own, replica={'path': str(premises.sync.path)}),
             LIVE: premises.conf(uri, own)}
    sides = {}
    for letter, name in zip('abcde', ALL):
        conf = None
        if name in confs:
            conf = folder / f'{letter}.conf'
            conf.write_text(confs[name])
        if name == REPLICA:
            sdrctl.compile(conf)
        # A short name: see private_exim().
        side = Side(name, premises.folder / f'{letter}{number}', premises.count, conf, main=main,
                    routers=ROUTERS.get(name, '') + BLACKHOLE)
        premises.stack.callback(side.stop)
        side.start(queue_run='1h')
        warm_up(premises, f'Exim, {name}', side.run, Load(5, messages=20), name in (LIVE, LDAP))
        sides[name] = side
    return sides
