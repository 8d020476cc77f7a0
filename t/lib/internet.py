"""internet.py - hosts with their own addresses, names and files, on one network

A Host is a set of namespaces: mounts, network, host name, processes. Inside, files are where Debian has them,
and the mail server listens on port 25. A chapter of doc/ provides the files. Everything ends with the process
that made it.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import daemon
import paths
from namespace import CLONE_NEWNET, call
from proc import PATIENCE, Process, run, wait_for
from tls import CA

INIT = Path(__file__).with_name('hostinit.py')
OUTSIDE = Path(__file__).with_name('outside')  # a zone and a host that do not belong to the chapter
RESOLVER = '192.0.2.53'
_libc = ctypes.CDLL(None, use_errno=True)

OURS = {'/usr/sbin/sdr-milter': 'milter/sdr-milter', '/usr/sbin/sdr-sync': 'sync/sdr-sync',
        '/usr/sbin/sdrctl': 'sdrctl/sdrctl', '/usr/lib/exim4/exim-sdr.so': 'exim-dlfunc/exim-sdr.so',
        '/usr/lib/exim4/exim-sdr-live.so': 'exim-dlfunc/exim-sdr-live.so'}
EXAMPLES = ['exim-dlfunc/sdr-macros', 'exim-dlfunc/sdr-router', 'exim-dlfunc/sdr-rcpt-acl',
            'exim-dlfunc/sdr-data-acl',
            'doc/sendmail-sdr.m4']

UNBOUND = """\
server:
  interface: {address}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  local-zone: "." static
  local-zone: "2.0.192.in-addr.arpa." nodefault
  local-zone: "100.51.198.in-addr.arpa." nodefault
  local-zone: "113.0.203.in-addr.arpa." nodefault
remote-control:
  control-enable: no
"""
ZONE = """\
server:
  local-zone: "{zone}." transparent
auth-zone:
  name: "{zone}."
  zonefile: "{file}"
  for-downstream: yes
  for-upstream: yes
  fallback-enabled: no
