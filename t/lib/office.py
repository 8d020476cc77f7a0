"""office.py - an administrator with a directory

SPDX-License-Identifier: BSD-2-Clause
"""
import json

import sdrctl
import slapd
import world


class Administrator:
    """
    journals  the folder of the journals
    conf      the path of sdr.conf; set by the derived classes
    """

    def __init__(self, folder):
        self.journals = folder / 'journal'
        self.journals.mkdir(0o700)

    def run(self, *arguments, code=0, **options):
        """The output of sdrctl on both streams."""
        done = sdrctl.run(self.conf, *arguments, **options)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def journal(self):
        """The path of the last journal."""
        return max(self.journals.glob('*.ldif'), key=lambda path: path.stat().st_mtime_ns)


class Office(Administrator):
    """An administrator whose directory is a server."""

    def __init__(self, folder, server, *, dn=slapd.ADMIN_DN, password=slapd.ADMIN_PASSWORD,
                 **sections):
        """dn, password: the administrator's credentials in sdr.conf; sections: more of sdr.conf."""
        super().__init__(folder)
        self.server = server
        secret = folder / 'admin-password'
        secret.write_text(f'{password}\n')
        secret.chmod(0o600)
        directory = {'uri': server.uri, 'password-file': str(world.password_file(folder)),
                     'admin-bind-dn': dn, 'admin-password-file': str(secret),
                     **sections.pop('directory_corp', {})}
        self.conf = sdrctl.write_conf(folder, world.conf(
            directory_corp=directory, main={'journal-directory': str(self.journals)}, **sections))

    def verdicts(self, *addresses):
        done = sdrctl.run(self.conf, 'route', '--json', *addresses)
        return [json.loads(line)['verdict'] for line in done.stdout.splitlines()]

    def state(self):
        """All attribute values that routing uses."""
        return sorted(self.server.search('(|(mail=*)(mailLocalAddress=*))', 'objectClass', 'mail',
                                         'sdrOwner', 'sdrHold', 'sdrRoutingAddress').split('\n\n'))
