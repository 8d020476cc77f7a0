"""samba.py - a private Active Directory domain controller (Samba) for one test

Its domain is example.com, so its entries are below dc=example,dc=com, as in the tests' slapd; the reader's
account, too. The ports of a domain controller cannot be chosen, so each has its own loopback address. Samba
looks for modules only where they would be installed, so it runs in a mount namespace with the unpacked files
laid over /usr.

SPDX-License-Identifier: BSD-2-Clause
"""
import base64
import fcntl
import functools
import hashlib
import os
import random
import shutil
import tempfile
from pathlib import Path

import paths
from krb5 import REALM
from proc import Process, listening, run
from slapd import READER_PASSWORD, SUFFIX, environment
from tls import CA

DOMAIN = 'EXAMPLE'
HOST = 'dc1.example.com'
ADMIN_DN, ADMIN_PASSWORD = f'CN=Administrator,CN=Users,{SUFFIX}', 'Passw0rd.Admin'
READER_UPN = 'router@example.com'

ALREADY_THERE = 20  # attributeOrValueExists
PORTS = [88, 389, 464, 636, 3268, 3269]
SCHEMA = paths.SCHEMA / 'sdr-ad.ldif'
# Schema of other products that the tests need, such as Exchange's targetAddress.
FOREIGN_SCHEMA = paths.ROOT / 't/lib/samba-schema.ldif'
IMAGES = paths.ROOT / 'build/ad'
# The parameters of RFC 7919. Without a file Samba computes some at each start, which takes seconds.
DH_PARAMETERS = 'dh.pem'

SMB_CONF = """\
[global]
netbios name = DC1
realm = {realm}
workgroup = {domain}
server role = active directory domain controller
server services = ldap, kdc
interfaces = {address}/8
bind interfaces only = yes
disable netbios = yes
dsdb:schema update allowed = yes
private dir = {folder}/private
lock directory = {folder}
state directory = {folder}/state
cache directory = {folder}/cache
pid directory = {folder}/run
ncalrpc dir = {folder}/ncalrpc
ntp signd socket directory = {folder}/run/ntp_signd
winbindd socket directory = {folder}/run/winbindd
binddns dir = {folder}/bind-dns
logging = file
max log size = 0
tls enabled = yes
tls cafile = {tls.ca}
tls certfile = {tls.cert}
tls keyfile = {tls.key}
tls dh params file = {dh_parameters}
{options}
[sysvol]
path = {folder}/state/sysvol
read only = no
[netlogon]
path = {folder}/state/sysvol/example.com/scripts
read only = no
"""


def user(name, password, **attributes):
    """LDIF of an account below ou=services that can bind."""
    values = {'sAMAccountName': name, 'userPrincipalName': f'{name}@example.com',
              'userAccountControl': '512', **attributes}
    return '\n'.join([f'dn: CN={name},OU=services,{SUFFIX}', 'objectClass: user',
                      *(f'{key}: {value}' for key, value in values.items()),
                      f'unicodePwd:: {quoted_password(password)}', '', ''])


def quoted_password(password):
    """The value of unicodePwd for LDIF: quoted, UTF-16, base64."""
    return base64.b64encode(f'"{password}"'.encode('utf-16-le')).decode()


def organizational_unit(name):
    return f'dn: OU={name},{SUFFIX}\nobjectClass: organizationalUnit\n\n'


# samba-tool does not find this object. LCRP: list, and read.
SHOW_DELETIONS = """\
import os
import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load(os.environ['SMB_CONF_PATH'])
db = SamDB(session_info=system_session(), lp=lp)
domain = security.dom_sid(db.get_domain_sid())
reader = db.search(base=db.domain_dn(), expression='(sAMAccountName=router)',
                   attrs=['objectSid'])[0]
sid = str(ndr_unpack(security.dom_sid, reader['objectSid'][0]))
controls = ['show_deleted:1', 'sd_flags:1:4']
dn = ldb.Dn(db, 'CN=Deleted Objects,' + str(db.domain_dn()))
found = db.search(base=dn, scope=ldb.SCOPE_BASE, attrs=['nTSecurityDescriptor'],
                  controls=controls)[0]
old = ndr_unpack(security.descriptor, found['nTSecurityDescriptor'][0]).as_sddl(domain)
at = old.index('(')
new = security.descriptor.from_sddl(old[:at] + '(A;CI;LCRP;;;' + sid + ')' + old[at:], domain)
message = ldb.Message(dn)
message['sd'] = ldb.MessageElement(ndr_pack(new), ldb.FLAG_MOD_REPLACE, 'nTSecurityDescriptor')
db.modify(message, controls=controls)
"""