"""


def nsenter(pid, *kinds):
    return ['nsenter', '-t', str(pid), *kinds]


class Internet:
    """
    A network for all hosts, and their name server. Its zones are the files ZONE.zone in this folder of the
    chapter; they contain the addresses of the hosts.

    with Internet(folder, zones) as internet: ...
    """

    def __init__(self, folder, zones):
        self.folder = Path(folder)
        self.zones = self.folder / 'zones'
        self.hosts = []
        self.ca = CA(self.folder / 'ca')
        self._stack = contextlib.ExitStack()
        self._wire = None
        self.resolver = None
        self.zones.mkdir()
        for folder in (zones, OUTSIDE):
            self._copy_zones(folder)

    def __enter__(self):
        self._wire = Holder(['unshare', '-n', 'sh', '-c', 'echo ready; read line'])
        self._stack.callback(self._wire.end)
        self.on_the_wire('ip', 'link', 'add', 'name', 'wire', 'type', 'bridge')
        self.on_the_wire('ip', 'link', 'set', 'wire', 'up')
        self.resolver = Host(self, 'ns.example.net', address=RESOLVER, servers=['unbound'])
        self._stack.callback(self.resolver.end)
        self.resolver.start()
        self.publish()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def host(self, kind, name, files, **options):
        """A started Host of this class, which is stopped with the internet."""
        host = kind(self, name, files=files, **options)
        self._stack.callback(host.end)
        host.start()
        self.hosts.append(host)
        return host

    def on_the_wire(self, *command):
        run([*nsenter(self._wire.pid, '-n'), *command])

    def plug(self, host):
        """Connect it."""
        name = f'h{host.pid}'
        self.on_the_wire('ip', 'link', 'add', 'name', name, 'type', 'veth',
                         'peer', 'name', 'eth0', 'netns', str(host.pid))
        self.on_the_wire('ip', 'link', 'set', name, 'master', 'wire', 'up')
        return name

    def addresses(self):
        """{name: address} for all names in all zones."""
        found = {}
        for path in self.zones.glob('*.zone'):
            origin = path.stem
            for name, address in re.findall(r'^(\S+)\s+(?:IN\s+)?A\s+([\d.]+)', path.read_text(), re.M):
                found[origin if name == '@' else f'{name}.{origin}'] = address
        return found

    def _copy_zones(self, folder):
        for path in Path(folder).glob('*.zone'):
            shutil.copy(path, self.zones)

    def publish(self, folder=None):
        """Replace the zones by those of this folder, and make the name server read them."""
        if folder:
            self._copy_zones(folder)
        conf = UNBOUND.format(address=RESOLVER, folder=self.folder)
        for path in sorted(self.zones.glob('*.zone')):
            conf += ZONE.format(zone=path.stem, file=path)
        conf += 'server:\n'
        for name, address in self.addresses().items():
            conf += f'  local-data-ptr: "{address} {name}"\n'
        (self.folder / 'unbound.conf').write_text(conf)
        self.resolver.stop_service('unbound')
        self.resolver.service('unbound', '/usr/sbin/unbound', '-c', self.folder / 'unbound.conf',
                              ready=lambda: self.resolver.listens(53))


class Holder:
    """A process that keeps namespaces alive until we end, or end() is called."""

    def __init__(self, argv):
        self._popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self._popen.stdout.readline() != b'ready\n':
            raise RuntimeError(self._popen.stderr.read().decode())

    @property
    def pid(self):
        """The process ID of the process itself, or of its child if unshare had to fork."""
        children = Path(f'/proc/{self._popen.pid}/task/{self._popen.pid}/children').read_text().split()
        return int(children[0]) if children else self._popen.pid

    def end(self):
        self._popen.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(PATIENCE)
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        self._popen.stdout.close()
        self._popen.stderr.close()


class Host:
    """A machine without a mail server; see mailhosts.py for those with one."""

    servers = ()

    def __init__(self, internet, name, *, address=None, files=None, servers=None):
        """
        address  by default as in the zones
        files    a folder of doc/ that is laid over /
        """
        self.internet = internet
        self.name = name
        self.address = address or internet.addresses()[name]
        self._servers = self.servers if servers is None else servers
        self._folder = internet.folder / name
        self._folder.mkdir()
        self.reports = self._folder / 'reports'  # reports of sanitizers in programs that log elsewhere
        self.reports.mkdir()
        self.reports.chmod(0o777)
        self._files = Path(files or self._folder / 'none')
        self._services = {}
        self._holder = self._link = None
        self.pid = None

    def start(self):
        spec = {'name': self.name, 'address': self.address, 'resolver': RESOLVER,
                'ram': str(self._folder / 'ram'), 'files': str(self._files),
                'servers': [str(paths.prefix(server)) for server in self._servers],
                'programs': self.programs()}
        self._holder = Holder(['unshare', '-m', '-n', '-u', '-i', '-p', '-f', '--mount-proc',
                               sys.executable, INIT, json.dumps(spec)])
        self.pid = self._holder.pid
        self._link = self.internet.plug(self)
        for command in (['ip', 'link', 'set', 'eth0', 'up'],
                        ['ip', 'address', 'add', f'{self.address}/32', 'dev', 'eth0'],
                        ['ip', 'route', 'add', 'default', 'dev', 'eth0'],
                        # Give up on a name server that does not answer within a second.
                        ['sh', '-c', 'echo 300 >/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms']):
            self.run(command)
        return self

    def end(self):
        """Stop the host and everything on it; a sanitizer's report is an error."""
        try:
            for name in list(self._services):
                self.stop_service(name)
        finally:
            if self._holder:
                self._holder.end()
        reports = [p.read_text(errors='replace') for p in self.reports.iterdir()]
        assert not reports, '\n'.join(reports)

    def programs(self):
        ours = {path: str(paths.BUILD / built) for path, built in OURS.items()}
        ours['/usr/share/sdr/ldap-schema'] = str(paths.SCHEMA)
        for name in EXAMPLES:
            ours[f'/usr/share/doc/sdr/examples/{Path(name).name}'] = str(paths.ROOT / name)
        return ours

    # --- files and programs ---

    def path(self, path):
        """The path of this file of the host, seen from outside."""
        return Path(f'/proc/{self.pid}/root{path}')

    def read(self, path):
        try:
            return self.path(path).read_text(encoding='utf-8', errors='replace')
        except FileNotFoundError:
            return ''

    def write(self, path, text, group=None):
        """Write a file that belongs to root; with a group, only that group may read it."""
        self.run(['sh', '-c', 'umask 077; cat >"$0"', path], input=text)
        self.run(['chmod', '0640' if group else '0644', path])
        if group:
            self.run(['chgrp', group, path])

    def inside(self, *argv):
        return [*nsenter(self.pid, '-m', '-n', '-u', '-i', '-p', '-r', '-w'), *map(str, argv)]

    def environment(self, program=''):  # pylint: disable=unused-argument
        """Environment variables for this program."""
        return {**daemon.environment(), 'LC_ALL': 'C',
                'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}

    def run(self, argv, **options):
        """Run a command as root; its CompletedProcess."""
        return run(self.inside(*argv), **{'env': daemon.environment(), **options})

    def command(self, line, ok=(0,), **options):
        """Run a line that an administrator types; its output."""
        options = {'env': self.environment(line.split()[0]), **options}
        done = self.run(['bash', '-c', line], ok=ok, **options)
        daemon.assert_clean(done.stderr)
        return done.stdout + done.stderr

    def service(self, name, *argv, user=None, groups=(), ready=lambda: True):
        """Start a program that stays in the foreground, and wait until it is ready."""
        if user:
            argv = ['setpriv', f'--reuid={user}', f'--regid={user}',
                    f"--groups={','.join([user, *groups])}", *argv]
        self._services[name] = Process(self.inside(*argv), self._folder / f'{name}.log',
                                       env=self.environment())
        self._services[name].wait_ready(ready, 60)

    def logs(self, size=6000):
        """Functions that stop the programs that run."""
        files = ['/var/log/mail.log', '/var/log/exim4/mainlog', '/var/log/exim4/paniclog']
        return '\n'.join([*(self.read(file)[-size:] for file in files),
                          *(path.read_text(errors='replace')[-size:]
                            for path in sorted(self._folder.glob('*.log')))])

    def service_log(self, name):
        path = self._folder / f'{name}.log'
        return path.read_text(errors='replace') if path.exists() else ''

    def stop_service(self, name):
        """Stop the program; AssertionError unless it ends cleanly. Does nothing if it does not run."""
        process = self._services.pop(name, None)
        if process:
            self._signal(process, signal.SIGTERM)
            assert process.wait() in (0, -signal.SIGTERM), f'{self.name}: {name}: {process.log()}'
            daemon.assert_clean(process.log())

    def signal(self, name, number):
        self._signal(self._services[name], number)

    @staticmethod
    def _signal(process, number):
        """Signal the program itself, not nsenter, which waits for it."""
        if process.alive():
            for child in Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split():
                os.kill(int(child), number)

    # --- network ---

    def cut(self):
        """Disconnect the host from the network."""
        self.internet.on_the_wire('ip', 'link', 'set', self._link, 'down')
        for host in self.internet.hosts:
            host.run(['ip', 'neigh', 'flush', 'dev', 'eth0'])

    def join(self):
        self.internet.on_the_wire('ip', 'link', 'set', self._link, 'up')

    def connect(self, address, port, timeout=300):
        """A TCP connection from this host."""
        with self._network():
            return socket.create_connection((address, port), timeout)

    @contextlib.contextmanager
    def _network(self):
        """Inside, this thread uses the network of this host."""
        with open('/proc/thread-self/ns/net', 'rb') as before, \
                open(f'/proc/{self.pid}/ns/net', 'rb') as there:
            call(_libc.setns, there.fileno(), CLONE_NEWNET)
            try:
                yield
            finally:
                call(_libc.setns, before.fileno(), CLONE_NEWNET)

    def listens(self, port):
        return f':{port:04X} 00000000:0000 0A ' in Path(f'/proc/{self.pid}/net/tcp').read_text()

    def wait_port(self, port, seconds=30):
        wait_for(lambda: self.listens(port), seconds, f'{self.name} listens on port {port}')
