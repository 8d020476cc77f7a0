"""milter.py - runs sdr-milter as a service manager would

SPDX-License-Identifier: BSD-2-Clause
"""
import re

from daemon import Daemon


class Milter(Daemon):
    """In the MTAs' groups, so that it may change the socket's group."""

    program = 'milter/sdr-milter'
    groups = ('postfix', 'smmta')

    @property
    def socket_path(self):
        """The socket that it listens on, or will after its next start."""
        found = re.search('^socket *= *unix:(.*)$', self.conf.read_text(encoding='utf-8'), re.M)
        return found[1] if found else ''