BASE = ''.join([*map(organizational_unit, ['people', 'groups', 'services']),
                user('router', READER_PASSWORD)])


class Samba:
    """ldap:// with StartTLS, ldaps://, the global catalog, and a KDC, on an address of its own."""

    def __init__(self, folder, ca, *, image=None, options=''):
        """
        image    a folder to copy; by default one with our schema and the reader
        options  more lines for smb.conf
        """
        self.folder = Path(folder)
        self.log_file = self.folder / 'log.samba'
        self.address = free_address()
        self.uri, self.ldaps_uri = f'ldap://{self.address}', f'ldaps://{self.address}'
        self.kdc = f'{self.address}:88'
        self.gc_uri, self.gc_ldaps_uri = f'{self.uri}:3268', f'{self.ldaps_uri}:3269'
        self.tls = ca.issue(f'dc-{self.address}', f'IP:{self.address},DNS:{HOST}')
        self.tls.key.chmod(0o600)
        self._options = options
        self._process = None
        copy(image or extended_image(), self.folder)

    def start(self):
        conf = self.folder / 'smb.conf'
        conf.write_text(SMB_CONF.format(realm=REALM, domain=DOMAIN, address=self.address,
                                        folder=self.folder, tls=self.tls, options=self._options,
                                        dh_parameters=self.folder / DH_PARAMETERS))
        self._process = Process(
            laid_over_usr(['samba', '-F', '--no-process-group', '-M', 'single', '-s', conf,
                           '-l', self.folder]),
            self.folder / 'output')
        self._process.wait_ready(lambda: all(listening(p, self.address) for p in PORTS), 30)
        self._tool('ldapmodify', ok=(0, ALREADY_THERE), input=f"""\
dn: CN=DC1,OU=Domain Controllers,{SUFFIX}
changetype: modify
add: servicePrincipalName
servicePrincipalName: ldap/{self.address}
""")
        return self

    def stop(self):
        """Does nothing if it does not run. start() uses the same data again."""
        if self._process and self._process.alive():
            self._process.stop()

    def kill(self):
        self._process.kill()

    def freeze(self):
        """It still accepts connections, and never answers."""
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    def modify(self, ldif, **options):
        """Apply LDIF change records, as the administrator unless stated otherwise."""
        self._tool('ldapmodify', input=ldif, **options)

    def add(self, ldif):
        """Add entries as the administrator."""
        self._tool('ldapadd', input=ldif)

    def search(self, query='(objectClass=*)', *attributes, dn=ADMIN_DN, password=ADMIN_PASSWORD,
               uri=None, ok=(0,), options=()):
        """The entries that this user finds, as LDIF; dn='' is anonymous."""
        return self._tool('ldapsearch', '-LLL', '-o', 'ldif-wrap=no', '-b', SUFFIX, *options,
                          query, *attributes, dn=dn, password=password, uri=uri, ok=ok).stdout

    def remove(self, dn):
        """Delete an entry and its subtree."""
        self._tool('ldapdelete', '-e', '!1.2.840.113556.1.4.805', dn)

    def set_password(self, dn, password):
        self.modify(f'dn: {dn}\nchangetype: modify\nreplace: unicodePwd\n'
                    f'unicodePwd:: {quoted_password(password)}\n')

    def empty(self):
        """Remove all people and groups."""
        for name in ['people', 'groups']:
            self.remove(f'OU={name},{SUFFIX}')
        self.add(''.join(map(organizational_unit, ['people', 'groups'])))

    def copy_data(self, folder, back=False):
        """Keep the data of a server that does not run in this folder, or put them back."""
        source, target = self.folder / 'private', Path(folder)
        if back:
            source, target = target, source
        shutil.rmtree(target, ignore_errors=True)
        copy(source, target)

    def show_deletions(self):
        """Let the reader see deleted objects, as in ldap-schema/README.md."""
        self.shell(f"/usr/bin/python3 - <<'EOF'\n{SHOW_DELETIONS}\nEOF\n")

    def export_keytab(self, path, principal):
        """Add the keys of this account to the file."""
        tool('domain', 'exportkeytab', path, f'--principal={principal}',
             '-s', self.folder / 'smb.conf')

    def shell(self, script):
        """Run a command as root of the domain controller would: samba-tool finds the data."""
        run(laid_over_usr(['sh', '-e', '-c', script]),
            env={**os.environ, 'SMB_CONF_PATH': str(self.folder / 'smb.conf')})

    def log(self):
        return self.log_file.read_text(encoding='utf-8', errors='replace')

    def _tool(self, tool, *arguments, dn=ADMIN_DN, password=ADMIN_PASSWORD, uri=None, ok=(0,),
              **options):
        bind = ['-D', dn, '-w', password] if dn else []
        return run([tool, '-x', '-H', uri or self.ldaps_uri, *bind, *arguments], ok=ok,
                   env=environment(self.tls), **options)


