"""peoplefile.py - a directory that is an LDIF file, and the sdr-sync that reads it

SPDX-License-Identifier: BSD-2-Clause
"""
import os

import world
from sync import Sync


class PeopleFile:
    """sync is not started. Other programs can use conf, or conf_text() with more sections."""

    def __init__(self, folder, text=world.PEOPLE, **sections):
        (folder / 'files').mkdir(parents=True)
        self.path = folder / 'files/people.ldif'
        self.write(text)
        self._sections = sections
        self.sync = Sync(folder, lambda replica_path: world.conf_of_file(
            self.path, replica_path, **sections))

    @property
    def conf(self):
        return self.sync.conf

    def conf_text(self, path=None, **sections):
        return world.conf_of_file(path or self.path, self.sync.path,
                                  **{**self._sections, **sections})

    def write(self, text):
        """Write in place: a reader may see a part of the file."""
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def replace(self, text):
        """Replace the file by rename, so that a reader sees all of it or the old one."""
        new = self.path.with_suffix('.new')
        new.write_text(text, encoding='utf-8')
        os.replace(new, self.path)

    def ask(self, *recipients):
        return self.sync.ask(*recipients)
