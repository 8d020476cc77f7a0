"""ldapproxy.py - OpenLDAP as a proxy before other directory servers

SPDX-License-Identifier: BSD-2-Clause
"""
from pathlib import Path

import paths
from proc import Process, free_port, listening, run
from slapd import (ADMIN_DN, ADMIN_PASSWORD, BASE, READER_DN, READER_PASSWORD, SERVER,
                   STANDARD_SCHEMA, SUFFIX, default_acl, environment)

MODULES = ['back_mdb', 'back_ldap', 'back_meta', 'back_relay', 'rwm']


class LdapProxy:
    """ldap:// on the loopback address; options are the lines of its databases."""

    def __init__(self, folder, options):
        folder = Path(folder)
        folder.mkdir()
        self.port = free_port()
        self.uri = f'ldap://127.0.0.1:{self.port}'
        self._log = folder / 'slapd.log'
        self._conf = folder / 'slapd.conf'
        self._process = None
        self._conf.write_text('\n'.join([
            *(f'include {file}' for file in [*STANDARD_SCHEMA, paths.SCHEMA / 'sdr.schema']),
            f'modulepath {SERVER}/usr/lib/ldap', *(f'moduleload {name}' for name in MODULES),
            options, '']))

    def start(self):
        self._process = Process([SERVER / 'usr/sbin/slapd', '-d', 'none', '-f', self._conf,
                                 '-h', self.uri], self._log, env=environment())
        self._process.wait_ready(lambda: listening(self.port))
        return self

    def stop(self):
        self._process.stop()

    def add(self, ldif):
        """Add entries as the administrator of its own database."""
        run(['ldapadd', '-x', '-H', self.uri, '-D', ADMIN_DN, '-w', ADMIN_PASSWORD], input=ldif,
            env=environment())


def back_ldap(server, *more):
    """Options for a proxy of this server."""
    return '\n'.join(['database ldap', f'suffix "{SUFFIX}"', *behind(server), *more])


def behind(server):
    """Connects with TLS if the server supports it."""
    if not server.ldaps_uri:
        return [f'uri "{server.uri}"']
    return [f'uri "{server.ldaps_uri}"', f'tls ldaps tls_cacert={server.tls.ca}']


PEOPLE = f'ou=people,{SUFFIX}'
BASE_WITHOUT_PEOPLE = BASE.replace(f'dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n', '')


def glued(server, folder):
    """Options for a proxy that shows ou=people of this server below its own tree, which is stored in this
    folder."""
    folder.mkdir()
    return '\n'.join([
        'database ldap', f'suffix "{PEOPLE}"', 'subordinate', *behind(server),
        f'idassert-bind bindmethod=simple binddn="{READER_DN}" credentials="{READER_PASSWORD}" mode=none'
        + (f' tls_cacert={server.tls.ca}' if server.ldaps_uri else ''),
        'idassert-authzFrom "*"',
        'database mdb', f'suffix "{SUFFIX}"', f'rootdn "{ADMIN_DN}"', f'rootpw "{ADMIN_PASSWORD}"',
        f'directory {folder}', default_acl()])


def back_meta(**parts):
    """Options for a proxy of these subtrees on several servers: part='ou=x,dc=example,dc=com'."""
    return '\n'.join(['database meta', f'suffix "{SUFFIX}"', 'onerr continue',
                      *(f'uri "{uri}/ou={part},{SUFFIX}"' for part, uri in parts.items())])
