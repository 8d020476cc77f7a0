"""questions.py - the same addresses for all clients that run as a process

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import re
import subprocess
from urllib.parse import quote

import paths
import sdrctl
import slapd
from daemon import assert_clean, environment
from premises import address

MOST = 100000


class Questions:
    """
    addresses of people, shuffled
    live       path of an sdr.conf that queries slapd
    replica    of one that has a replica
    """

    def __init__(self, premises):
        self.premises = premises
        people = range(premises.count)
        self.addresses = [address(n) for n in
                          random.Random(1).sample(people, min(premises.count, MOST))]
        self.file = premises.folder / 'addresses'
        self.file.write_text('\n'.join([*self.addresses, '']))
        self.replica = premises.sync.conf
        self.live = premises.folder / 'live.conf'
        self.live.write_text(premises.live)

    def ask(self, side, conf, seconds, askers=1):
        """The output of t/bench/questions: {'rate': answers a second, ...}"""
        done = subprocess.run(
            [paths.BUILD / 't/bench/questions', side, conf, self.file, str(seconds), str(askers)],
            capture_output=True, text=True, env=environment(), timeout=seconds + 120, check=False)
        assert_clean(done.stderr)
        assert done.returncode == 0, done.stderr
        return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}

    def filter(self):
        """The filter of a live search, with '%s' for the address."""
        first = self.addresses[0]
        done = sdrctl.run(self.live, 'route', '--explain', first)
        return re.search('^ *filter (.*)$', done.stdout, re.M)[1].replace(first, '%s')

    def exim_lookups(self):
        """The expansions that make Exim send the same queries, one for each address.

        Each is on two lines, because Exim reads at most 1,021 octets of a line.
        """
        who = f'user="{slapd.READER_DN}" pass="{slapd.READER_PASSWORD}"'
        url = f'{self.premises.slapd.uri}/{slapd.SUFFIX}?mailRoutingAddress?sub?'
        template = self.filter()
        return ['${lookup ldap{%s \\\n%s}}' % (who, url + quote(template.replace('%s', address),
                                                               safe='()=@'))
                for address in self.addresses]