# --- images: initial folders of a domain controller, made once for all tests ---

def plain_image():
    """A domain as Samba makes it."""
    return image('plain', provision)


def extended_image():
    """With our schema as the README loads it, with foreign schema, and with the reader."""
    return image('extended', extend)


@functools.cache
def image(name, make):
    """The folder of this name. Makes it if it is missing or was made by other rules."""
    rules = b''.join(Path(f).read_bytes() for f in [
        __file__, SCHEMA, FOREIGN_SCHEMA, paths.prefix('samba') / '.unpacked'])
    folder = IMAGES / f'{name}-{hashlib.sha256(rules).hexdigest()[:16]}'
    IMAGES.mkdir(parents=True, exist_ok=True)
    with open(IMAGES / f'.{name}', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            work = Path(tempfile.mkdtemp(prefix='new-', dir=IMAGES))
            try:
                make(work)
                for old in IMAGES.glob(f'{name}-*'):
                    shutil.rmtree(old)
                work.rename(folder)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return folder


def provision(folder):
    tool('domain', 'provision', f'--targetdir={folder}', f'--realm={REALM}', f'--domain={DOMAIN}',
         '--server-role=dc', '--dns-backend=NONE', f'--adminpass={ADMIN_PASSWORD}',
         '--host-name=dc1', '--host-ip=127.0.0.2', '--option=interfaces=127.0.0.2/8',
         '--option=bind interfaces only=yes')
    tool('domain', 'passwordsettings', 'set', '--complexity=off', '--min-pwd-length=1',
         '-H', folder / 'private/sam.ldb', '-s', folder / 'etc/smb.conf')
    run(['openssl', 'genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048',
         '-out', folder / DH_PARAMETERS])


def extend(folder):
    with paths.scratch() as scratch:
        server = Samba(scratch / 'dc', CA(scratch / 'ca'), image=plain_image())
        try:
            server.start()
            server.modify(in_this_domain(SCHEMA.read_text()))
            server.modify(in_this_domain(FOREIGN_SCHEMA.read_text()))
            server.add(BASE)
        finally:
            server.stop()
        for name in ['log.samba', 'output', 'smb.conf']:
            (server.folder / name).unlink()
        copy(server.folder, folder)


def in_this_domain(ldif):
    """Put this domain's DN into the schema, as ldap-schema/README.md says."""
    return ldif.replace('DC=X', SUFFIX)


# --- helpers ---

def copy(source, target):
    """Copy it with its holes: the databases are sparse files."""
    Path(target).mkdir(parents=True, exist_ok=True)
    run(['cp', '-a', '--sparse=always', f'{source}/.', target])


def tool(*arguments):
    """A busy machine may take minutes to make a domain."""
    return run(laid_over_usr(['samba-tool', *arguments]), timeout=600)


def laid_over_usr(argv, server='samba'):
    """The command line that runs this command with the server's files laid over /usr, in the same process."""
    lower = f'{paths.prefix(server).resolve()}/usr:/usr'
    return ['unshare', '-m', 'sh', '-c',
            f'mount -t overlay {server} -o lowerdir={lower} /usr && exec "$@"', 'sh', *argv]


def free_address():
    """A loopback address on which the ports of a domain controller are free."""
    while True:
        address = f'127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(2, 254)}'
        if not any(listening(port, address) for port in PORTS):
            return address
