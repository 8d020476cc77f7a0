"""sendmail.py - a private Sendmail for one test

SPDX-License-Identifier: BSD-2-Clause
"""
import functools
import os
import re
import signal
from pathlib import Path

import paths
import smtpclient
from mta import INSIDER, SENDMAIL, Mta, make_folder
from proc import Process, end_group, listening, run, wait_for
from world import as_list

SERVER = paths.prefix('sendmail')
PROGRAMS = SERVER / 'usr/libexec/sendmail'
CF = SERVER / 'usr/share/sendmail/cf'
SHIM = Path(__file__).with_name('sendmail-shim.c')
HOST_NAME = 'onprem.test'
EXIT_CODES = [0, *range(64, 79)]  # of a queue run: the result for a message, sysexits(3)
RELAY = f"""\
FEATURE(`relay_hosts_only')dnl
RELAY_DOMAIN(`example.com onprem.example.com {INSIDER}')dnl
"""
TIMEOUTS = 'C:1m;S:1m;R:2m;E:2m'

# As an administrator would configure it, except for folders below /tmp, no DNS, and the sink.
MC = """\
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{host_name}')dnl
define(`confPID_FILE', `{folder}/pid')dnl
define(`QUEUE_DIR', `{queue}')dnl
define(`confDELIVERY_MODE', `queue')dnl
define(`STATUS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `{folder}/aliases')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`confHOSTS_FILE', `{folder}/hosts')dnl
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confTO_IDENT', `0')dnl
define(`confREFUSE_LA', `999')dnl
define(`confQUEUE_LA', `999')dnl
define(`confDELAY_LA', `0')dnl
define(`confMAX_DAEMON_CHILDREN', `0')dnl
define(`confCONNECTION_RATE_THROTTLE', `0')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink_port}')dnl
define(`LOCAL_MAILER_PATH', `[IPC]')dnl
define(`LOCAL_MAILER_FLAGS', `m')dnl
define(`LOCAL_MAILER_ARGS', `TCP [127.0.0.1] {sink_port}')dnl
define(`LOCAL_MAILER_EOL', `\\r\\n')dnl
define(`LOCAL_SHELL_PATH', `/bin/false')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`no_default_msa')dnl
{relay}DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}, Listen=100')dnl
{filters}
{more}
MAILER(`smtp')dnl
"""


SOME_FILE = b'F' * 100


@functools.cache
def shim():
    """sendmail-shim.c, compiled; its log file is the placeholder SOME_FILE."""
    with paths.scratch() as folder:
        made = folder / 'shim.so'
        run(['cc', '-shared', '-fPIC', '-o', made, f'-DHOST_NAME="{HOST_NAME}"',
             f'-DLOG_FILE="{SOME_FILE.decode()}"', SHIM])
        return made.read_bytes()


