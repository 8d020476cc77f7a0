"""ds389.py - a private 389 Directory Server

Its suffix is dc=example,dc=com, with the same administrator, reader and folders as the tests' slapd. Content
Synchronization, the Retro Changelog and MemberOf are enabled. It looks for plug-ins only where they would be
installed, so it runs in a mount namespace with the unpacked files laid over /usr.

SPDX-License-Identifier: BSD-2-Clause
"""
import base64
import hashlib
import re
import shutil
from itertools import count
from pathlib import Path
from urllib.parse import quote

import paths
from proc import Process, free_port, listening, run, wait_for
from samba import laid_over_usr
from slapd import ADMIN_DN, ADMIN_PASSWORD, BASE, READER_DN, READER_PASSWORD, SUFFIX, environment

SERVER = paths.prefix('389ds')
TEMPLATE = SERVER / 'usr/share/dirsrv/data/template-dse.ldif'
SCHEMA = paths.SCHEMA / '99sdr.ldif'
# Schema of other products that the tests need, such as Exchange's targetAddress.
FOREIGN_SCHEMA = paths.ROOT / 't/lib/ds389-schema.ldif'

FOLDERS = ['schema', 'lock', 'tmp', 'cert', 'ldif', 'bak', 'run', 'db', 'log']
INDEXED = ['sdrAddress', 'mailLocalAddress', 'proxyAddresses']

# Small, fast, and not durable. A password is hashed once, not ten thousand times.
SETTINGS = {
    'cn=config': """\
nsslapd-listenhost: 127.0.0.1
nsslapd-securelistenhost: 127.0.0.1
nsslapd-rootpwstoragescheme: SSHA
passwordStorageScheme: SSHA
nsslapd-accesslog-logbuffering: off
nsslapd-allow-anonymous-access: on
nsslapd-minssf-exclude-rootdse: on
""",
    'cn=config,cn=ldbm database,cn=plugins,cn=config': """\
nsslapd-cache-autosize: 0
nsslapd-dbcachesize: 10000000
nsslapd-db-durable-transaction: off
""",
    'cn=Retro Changelog Plugin,cn=plugins,cn=config': 'nsslapd-attribute: nsuniqueid:targetUniqueId\n',
}
ENABLED = ['Retro Changelog Plugin', 'Content Synchronization', 'MemberOf Plugin']

def aci(name, target, access, who=READER_DN):
    """One access rule; target is for instance 'targetattr="mail || sdrOwner"'."""
    return f'({target})(version 3.0; acl "{name}"; allow ({access}) userdn="ldap:///{who}";)'


# The reader sees everything except passwords.
READER_ACI = aci('reader', 'targetattr!="userPassword || aci"', 'read,search,compare')

# FreeIPA has its users below cn=accounts and shows them a second time below cn=compat.
ACCOUNTS = f'cn=accounts,{SUFFIX}'


def freeipa(people):
    """
    Convert entries of ou=people to FreeIPA's form, with their parent entries. The entries that FreeIPA's
    plug-in schema-compat would compute are stored here.
    """
    compat = re.sub(r'^(objectClass|sdr\w+|mail\w*): .*\n', '', people, flags=re.M).replace(
        '\nuid: ', '\nobjectClass: account\nobjectClass: extensibleObject\nuid: ')
    return ''.join([
        container(ACCOUNTS), container(f'cn=users,{ACCOUNTS}'), container(f'cn=groups,{ACCOUNTS}'),
        container(f'cn=compat,{SUFFIX}'), container(f'cn=users,cn=compat,{SUFFIX}'),
        people.replace(f',ou=people,{SUFFIX}', f',cn=users,{ACCOUNTS}'),
        compat.replace(f',ou=people,{SUFFIX}', f',cn=users,cn=compat,{SUFFIX}')])


def container(dn):
    return f'dn: {dn}\nobjectClass: nsContainer\n\n'


