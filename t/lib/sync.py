"""sync.py - sdr-sync, and the replica that it keeps

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
import subprocess

import paths
from daemon import Daemon, assert_clean, environment


class Sync(Daemon):
    """conf_text(path) is the text of sdr.conf for a replica at this path."""

    program = 'sync/sdr-sync'

    def __init__(self, folder, conf_text):
        self.home = folder / 'replica'
        self.home.mkdir(parents=True)
        shutil.chown(self.home, 'sdr', 'sdr')
        self.home.chmod(0o750)
        self.path = self.home / 'replica'
        super().__init__(folder, conf_text(self.path))

    def once(self, *options):
        """sdr-sync --once; its CompletedProcess, output as text."""
        done = subprocess.run(
            [paths.BUILD / self.program, '-c', self.conf, '--once', *options], text=True,
            capture_output=True, env=environment(), user='sdr', group='sdr', extra_groups=[],
            timeout=120, check=False)
        assert_clean(done.stderr)
        return done
