"""dovecot.py - a private Dovecot: IMAP and submission with TLS, at an address of its own

SPDX-License-Identifier: BSD-2-Clause
"""
from pathlib import Path

import paths
from mta import make_folder
from proc import Process, end_group, listening, run
from samba import laid_over_usr

IMAP, SUBMISSION = 993, 465

# What both versions understand.
SERVICES = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
auth_verbose = yes
default_internal_user = sdr
default_internal_group = sdr
default_login_user = nobody
first_valid_uid = 1
mail_uid = sdr
mail_gid = sdr
protocols = imap submission
listen = {address}
hostname = {name}
ssl = required
submission_relay_host = 127.0.0.1
submission_relay_port = {sink_port}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = 0
  }}
  inet_listener submissions {{
    port = {SUBMISSION}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
"""

CONFIGURATIONS = {
    '2.3': SERVICES + """\
mail_location = maildir:{folder}/mail/%u
ssl_cert = <{certificate.cert}
ssl_key = <{certificate.key}
# The CA that it trusts, in place of those of the system.
import_environment = $import_environment SSL_CERT_FILE={certificate.ca}
{first}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=sdr gid=sdr home={folder}/mail/%u
}}
""",
    '2.4': """\
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
""" + SERVICES + """\
mail_driver = maildir
mail_path = {folder}/mail/%{{user}}
ssl_server_cert_file = {certificate.cert}
ssl_server_key_file = {certificate.key}
{first}
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
userdb static {{
  fields {{
    uid = sdr
    gid = sdr
    home = {folder}/mail/%{{user}}
  }}
}}
""",
}


def version():
    """The version, such as 2.3."""
    program = paths.prefix('dovecot') / 'usr/sbin/dovecot'
    said = run([program, '--version'], env={'LD_LIBRARY_PATH': paths.library_path('dovecot')}).stdout
    return '.'.join(said.split('.')[:2])


class Dovecot:
    def __init__(self, folder, address, name, certificate, sink_port, passwords, *, first=''):
        """
        passwords   {user: password}; each user has one message, whose subject is
                    the name of the folder
        first       configuration that is read before ours
        """
        self.folder = Path(folder)
        self.address, self.name = address, name
        self._certificate = certificate
        self.folder.mkdir()
        make_folder(self.folder / 'mail', 'sdr', 'sdr', 0o750)
        for user in passwords:
            for part in ('', 'cur', 'new', 'tmp'):
                make_folder(self.folder / 'mail' / user / part, 'sdr', 'sdr', 0o750)
            (self.folder / 'mail' / user / 'new/1').write_text(f'Subject: {self.folder.name}\n\nHello\n')
        (self.folder / 'users').write_text(''.join(f'{u}:{{PLAIN}}{p}\n' for u, p in passwords.items()))
        self._file = self.folder / 'dovecot.conf'
        self._file.write_text(CONFIGURATIONS[version()].format(
            folder=self.folder, address=address, name=name, certificate=certificate, sink_port=sink_port,
            first=first, SUBMISSION=SUBMISSION))
        self._process = None

    def start(self):
        self._process = Process(laid_over_usr(['dovecot', '-F', '-c', self._file], 'dovecot'),
                                self.folder / 'output', start_new_session=True)
        self._process.wait_ready(lambda: listening(IMAP, self.address) and listening(SUBMISSION, self.address))
        return self

    def stop(self):
        if self._process and self._process.alive():
            self._process.stop()
            end_group(self._process.pid)

    def log(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')