class DS389:
    """ldap://, ldapi:// and, with tls, ldaps:// and StartTLS on the loopback address."""

    def __init__(self, folder, ldif='', *, tls=None, acis=(READER_ACI,),
                 schema=(SCHEMA, FOREIGN_SCHEMA), indexed=INDEXED):
        """
        ldif     entries beside slapd.BASE; None: there is no suffix yet
        tls      a tls.Certificate
        acis     access rules at the suffix
        schema   schema files in addition to its own
        indexed  attributes to index for equality, in addition to the standard ones
        """
        self.folder = Path(folder)
        self.log_file = self.folder / 'log/access'
        self.port, self.ldaps_port = free_port(), free_port() if tls else None
        self.uri = f'ldap://127.0.0.1:{self.port}'
        self.ldaps_uri = f'ldaps://127.0.0.1:{self.ldaps_port}' if tls else None
        self.ldapi_uri = 'ldapi://' + quote(str(self.folder / 'ldapi'), safe='')
        self.tls = tls
        self._ldif, self._acis, self._indexed = ldif, acis, indexed
        self._process = None
        self._numbers = count()
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True)
        shutil.copy(SERVER / 'etc/dirsrv/schema/99user.ldif', self.folder / 'schema')
        for file in schema:
            shutil.copy(file, self.folder / 'schema' / f'99{file.name.removeprefix("99")}')
        shutil.copy(SERVER / 'etc/dirsrv/config/slapd-collations.conf', self.folder)
        (self.folder / 'dse.ldif').write_text(self._configuration())
        if tls:
            self._store_certificate()

    def start(self):
        self._process = Process(
            laid_over_usr(['ns-slapd', '-D', self.folder, '-i', self.folder / 'pid', '-d', '0'], '389ds'),
            self.folder / 'log/errors')
        self._process.wait_ready(lambda: listening(self.port)
                                 and (not self.tls or listening(self.ldaps_port)))
        if self._ldif is not None:
            self.add_suffix('userroot', SUFFIX)
            self.add(BASE)
            self.set_acis(self._acis)
            self.add(self._ldif)
            self._ldif = None
        return self

    def stop(self):
        """Does nothing if it does not run. start() uses the same data again."""
        if self.alive():
            self._process.stop()

    def kill(self):
        self._process.kill()

    def close(self):
        """For fixtures: kill it, because its data are no longer needed and a normal stop takes seconds."""
        if self.alive():
            self.kill()

    def alive(self):
        return bool(self._process) and self._process.alive()

    def freeze(self):
        """It still accepts connections, and never answers."""
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    def modify(self, ldif, **options):
        """Apply LDIF change records, as the administrator unless stated otherwise."""
        return self._tool('ldapmodify', input=ldif, **options)

    def add(self, ldif, **options):
        """Add entries as the administrator."""
        if ldif:
            self._tool('ldapadd', input=ldif, **options)

    def search(self, query='(objectClass=*)', *attributes, dn=ADMIN_DN, password=ADMIN_PASSWORD,
               uri=None, ok=(0,), options=(), base=SUFFIX):
        """The entries that this user finds, as LDIF; dn='' is anonymous."""
        return self._tool('ldapsearch', '-LLL', '-o', 'ldif-wrap=no', '-b', base, *options,
                          query, *attributes, dn=dn, password=password, uri=uri, ok=ok).stdout

    def compare(self, entry, assertion, *, dn=READER_DN, password=READER_PASSWORD):
        """The result code of a compare; the assertion is 'attribute:value'."""
        return self._tool('ldapcompare', entry, assertion, dn=dn, password=password,
                          ok=range(256)).returncode

    def set_acis(self, acis):
        """Replace the ACIs of the suffix. Connections stay open."""
        self.modify(f'dn: {SUFFIX}\nchangetype: modify\nreplace: aci\n'
                    + ''.join(f'aci: {rule}\n' for rule in acis))

    def add_suffix(self, name, dn, parent=None):
        """Add an empty database; parent is the suffix above it, if any."""
        self.add(f"""\
dn: cn={name},cn=ldbm database,cn=plugins,cn=config
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: {name}
nsslapd-suffix: {dn}

dn: cn="{dn}",cn=mapping tree,cn=config
objectClass: extensibleObject
objectClass: nsMappingTree
cn: {dn}
nsslapd-state: backend
nsslapd-backend: {name}
""" + (f'nsslapd-parent-suffix: {parent}\n' if parent else ''))

    def set_suffix(self, dn, state):
        """'disabled': it answers as during an import of its entries; 'backend' again."""
        self.modify(f'dn: cn="{dn}",cn=mapping tree,cn=config\nchangetype: modify\n'
                    f'replace: nsslapd-state\nnsslapd-state: {state}\n')

    def replicate(self):
        """From now on it keeps data for replication: tombstones, states of values."""
        self.add(f"""\
dn: cn=replica,cn="{SUFFIX}",cn=mapping tree,cn=config
objectClass: nsDS5Replica
cn: replica
nsDS5ReplicaRoot: {SUFFIX}
nsDS5ReplicaId: 1
nsDS5ReplicaType: 3
nsDS5Flags: 1
nsDS5ReplicaBindDN: cn=replication,cn=config
""")

    def export(self):
        """The output of db2ldif -r: with states of values and tombstones, if it has any."""
        name = f'to-ldif-{next(self._numbers)}'
        file = self.folder / 'ldif' / name
        self.add(f'dn: cn={name},cn=export,cn=tasks,cn=config\nobjectClass: extensibleObject\n'
                 f'cn: {name}\nnsInstance: userroot\nnsFilename: {file}\nnsExportReplica: true\n')
        self.wait_task(name)
        return file.read_text()

    def wait_task(self, name):
        """Wait until the tasks of this name are done."""
        wait_for(lambda: 'dn: ' not in self.search(f'(&(cn={name})(!(nsTaskExitCode=*)))', '1.1',
                                                   base='cn=tasks,cn=config'), 60, f'task {name}')

    def forget_changes(self):
        """Delete all changes but the last from the retro changelog. Restarts, because its settings require
        it."""
        self.modify("""\
dn: cn=Retro Changelog Plugin,cn=plugins,cn=config
changetype: modify
replace: nsslapd-changelogmaxage
nsslapd-changelogmaxage: 1s
-
replace: nsslapd-changelog-trim-interval
nsslapd-changelog-trim-interval: 1
""")
        last = self.change_numbers()[1]
        self.stop()
        self.start()
        wait_for(lambda: self.change_numbers()[0] >= last, 60, 'the change log is cut')

    def change_numbers(self):
        """(first, last) change number in the retro changelog."""
        text = self.search('(objectClass=*)', 'firstchangenumber', 'lastchangenumber', base='',
                           options=('-s', 'base'))
        return tuple(int(re.search(f'{which}changenumber: (.*)', text)[1]) for which in ('first', 'last'))

    def empty(self):
        """Restore the initial state, without people."""
        keep = {line for line in BASE.splitlines() if line.startswith('dn: ')}
        found = self.search('(objectClass=*)', '1.1', options=('-M',))
        gone = [line for line in found.splitlines() if line.startswith('dn:') and line not in keep]
        # Delete entries before their parents.
        self._tool('ldapmodify', '-M', input=''.join(f'{dn}\nchangetype: delete\n\n' for dn in reversed(gone)))
        self.set_acis(self._acis)

    def copy_data(self, folder, back=False):
        """Keep the data of a server that does not run in this folder, or put them back."""
        source, target = (folder, self.folder / 'db') if back else (self.folder / 'db', folder)
        shutil.rmtree(target, ignore_errors=True)
        run(['cp', '-a', '--sparse=always', source, target])

    def log(self):
        """The access log: the requests that it received."""
        return self.log_file.read_text(encoding='utf-8', errors='replace')

    def searches(self, needle=''):
        """The filters of all searches so far that contain this text, as it prints them."""
        return [f for f in re.findall(r' SRCH base=.*? filter="(.*?)" attrs=', self.log())
                if needle in f]

    def _configuration(self):
        text = TEMPLATE.read_text()
        for name in ENABLED:
            text = re.sub(rf'(dn: cn={name},(?:.+\n)*?nsslapd-pluginenabled: )off', r'\1on', text)
        for dn, lines in SETTINGS.items():
            text = text.replace(f'dn: {dn}\n', f'dn: {dn}\n{lines}')
        if self.tls:
            text = text.replace('dn: cn=config\n', f'dn: cn=config\nnsslapd-security: on\n'
                                f'nsslapd-securePort: {self.ldaps_port}\n')
        return re.sub(r'%(\w+)%', lambda m: self._value(m[1]), text) + ''.join(map(index, self._indexed))

    def _value(self, name):
        values = {'fqdn': '127.0.0.1', 'ds_port': str(self.port), 'ds_user': 'root',
                  'rootdn': ADMIN_DN, 'ds_passwd': hashed(ADMIN_PASSWORD), 'ds_suffix': SUFFIX,
                  'ldapi_enabled': 'on', 'ldapi': str(self.folder / 'ldapi'), 'ldapi_autobind': 'off',
                  'config_dir': str(self.folder), 'inst_dir': str(self.folder), 'db_lib': 'bdb',
                  'db_home_dir': str(self.folder / 'db')}
        return values.get(name) or str(self.folder / name.removesuffix('_dir'))

    def _store_certificate(self):
        """Store the certificate in an NSS database; its key has no password."""
        store, both = f'sql:{self.folder / "cert"}', self.folder / 'both.p12'
        run(['openssl', 'pkcs12', '-export', '-in', self.tls.cert, '-inkey', self.tls.key,
             '-name', 'Server-Cert', '-passout', 'pass:', '-out', both])
        env = {**environment(), 'LD_LIBRARY_PATH': paths.library_path('389ds')}
        for command in [['certutil', '-N', '-d', store, '--empty-password'],
                        ['pk12util', '-i', both, '-d', store, '-K', '', '-W', ''],
                        ['certutil', '-A', '-d', store, '-n', 'ca', '-t', 'CT,,', '-a', '-i', self.tls.ca]]:
            run([SERVER / 'usr/bin' / command[0], *command[1:]], env=env)

    def _tool(self, tool, *arguments, dn=ADMIN_DN, password=ADMIN_PASSWORD, uri=None, ok=(0,),
              **options):
        bind = ['-D', dn, '-w', password] if dn else []
        return run([tool, '-x', '-H', uri or self.uri, *bind, *arguments], ok=ok,
                   env=environment(self.tls), **options)


def index(attribute):
    return (f'dn: cn={attribute},cn=default indexes,cn=config,cn=ldbm database,cn=plugins,cn=config\n'
            f'objectClass: nsIndex\ncn: {attribute}\nnsSystemIndex: false\nnsIndexType: eq\n\n')


def hashed(password, salt=b'salt'):
    digest = hashlib.sha1(password.encode() + salt).digest()
    return '{SSHA}' + base64.b64encode(digest + salt).decode()
