"""units.py - the part of systemctl that the chapters of doc/ use

It knows the units of sdr, with the host's drop-ins, and those of Debian's mail servers and slapd.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import os
import re
import shlex
import signal
import socket

import paths
from proc import wait_for

OURS = {'sdr-milter': 'milter', 'sdr-sync': 'sync'}


class Unit:
    """name, and the commands that start and stop it; foreground: it stays in the foreground."""

    def __init__(self, host):
        self.host = host

    def reload(self):
        self.restart()

    def restart(self):
        self.stop()
        self.start()


class Sdr(Unit):
    """sdr-milter or sdr-sync, run as its unit file says."""

    def __init__(self, host, name):
        super().__init__(host)
        self.name = name

    def start(self):
        settings = self._settings()
        user, groups = settings['User'][-1], [g for g in settings.get('SupplementaryGroups', []) if g]
        for kind, base in [('State', '/var/lib'), ('Runtime', '/run')]:
            for folder in settings.get(f'{kind}Directory', []):
                mode = settings.get(f'{kind}DirectoryMode', ['0755'])[-1]
                self.host.run(['install', '-d', '-o', user, '-g', user, '-m', mode, f'{base}/{folder}'])
        for command in settings.get('ExecStartPre', []):
            self.host.run(shlex.split(command.removeprefix('-+')))
        umask = settings['UMask'][-1]
        command = settings['ExecStart'][-1].replace('@sbindir@', '/usr/sbin')
        with self._notified() as ready:
            self.host.service(self.name, 'sh', '-c',
                              f'umask {umask}; NOTIFY_SOCKET=/run/notify exec {command}',
                              user=user, groups=groups, ready=ready)

    def stop(self):
        self.host.stop_service(self.name)

    def reload(self):
        before = len(self.host.service_log(self.name))
        self.host.signal(self.name, signal.SIGUSR1)
        wait_for(lambda: 'configuration reloaded' in self.host.service_log(self.name)[before:], 20,
                 f'reload of {self.name}')

    @contextlib.contextmanager
    def _notified(self):
        path = self.host.path('/run/notify')
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.setblocking(False)
            os.chmod(path, 0o666)

            def ready():
                with contextlib.suppress(BlockingIOError):
                    return b'READY=1' in notify.recv(4096)
                return False
            yield ready

    def _settings(self):
        """{name: values}; an empty value clears the values before it."""
        text = (paths.ROOT / OURS[self.name] / f'{self.name}.service.in').read_text()
        folder = self.host.path(f'/etc/systemd/system/{self.name}.service.d')
        for path in sorted(folder.glob('*.conf')) if folder.exists() else []:
            text += '\n' + path.read_text()
        settings = {}
        for name, value in re.findall(r'^(\w+)=(.*)$', text, re.M):
            settings[name] = [*settings.get(name, []), *shlex.split(value)] if value else []
            if name in ('ExecStart', 'ExecStartPre'):
                settings[name] = [value]
        return settings


class Postfix(Unit):
    def start(self):
        # Since Debian 13, postfix(1) runs it.
        script = '/usr/lib/postfix/configure-instance.sh'
        if 'internal script' not in self.host.read(script):
            self.host.run([script], env=self.host.environment())
        self.host.run(['postfix', 'start'], env=self.host.environment())
        self.host.wait_port(25)

    def stop(self):
        if self.host.listens(25):
            self.host.run(['postfix', 'stop'], env=self.host.environment())
            wait_for(lambda: not self.host.listens(25), 20, 'Postfix stops')


class Daemon(Unit):
    """A unit that writes its process ID to a file."""

    pid_file = None

    def stop(self):
        pid = self.host.read(self.pid_file).split()
        if pid and self.host.listens(25):
            self.host.run(['kill', pid[0]])
            wait_for(lambda: not self.host.listens(25), 20, f'{type(self).__name__} stops')


class Exim(Daemon):
    pid_file = '/run/exim4/exim.pid'

    def start(self):
        self.host.run(['install', '-d', '-o', 'Debian-exim', '-g', 'Debian-exim', '/run/exim4'])
        self.host.run(['update-exim4.conf'], env=self.host.environment())
        self.host.run(['exim4', '-bd', '-q30m'], env=self.host.environment('exim4'))
        self.host.wait_port(25)


class Sendmail(Daemon):
    pid_file = '/run/sendmail/mta/sendmail.pid'

    def start(self):
        self.host.run(['/usr/sbin/sendmail', '-bd', '-q10m'], env=self.host.environment())
        self.host.wait_port(25)


class Slapd(Unit):
    def start(self):
        self.host.service('slapd', '/usr/sbin/slapd', '-d', 'stats', '-f', '/etc/ldap/slapd.conf',
                          '-h', 'ldaps:/// ldapi:///', ready=lambda: self.host.listens(636))

    def stop(self):
        self.host.stop_service('slapd')


KINDS = {'postfix': Postfix, 'exim4': Exim, 'sendmail': Sendmail, 'slapd': Slapd}


def unit(host, name):
    return Sdr(host, name) if name in OURS else KINDS[name](host)


def systemctl(host, line):
    """Run 'systemctl ...'."""
    words = [word for word in shlex.split(line)[1:] if not word.startswith('--')]
    verb, names = words[0], words[1:]
    if verb == 'daemon-reload':
        return
    for name in names:
        {'enable': lambda u: u.start(), 'start': lambda u: u.start(), 'stop': lambda u: u.stop(),
         'restart': lambda u: u.restart(), 'reload': lambda u: u.reload()}[verb](unit(host, name))
