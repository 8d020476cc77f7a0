"""slapd.py - a private OpenLDAP server for one test

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import functools
import os
import re
import shutil
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import paths
from proc import Process, free_port, listening, run

SUFFIX = 'dc=example,dc=com'
ADMIN_DN, ADMIN_PASSWORD = f'cn=admin,{SUFFIX}', 'admin'
MANY = 50_000  # octets of entries: a larger database is not cached
READER_DN, READER_PASSWORD = f'cn=router,ou=services,{SUFFIX}', 'router secret'

SERVER = paths.prefix('slapd')
STANDARD_SCHEMA = [SERVER / f'etc/ldap/schema/{name}.schema'
                   for name in ('core', 'cosine', 'inetorgperson', 'misc')]

BASE = f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=services,{SUFFIX}
objectClass: organizationalUnit
ou: services

dn: {READER_DN}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: router
userPassword: {READER_PASSWORD}

"""

# For Slapd(acl=...). The reader binds and is refused (result 50) ...
NO_ACCESS = 'access to * by * auth\n'
# ... or sees nothing: result 0, no entries.
BLIND = f"""\
access to attrs=userPassword by anonymous auth by * none
access to dn.base="{SUFFIX}" by * search
access to * by * none
"""


def default_acl(anonymous_read=False):
    return f"""\
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{READER_DN}" read by * {'read' if anonymous_read else 'auth'}
"""


def odd_schema(path, attribute, definition):
    """Write a schema with an object class, odd, that may have this attribute; returns its path."""
    path.write_text(f"attributetype ( 2.25.4711.1 NAME '{attribute}' {definition} )\n"
                    f"objectclass ( 2.25.4711.2 NAME 'odd' SUP top AUXILIARY MAY {attribute} )\n")
    return path


# For OpenSSL. The lowest security level allows old versions.
ONE_VERSION = """\
openssl_conf = openssl
[openssl]
ssl_conf = ssl
[ssl]
system_default = one
[one]
MinProtocol = TLSv{version}
MaxProtocol = TLSv{version}
CipherString = DEFAULT@SECLEVEL=0
"""


_loaded = {}  # {(configuration, entries): the database that slapadd made of them}


