"""milter.py - sdr-milter as a service manager would run it

SPDX-License-Identifier: BSD-2-Clause
"""
import re

from daemon import Daemon


class Milter(Daemon):
    """In the MTAs' groups, so that it may give them the socket."""

    program = 'milter/sdr-milter'
    groups = ('postfix', 'smmta')

    @property
    def socket_path(self):
        """Where it listens, or will after its next start."""
        found = re.search('^socket *= *unix:(.*)$', self.conf.read_text(encoding='utf-8'), re.M)
        return found[1] if found else ''
