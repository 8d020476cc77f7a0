"""premises.py - shared by all benchmarks: a directory, its replica, and a configuration for each

All mailboxes are at another site, so each answer is a redirect.

SPDX-License-Identifier: BSD-2-Clause
"""
import sdrctl
import world
from exim import USER as EXIM
from proc import wait_for
from slapd import READER_DN, Slapd
from sync import Sync

OPTIONS = f"""\
limits dn.exact="{READER_DN}" size=unlimited time=unlimited
"""


def address(n):
    return f'u{n}@example.com'


def people(count):
    """Each side finds a person by its usual attribute."""
    return (world.person(f'u{n}', mail=address(n), mailLocalAddress=address(n),
                         mailRoutingAddress=f'u{n}@hosted.example.com', sdrOwner='hosted')
            for n in range(count))


class Premises:
    """
    slapd     with this many people
    live      an sdr.conf, its text, that asks slapd
    replica   one with a replica, too, which sdr-sync keeps up to date
    """

    def __init__(self, folder, stack, count):
        self.folder = folder
        self.stack = stack
        self.count = count
        self.slapd = Slapd(folder / 'slapd', None, options=OPTIONS, maxsize=1 << 36,
                           log='none', threads=4)
        self.slapd.load(people(count))
        stack.callback(self.slapd.stop)
        self.slapd.start()
        self.directory = {'uri': self.slapd.uri,
                          'password-file': str(world.password_file(folder))}
        self.live = self.conf()
        self.sync = self._start_sync()
        self.replica = self.sync.conf.read_text(encoding='utf-8')

    def conf(self, uri=None, own=None, **sections):
        """
        The text of an sdr.conf without a milter.

        uri  of a relay in front of slapd
        own  other options of the directory
        """
        directory = {**self.directory, **({'uri': uri} if uri else {}), **(own or {})}
        return world.conf(directory_corp=directory, milter=None, **sections)

    def asked(self, run):
        """The number of searches in slapd while this runs."""
        before = self.slapd.search_count()
        run()
        return self.slapd.search_count() - before

    def _start_sync(self):
        (self.folder / 'sync').mkdir()
        sync = Sync(self.folder / 'sync', lambda path: self.conf(replica={'path': str(path)}))
        self.stack.callback(sync.close)
        sync.share(EXIM)
        sync.start()
        wait_for(lambda: self._is_copied(sync), 600 + self.count // 2000, 'the first refresh')
        return sync

    def _is_copied(self, sync):
        done = sdrctl.run(sync.conf, 'route', '--json', address(self.count - 1))
        return '"source":"replica"' in done.stdout
