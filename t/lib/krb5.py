"""krb5.py - Kerberos for one test: the files of a client, and a KDC other than Active Directory

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
from pathlib import Path

import paths
from proc import Process, free_port, listening, run
from slapd import ADMIN_DN, READER_DN

REALM = 'EXAMPLE.COM'
READER, ADMIN = f'router@{REALM}', f'mover@{REALM}'
SERVER = paths.prefix('krb5')

CONF = """\
[libdefaults]
default_realm = {realm}
default_ccache_name = FILE:{cache}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
ignore_acceptor_hostname = true
{options}
[realms]
{realm} = {{
    kdc = {kdc}
}}
"""
KDC_CONF = """\
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:{port}
}}
[dbmodules]
db_module_dir = {modules}
"""
# For Slapd(options=...).
SLAPD_OPTIONS = f"""\
authz-regexp "^uid=router,.*cn=gssapi,cn=auth$" "{READER_DN}"
authz-regexp "^uid=mover,.*cn=gssapi,cn=auth$" "{ADMIN_DN}"
"""


class Client:
    """A krb5.conf; KRB5_CONFIG in the environment of the program under test is its path."""

    def __init__(self, folder, realm):
        """realm: the server, with an attribute kdc and a method export_keytab()."""
        self._folder, self._realm = Path(folder), realm
        self._folder.mkdir(parents=True)
        self.conf = self._folder / 'krb5.conf'
        self.default_cache = self._folder / 'cache'
        self.configure()

    def configure(self, *options, kdc=None):
        """Write krb5.conf; a running program sees the change."""
        text = CONF.format(realm=REALM, cache=self.default_cache, kdc=kdc or self._realm.kdc,
                           options='\n'.join(options))
        new = self._folder / 'new'
        new.write_text(text)
        new.rename(self.conf)

    def keytab(self, *principals):
        """A new file with the current keys of these accounts, readable only by sdr."""
        path = self._folder / 'keytab'
        path.unlink(missing_ok=True)
        for principal in principals or [READER]:
            self._realm.export_keytab(path, principal)
        shutil.chown(path, 'root', 'sdr')
        path.chmod(0o640)
        return path


class Kdc:
    """MIT's KDC, with accounts for the reader, the administrator and an LDAP server at 127.0.0.1."""

    def __init__(self, folder):
        self._folder, self._port = Path(folder), free_port()
        self._folder.mkdir(parents=True)
        self._process = None
        self.kdc = f'127.0.0.1:{self._port}'
        self.service_keytab = self._folder / 'service.keytab'
        self._env = {'KRB5_CONFIG': str(self._folder / 'krb5.conf'),
                     'KRB5_KDC_PROFILE': str(self._folder / 'kdc.conf'),
                     'LD_LIBRARY_PATH': paths.library_path('krb5')}
        (self._folder / 'krb5.conf').write_text(CONF.format(
            realm=REALM, cache='/nonexistent', kdc=self.kdc, options=''))
        (self._folder / 'kdc.conf').write_text(KDC_CONF.format(
            realm=REALM, folder=self._folder, port=self._port,
            modules=next(SERVER.glob('usr/lib/*-linux-gnu/krb5/plugins/kdb'))))
        self._run('kdb5_util', 'create', '-r', REALM, '-s', '-P', 'master')
        for principal in [READER, ADMIN, 'ldap/127.0.0.1']:
            self._run('kadmin.local', 'addprinc', '-randkey', principal)
        self.export_keytab(self.service_keytab, 'ldap/127.0.0.1')

    def start(self):
        self._process = Process([SERVER / 'usr/sbin/krb5kdc', '-n'], self._folder / 'log',
                                env=self._env)
        self._process.wait_ready(lambda: listening(self._port))
        return self

    def stop(self):
        if self._process and self._process.alive():
            self._process.stop()

    def export_keytab(self, path, principal):
        """Add the keys of this account to the file."""
        self._run('kadmin.local', 'ktadd', '-k', path, '-norandkey', principal)

    def _run(self, program, *arguments):
        run([SERVER / 'usr/sbin' / program, *arguments], env=self._env)