class Sendmail(Mta):
    """Delivers only when wait_empty() or flush() is called: tests could not stop deliveries that it starts
    itself."""
    manners = SENDMAIL

    def __init__(self, folder, sink_port, *, milters=(), mc='', timeouts=TIMEOUTS, user=None,
                 aliases='', relay=RELAY):
        """
        milters   e.g. ['unix:sdr/milter.sock']
        mc        more lines for sendmail.mc
        timeouts  of each milter, its T=
        user      to run as, RunAsUser, instead of root
        relay     the lines of sendmail.mc about who may relay
        """
        super().__init__(folder)
        self.sink_port = sink_port
        self._milters = milters
        self._mc = mc
        self._timeouts = timeouts
        self._user = user
        self._cf = self.folder / 'sendmail.cf'
        self._shim = self.folder / 'shim.so'
        self._log_file = self.folder / 'log'
        self._aliases = aliases
        self._relay = relay
        self._daemon = None
        self._prepare()

    # --- life ---

    def start(self):
        self._configure()
        if not self._user:
            run([*self._command(), '-bi'], env=self._env())
        pid = self.folder / 'pid'
        pid.unlink(missing_ok=True)
        self._daemon = Process([*self._command(), '-bD'], self.folder / 'daemon.out',
                               env=self._env(), start_new_session=True)
        self._daemon.wait_ready(lambda: pid.exists() and listening(self.port))
        return self

    def stop(self):
        """Does nothing if it does not run. Returns when all its processes have ended."""
        if not self._daemon or not self._daemon.alive():
            return
        self._daemon.stop()
        end_group(self._daemon.pid)

    def set(self, **options):
        """Change mc, aliases, milters, relay or timeouts. Restarts."""
        for name, value in options.items():
            setattr(self, f'_{name}', value)
        self.stop()
        self.start()

    def use_milters(self, *sockets):
        self.set(milters=sockets)

    def add_alias(self, line):
        """Change the aliases of the running server, as an administrator does."""
        with (self.folder / 'aliases').open('a', encoding='utf-8') as file:
            file.write(line + '\n')
        run([*self._command(), '-bi'], env=self._env())

    # --- mail ---

    def submit(self, rcpts, *, sender='sender@onprem.test', headers=(), body='Hello\n',
               message_id=None):
        """Send by sendmail(8), without a daemon or milter; the Message-ID."""
        message_id = message_id or smtpclient.new_message_id()
        text = smtpclient.message(message_id, headers, body).decode().replace('\r\n', '\n')
        run([*self._command(), '-i', '-f', sender, '--', *as_list(rcpts)], input=text,
            env=self._env())
        return message_id

    def queue(self):
        """The files of its queue, two for each message."""
        return [path.name for path in self._queue.iterdir()]

    def deferred(self):
        """Try to deliver all messages; whether one stays in the queue."""
        self.flush()
        return bool(self.queue())

    def flush(self):
        """
        Try once to deliver each message in the queue.

        Sendmail itself may crash on addresses that hostile clients have left there (8.17, in
        malloc(3)); messages that it has not delivered stay in the queue.
        """
        run([*self._command(), '-qf'], env=self._env(), ok=[*EXIT_CODES, -signal.SIGABRT])

    def wait_empty(self, seconds=60):
        def emptied():
            self.flush()
            return not self.queue()
        wait_for(emptied, seconds, 'an empty queue')

    def log(self):
        return self._log_file.read_text(encoding='utf-8', errors='replace')

    def complaints(self):
        """The log's warnings and worse."""
        return re.findall(r'^.*(?:SYSERR|WARNING|unsafe|Milter .*error).*$', self.log(), re.M)

    def map(self, name, entries, kind='hash'):
        """Make a database of {key: value}; returns the argument for FEATURE()."""
        path = self.folder / name
        text = ''.join(f'{key}\t{value}\n' for key, value in entries.items())
        run([PROGRAMS / 'makemap', '-C', '/dev/null', kind, path], input=text, env=self._env())
        return f'{kind} {path}'

    # --- setup ---

    @property
    def _queue(self):
        return self.queue_folder / 'mqueue'

    def _env(self):
        return {**os.environ, 'LD_PRELOAD': str(self._shim)}

    def _command(self):
        return [PROGRAMS / 'sendmail', '-C', self._cf]

    def _prepare(self):
        self.queue_folder.mkdir(parents=True)
        make_folder(self._queue, self._user or 'root', 'root', 0o700)
        make_folder(self.queue_folder / 'sdr', 'sdr', 'smmta', 0o750)
        (self.folder / 'service.switch').write_text('hosts files\naliases files\n')
        (self.folder / 'hosts').write_text('127.0.0.1 localhost\n')
        self._log_file.touch()
        self._log_file.chmod(0o666)
        self._shim.write_bytes(shim().replace(SOME_FILE, bytes(self._log_file).ljust(len(SOME_FILE), b'\0')))

    def _configure(self):
        (self.folder / 'aliases').write_text(self._aliases)
        mc = self.folder / 'sendmail.mc'
        user = f"define(`confRUN_AS_USER', `{self._user}')dnl\n" if self._user else ''
        mc.write_text(MC.format(
            folder=self.folder, queue=self._queue, port=self.port, sink_port=self.sink_port,
            host_name=HOST_NAME, relay=self._relay, filters=self._filters(), more=user + self._mc))
        done = run(['m4', f'-D_CF_DIR_={CF}/', CF / 'm4/cf.m4', mc], cwd=CF / 'm4')
        self._cf.write_text(done.stdout)

    def _filters(self):
        return '\n'.join(
            f'INPUT_MAIL_FILTER(`milter{i}\', `S={self._absolute(socket)}, F=T, '
            f'T={self._timeouts}\')dnl' for i, socket in enumerate(self._milters))

    def _absolute(self, socket):
        return re.sub('^unix:(?!/)', f'unix:{self.queue_folder}/', socket)
