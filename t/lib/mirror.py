"""mirror.py - two slapds that replicate to each other

SPDX-License-Identifier: BSD-2-Clause
"""
import slapd
from proc import free_port, wait_for


class Mirror:
    """Each accepts changes and fetches the other's changes over StartTLS, as the administrator."""

    def __init__(self, new_slapd, ldif, certificate):
        """new_slapd: the fixture. The second server starts with a copy of the first server's data only."""
        ports = [free_port(), free_port()]
        self.first, self.second = self.servers = [
            new_slapd(data, port=ports[i], tls=certificate, config_admin=True,
                      options=replication(i + 1, ports[1 - i], certificate.ca))
            for i, data in enumerate([ldif, None])]
        self.wait_synchronized()

    def other(self, server):
        return self.servers[server is self.first]

    def wait_synchronized(self):
        wait_for(lambda: state(self.first) == state(self.second) != '', what='the same data on both')


def replication(number, peer, authority):
    return '\n'.join([
        f'serverID {number}',
        f'syncrepl rid={number} provider=ldap://127.0.0.1:{peer} searchbase={slapd.SUFFIX}'
        ' type=refreshAndPersist retry="1 +" timeout=6 network-timeout=6'
        f' bindmethod=simple binddn={slapd.ADMIN_DN} credentials={slapd.ADMIN_PASSWORD}'
        f' starttls=critical tls_cacert={authority} tls_reqcert=demand',
        'multiprovider on'])


def state(server):
    """The last change of each server that this one has seen; '' if unknown."""
    return server.search('(objectClass=*)', 'contextCSN', options=['-s', 'base'], ok=(0, 32))
