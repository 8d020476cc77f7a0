"""milter.py - sdr-milter as a service manager would run it

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import paths
from daemon import Daemon


class Milter(Daemon):
    """In the MTAs' groups, so that it may give them the socket."""

    program = 'milter/sdr-milter'
    groups = ('postfix', 'smmta')
    # One that is stopped while it starts leaves the signal to libmilter, which starts the
    # threads of its pool after the first sign of life and destroys what they are just taking.
    settle = 0.3 if 'tsan' in paths.BUILD.name else 0

    @property
    def socket_path(self):
        """Where it listens, or will after its next start."""
        found = re.search('^socket *= *unix:(.*)$', self.conf.read_text(encoding='utf-8'), re.M)
        return found[1] if found else ''
