"""sync.py - sdr-sync and its replica

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import shutil
import subprocess

import paths
import sdrctl
from daemon import Daemon, assert_clean, environment
from proc import wait_for


class Sync(Daemon):
    """conf_text(path) returns the text of sdr.conf for a replica at this path."""

    program = 'sync/sdr-sync'

    def __init__(self, folder, conf_text):
        self.home = folder / 'replica'
        self.home.mkdir()
        shutil.chown(self.home, 'sdr', 'sdr')
        self.home.chmod(0o750)
        self.path = self.home / 'replica'
        self._conf_text = conf_text
        super().__init__(folder, conf_text(self.path))

    def share(self, group):
        """Let the processes of this group read the replica."""
        shutil.chown(self.home, 'sdr', group)
        self.home.chmod(0o2750)

    def once(self, *options, ok=(0,)):
        """Run sdr-sync --once; its CompletedProcess, output as text."""
        done = subprocess.run(
            [paths.BUILD / self.program, '-c', self.conf, '--once', *options], text=True,
            capture_output=True, env=environment(), user='sdr', group='sdr', extra_groups=[],
            timeout=300, check=False)
        assert_clean(done.stderr)
        assert done.returncode in ok, done.stderr
        return done

    def ask(self, *recipients):
        """
        'redirect alice@hosted.example.com' for each recipient, from the replica. From the directory while a
        new replica is incomplete, or if sdr-sync could not run.
        """
        answers = wait_for(lambda: self._answers(recipients), 60, 'answers of the replica')
        return [' '.join([a['verdict'], *a['targets']]) for a in answers]

    def _answers(self, recipients):
        done = sdrctl.run(self.conf, 'route', '--json', *recipients)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert answers, f'{done.stdout}{done.stderr}{self.log()[-4000:]}'
        return all(a['source'] in ('replica', 'none') for a in answers) and answers

    def complaint(self, directory='corp'):
        """The last message logged for this directory, if it is an error."""
        lines = [line for line in self.lines(f'directory {directory}: ')
                 if not line.startswith('<7>')]
        return lines[-1] if lines and lines[-1].startswith('<3>') else ''

    def wait_reported(self, *words, directory='corp', seconds=150):
        """Wait until that error contains all these texts: a page of entries may take a minute."""
        try:
            wait_for(lambda: all(word in self.complaint(directory) for word in words), seconds)
        except TimeoutError:
            raise AssertionError(f'no complaint with {words}:\n{self.log()[-4000:]}') from None

    def wait_well(self, directory='corp', seconds=60):
        """Wait until sdr-sync has no error for this directory."""
        try:
            wait_for(lambda: self.complaint(directory) == '', seconds)
        except TimeoutError:
            raise AssertionError(f'not well:\n{self.log()[-4000:]}') from None

    def dump(self):
        """The content of the replica, line by line."""
        done = sdrctl.run(self.conf, 'dump')
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def fresh_dump(self):
        """The content of a new replica that is made now."""
        for name in ('fresh', 'fresh-lock'):
            (self.home / name).unlink(missing_ok=True)
        fresh = Fresh(self.folder, self._conf_text(self.home / 'fresh'))
        fresh.once()
        return fresh.dump()

    def caught_up(self, seconds=60):
        """Wait until the replica equals a new one; returns its content."""
        wanted = self.fresh_dump()
        try:
            wait_for(lambda: self.dump() == wanted, seconds, 'the replica')
        except TimeoutError:
            have = self.dump()
            raise AssertionError('\n'.join(
                ['the replica differs from a fresh one:',
                 *[f'- {line}' for line in have if line not in wanted][:20],
                 *[f'+ {line}' for line in wanted if line not in have][:20],
                 self.log()[-4000:]])) from None
        return wanted


class Fresh(Sync):
    """A temporary replica beside another."""

    def __init__(self, folder, conf_text):  # pylint: disable=super-init-not-called
        self.folder = folder
        self.conf = folder / 'fresh.conf'
        self.configure(conf_text)