class Slapd:
    """ldap://, ldapi:// and, with tls, ldaps:// and StartTLS on the loopback address."""

    def __init__(self, folder, ldif='', *, port=None, tls=None, acl=None, anonymous_read=False,
                 schema=(), options='', sdr_schema=True, config_admin=False,
                 syncprov=True, maxsize=1 << 30, log='stats', threads=16, tls_version=None):
        """
        ldif     entries in addition to BASE; None: no entries at all, not even BASE
        tls      a tls.Certificate
        acl      access rules instead of the default ones
        schema   schema files beside the standard ones and ldap-schema/sdr.schema
        options  more lines for the database in slapd.conf
        sdr_schema=False leaves ours out; config_admin: who may change cn=config; True: the administrator;
        syncprov=False: without content synchronization; 'elsewhere': on another database;
        maxsize: of the database, in octets;
        tls_version: '1.1' or '1.2', the only one that it speaks;
        log='none': it does not write down what it is asked, which takes as long as the answer. It
        counts instead: search_count() and not searches()
        """
        self.folder = Path(folder)
        self.log_file = self.folder / 'slapd.log'
        self.port = port or free_port()
        self.ldaps_port = free_port() if tls else None
        self.uri = f'ldap://127.0.0.1:{self.port}'
        self.ldaps_uri = f'ldaps://127.0.0.1:{self.ldaps_port}' if tls else None
        self.ldapi_uri = 'ldapi://' + quote(str(self.folder / 'ldapi'), safe='')
        self.tls = tls
        self._ours = [paths.SCHEMA / 'sdr.schema'] if sdr_schema else []
        self._schema = [*STANDARD_SCHEMA, *self._ours, *schema]
        self._config_admin = ADMIN_DN if config_admin is True else config_admin
        self._syncprov = syncprov
        self._maxsize = maxsize
        self._log = log
        self._threads = threads
        self._tls_version = tls_version
        self._counted = 0
        self.acl = acl if acl is not None else default_acl(anonymous_read)
        self.options = options
        self._process = None
        (self.folder / 'db').mkdir(parents=True)
        self._conf = self.folder / 'slapd.conf'
        self._configure()
        if ldif is not None:
            self.load(ldif)

    def start(self):
        uris = ' '.join(filter(None, [self.uri, self.ldapi_uri, self.ldaps_uri]))
        started = self.log().count('slapd starting') if self.log_file.exists() else 0
        self._counted = 0
        # slapd allocates memory for as many connections as it may have descriptors.
        self._process = Process(['prlimit', '--nofile=1024', SERVER / 'usr/sbin/slapd', '-d',
                                 self._log, '-f', self._conf, '-h', uris], self.log_file,
                                env=self._environment())
        # Another process may listen on the chosen port, and slapd logs its start before it listens.
        self._process.wait_ready(lambda: self.log().count('slapd starting') > started
                                 and listening(self.port))
        return self

    def stop(self):
        """Does nothing if it does not run. start() uses the same data again."""
        if self.alive():
            self._process.stop()

    def kill(self):
        self._process.kill()

    def alive(self):
        return bool(self._process) and self._process.alive()

    def freeze(self):
        """It still accepts connections, and never answers."""
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    def modify(self, ldif):
        """Apply LDIF change records (changetype: modify, add, delete, modrdn) as the administrator."""
        self._tool('ldapmodify', input=ldif)

    def add(self, ldif):
        """Add entries as the administrator."""
        self._tool('ldapadd', input=ldif)

    def search(self, query='(objectClass=*)', *attributes, dn=ADMIN_DN, password=ADMIN_PASSWORD,
               uri=None, ok=(0,), options=(), base=SUFFIX):
        """The entries that this user finds, as LDIF; dn='' is anonymous."""
        return self._tool('ldapsearch', '-LLL', '-o', 'ldif-wrap=no', '-b', base, *options,
                          query, *attributes, dn=dn, password=password, uri=uri, ok=ok).stdout

    def dump(self):
        """All entries with their operational attributes."""
        return self.search('(objectClass=*)', '*', '+')

    def export(self):
        """The output of slapcat."""
        return run([SERVER / 'usr/sbin/slapcat', '-f', self._conf, '-b', SUFFIX],
                   env=environment()).stdout

    def log(self):
        return self.log_file.read_text(encoding='utf-8', errors='replace')

    def searches(self, needle=''):
        """The filters of all searches so far that contain this text, as slapd prints them."""
        return [f for f in re.findall(r' SRCH base=.* filter="(.*)"$', self.log(), re.M)
                if needle in f]

    def search_count(self):
        """The number of searches since its start, without those made by this function; with log='none'."""
        self._counted += 1
        text = self.search('(objectClass=*)', 'monitorOpInitiated', options=('-s', 'base'),
                           base='cn=Search,cn=Operations,cn=Monitor')
        return int(re.search('^monitorOpInitiated: (.*)$', text, re.M)[1]) - self._counted

    def set(self, tls=None, acl=None, options=None):
        """Change options of the constructor. Restarts the server if it runs."""
        self.tls = tls or self.tls
        self.acl = acl or self.acl
        self.options = self.options if options is None else options
        self._configure()
        if self.alive():
            self.kill()
            self.start()

    def change_acl(self, acl):
        """Replace the access rules, one per line. Connections stay open. Needs config_admin."""
        self.acl = acl
        self.modify('dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcAccess\n'
                    + ''.join(f'olcAccess: {line.removeprefix("access ")}\n'
                              for line in acl.splitlines()))

    def copy_data(self, folder, back=False):
        """Keep the data of a server that does not run in this folder, or put them back."""
        source, target = (folder, self.folder / 'db') if back else (self.folder / 'db', folder)
        shutil.rmtree(target, ignore_errors=True)
        run(['cp', '-a', '--sparse=always', source, target])

    def empty(self):
        """Remove all data while it is stopped."""
        for file in (self.folder / 'db').iterdir():
            file.unlink()

    def _configure(self):
        self._conf.write_text(self._configuration())

    def load(self, entries):
        """Load BASE and these, LDIF or a list of it; the server must not run and must have no data yet."""
        if not isinstance(entries, str) or len(entries) > MANY:
            self._slapadd(entries)
            return
        # Most tests copy a database that an earlier test has made.
        key = re.sub('^TLS.*', '', self._configuration(), flags=re.M).replace(str(self.folder), ''), entries
        file = self.folder / 'db/data.mdb'
        if key in _loaded:
            write_sparse(file, *_loaded[key])
            return
        self._slapadd(entries)
        _loaded[key] = read_sparse(file)
        if len(_loaded) > 20:
            del _loaded[next(iter(_loaded))]

    def _slapadd(self, entries):
        pieces = [entries] if isinstance(entries, str) else entries
        file = self.folder / 'entries.ldif'
        with file.open('w', encoding='utf-8') as out:
            out.writelines(chain([BASE], pieces))
        run([SERVER / 'usr/sbin/slapadd', '-q', '-f', self._conf, '-l', file], env=environment(),
            timeout=3600)
        file.unlink()

    def _configuration(self):
        return '\n'.join([
            *(f'include {file}' for file in self._schema),
            f'threads {self._threads}',
            f'modulepath {SERVER}/usr/lib/ldap',
            'moduleload back_mdb',
            *(['moduleload syncprov'] if self._syncprov else []),
            *self._tls_lines(),
            *(['database config', f'rootdn "{self._config_admin}"'] if self._config_admin else []),
            'database mdb',
            f'suffix "{SUFFIX}"',
            f'rootdn "{ADMIN_DN}"',
            f'rootpw "{ADMIN_PASSWORD}"',
            f'directory {self.folder}/db',
            f'maxsize {self._maxsize}',
            'dbnosync',
            'index objectClass,entryUUID,entryCSN eq',
            *(['index mail,mailLocalAddress,sdrAddress eq,pres', 'index sdrRoutingAddress,sdrHold pres']
              if self._ours else []),
            *(['overlay syncprov'] if self._syncprov is True else []),
            self.options,
            self.acl,
            *(self._other_database() if self._syncprov == 'elsewhere' else []),
            *(['database monitor', f'access to * by dn.exact="{ADMIN_DN}" read']
              if self._log == 'none' else [])])

    def _other_database(self):
        (self.folder / 'other').mkdir(exist_ok=True)
        return ['database mdb', 'suffix "dc=other"', f'directory {self.folder}/other',
                'overlay syncprov']

    def _tls_lines(self):
        if not self.tls:
            return []
        return [f'TLSCACertificateFile {self.tls.ca}', f'TLSCertificateFile {self.tls.cert}',
                f'TLSCertificateKeyFile {self.tls.key}',
                *([f'TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS{self._tls_version}']
                  if self._tls_version and not uses_openssl() else [])]

    def _environment(self):
        if not self._tls_version or not uses_openssl():
            return environment()
        file = self.folder / 'openssl.cnf'
        file.write_text(ONE_VERSION.format(version=self._tls_version))
        return {**environment(), 'OPENSSL_CONF': str(file)}

    def _tool(self, tool, *arguments, dn=ADMIN_DN, password=ADMIN_PASSWORD, uri=None, ok=(0,),
              **options):
        bind = ['-D', dn, '-w', password] if dn else []
        return run([tool, '-x', '-H', uri or self.uri, *bind, *arguments], ok=ok,
                   env=environment(self.tls), **options)


