"""tls.py - certification authorities for one test run

SPDX-License-Identifier: BSD-2-Clause
"""
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from proc import run

P_256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)

# Only this command of OpenSSL 3.0, openssl ca, accepts dates.
CONFIGURATION = """\
[ca]
default_ca = this
[this]
new_certs_dir = {folder}
database = {folder}/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
[anything]
commonName = supplied
"""


@dataclass
class Certificate:
    """The files of a server: the CA's certificate, its own certificate, its key."""
    ca: Path
    cert: Path
    key: Path


class CA:
    """Signs certificates for the servers on the loopback address."""

    def __init__(self, folder, name='sdr test CA', issuer=None, kind=P_256):
        """issuer: the CA that signs this one, instead of itself; kind: as in issue()"""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.cert, self._key = self._files('ca')
        if issuer:
            above = issuer.issue(name, extensions='basicConstraints=critical,CA:TRUE', kind=kind)
            above.cert.rename(self.cert)
            above.key.rename(self._key)
        else:
            self._sign_oneself(self.cert, self._key, name, kind)
        self.cert.chmod(0o644)
        self._conf = self.folder / 'ca.conf'
        self._conf.write_text(CONFIGURATION.format(folder=self.folder))
        (self.folder / 'index').touch()

    def issue(self, name, san='IP:127.0.0.1', *, start=NOW - DAY, end=NOW + 90 * DAY, extensions='',
              usage='', kind=P_256, digest='sha256'):
        """A Certificate; san is its subjectAltName, None for none; usage its extendedKeyUsage. extensions:
        replaces all others, in OpenSSL's syntax; kind: the kind of key, as for openssl req -newkey
        """
        cert, key = self._files(name)
        request, extra = self.folder / f'{name}.csr', self.folder / f'{name}.ext'
        extra.write_text(extensions or (f'subjectAltName={san}\n' if san else '')
                         + (f'extendedKeyUsage={usage}\n' if usage else ''))
        run(['openssl', 'req', '-new', '-nodes', '-newkey', *kind, '-subj', f'/CN={name}', '-keyout', key,
             '-out', request])
        run(['openssl', 'ca', '-batch', '-notext', '-config', self._conf, '-in', request,
             '-cert', self.cert, '-keyfile', self._key, '-startdate', date(start), '-md', digest,
             '-enddate', date(end), '-extfile', extra, '-out', cert])
        return Certificate(self.cert, cert, key)

    def self_signed(self, name, san='IP:127.0.0.1'):
        """A self-signed Certificate; its ca is the one of this object."""
        cert, key = self._files(name)
        self._sign_oneself(cert, key, name, P_256, '-addext', f'subjectAltName={san}')
        return Certificate(self.cert, cert, key)

    @staticmethod
    def _sign_oneself(cert, key, name, kind, *options):
        run(['openssl', 'req', '-x509', '-nodes', '-newkey', *kind, '-subj', f'/CN={name}',
             '-days', '90', *options, '-keyout', key, '-out', cert])

    def _files(self, name):
        return self.folder / f'{name}.pem', self.folder / f'{name}.key'


def with_chain(certificate, *authorities):
    """The Certificate with those of these CAs in the same file, so that a server sends them, too."""
    chain = certificate.cert.with_suffix('.chain')
    chain.write_text(''.join(path.read_text() for path in
                             [certificate.cert, *(ca.cert for ca in authorities)]))
    return replace(certificate, cert=chain)


def date(when):
    """A time in OpenSSL's format."""
    return when.strftime('%Y%m%d%H%M%SZ')
