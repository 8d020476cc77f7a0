"""tls.py - a certification authority for one test run

SPDX-License-Identifier: BSD-2-Clause
"""
from dataclasses import dataclass
from pathlib import Path

from proc import run

NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


@dataclass
class Certificate:
    """What a server needs: the authority's certificate, its own, its key."""
    ca: Path
    cert: Path
    key: Path


class CA:
    """Signs certificates for the servers on the loopback address."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cert, self._key = self._files('ca')
        run(['openssl', 'req', '-x509', *NEW_KEY, '-subj', '/CN=sdr test CA', '-days', '2',
             '-keyout', self._key, '-out', self.cert])
        self.cert.chmod(0o644)

    def issue(self, name, san='IP:127.0.0.1', days=2):
        """A Certificate; another subjectAltName or -1 days make one that must not be believed."""
        cert, key = self._files(name)
        request = self.folder / f'{name}.csr'
        extension = self.folder / f'{name}.ext'
        extension.write_text(f'subjectAltName={san}\n')
        run(['openssl', 'req', '-new', *NEW_KEY, '-subj', f'/CN={name}',
             '-keyout', key, '-out', request])
        run(['openssl', 'x509', '-req', '-in', request, '-CA', self.cert, '-CAkey', self._key,
             '-CAcreateserial', '-days', str(days), '-extfile', extension, '-out', cert])
        return Certificate(self.cert, cert, key)

    def _files(self, name):
        return self.folder / f'{name}.pem', self.folder / f'{name}.key'