def read_sparse(path):
    """The size of a sparse file, and the parts that are not holes: {offset: octets}."""
    pieces = {}
    with path.open('rb') as file:
        size = begin = file.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):  # no data after the last part
            begin = file.seek(0, os.SEEK_DATA)
            while begin < size:
                end = file.seek(begin, os.SEEK_HOLE)
                file.seek(begin)
                pieces[begin] = file.read(end - begin)
                begin = file.seek(end, os.SEEK_DATA)
    return size, pieces


def write_sparse(path, size, pieces):
    with open(path, 'wb') as file:
        path.chmod(0o600)
        file.truncate(size)
        for begin, octets in pieces.items():
            file.seek(begin)
            file.write(octets)


@functools.cache
def uses_openssl():
    """Since Debian 13; GnuTLS before."""
    return 'libssl.' in run(['ldd', SERVER / 'usr/sbin/slapd'], env=environment()).stdout


def environment(tls=None):
    """Environment for slapd and the LDAP tools, without this machine's own LDAP configuration."""
    env = {**os.environ, 'LD_LIBRARY_PATH': paths.library_path('slapd')}
    for name in [n for n in env if n.startswith('LDAP')]:
        del env[name]
    env['LDAPCONF'] = '/dev/null'
    if tls:
        env['LDAPTLS_CACERT'] = str(tls.ca)
    return env
