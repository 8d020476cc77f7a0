"""machine.py - a machine with one of Debian's mail servers (bases.py), and the hosts outside

Both have their own network, with one link between them. The machine is a set of namespaces
too: files, names, processes. It ends with the process that made it.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import bases
import paths
from internet import EXAMPLES, OURS, Holder, Host, nsenter
from namespace import CLONE_NEWNET, call
from proc import run

INIT = Path(__file__).with_name('machineinit.py')
NAME, ADDRESS, RESOLVER = 'mx.example.com', '192.0.2.1', '192.0.2.53'
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def network_of(pid):
    """Enter that network in this thread. Sockets made inside stay in it."""
    before = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    there = os.open(f'/proc/{pid}/ns/net', os.O_RDONLY)
    call(_libc.setns, there, CLONE_NEWNET)
    try:
        yield
    finally:
        call(_libc.setns, before, CLONE_NEWNET)
        os.close(there)
        os.close(before)


class Outside:
    """A network with these addresses."""

    def __init__(self, addresses):
        self._holder = Holder(['unshare', '-n', 'sh', '-c', 'echo ready; read line'])
        self.pid = self._holder.pid
        self._addresses = addresses

    def end(self):
        self._holder.end()

    def connect(self, machine):
        self.run('ip', 'link', 'set', 'lo', 'up')
        self.run('ip', 'link', 'add', 'name', 'wire', 'type', 'veth', 'peer', 'name', 'eth0',
                 'netns', str(machine.pid))
        self.run('ip', 'link', 'set', 'wire', 'up')
        for address in self._addresses:
            self.run('ip', 'address', 'add', f'{address}/32', 'dev', 'wire')
        self.run('ip', 'route', 'add', f'{machine.address}/32', 'dev', 'wire')

    def run(self, *command):
        run([*nsenter(self.pid, '-n'), *command])


class Machine(Host):
    """base: a name in bases.BASES."""

    def __init__(self, folder, base):
        super().__init__(SimpleNamespace(folder=folder), NAME, address=ADDRESS)
        self._base = base

    def start(self):
        spec = {'ram': str(self._folder / 'ram'), 'name': NAME, 'resolver': RESOLVER,
                'layers': [str(layer) for layer in bases.layers(self._base)],
                'shared': str(paths.ROOT)}
        self._holder = Holder(['unshare', '-m', '-n', '-u', '-i', '-p', '-f', '--mount-proc',
                               sys.executable, INIT, json.dumps(spec)])
        self.pid = self._holder.pid
        return self

    def connect(self, outside):
        outside.connect(self)
        for command in (('link', 'set', 'eth0', 'up'),
                        ('address', 'add', f'{self.address}/32', 'dev', 'eth0'),
                        ('route', 'add', 'default', 'dev', 'eth0')):
            run([*nsenter(self.pid, '-n'), 'ip', *command])

    def install_sdr(self):
        """Install like make install, by links into the build; then the user and /var/lib/sdr."""
        for target, built in OURS.items():
            self.run(['mkdir', '-p', str(Path(target).parent)])
            self.run(['ln', '-s', paths.BUILD / built, target])
        examples = '/usr/share/doc/sdr/examples'
        self.run(['mkdir', '-p', examples])
        snippets = (paths.ROOT / 'exim-dlfunc').glob('sdr-*')
        self.run(['cp', *{*snippets, *(paths.ROOT / name for name in EXAMPLES)}, examples])
        for kind in ('sysusers', 'tmpfiles'):
            (source,) = (paths.ROOT / f'daemon/{kind}.d').glob('*.conf')
            self.run(['cp', source, f'/usr/lib/{kind}.d/sdr.conf'])
        self.run(['systemd-sysusers', 'sdr.conf'])
        self.run(['systemd-tmpfiles', '--create', 'sdr.conf'])

    def network(self):
        return network_of(self.pid)
