"""exim.py - a private Exim for one test, with exim-sdr.so inside

SPDX-License-Identifier: BSD-2-Clause
"""
import fcntl
import os
import re
import struct

import logline
import paths
from mta import EXIM, INSIDER, Mta, make_folder
from proc import Process, end_group, listening, run

SERVER = paths.prefix('exim')
SNIPPETS = paths.ROOT / 'exim-dlfunc'
SO = paths.BUILD / 'exim-dlfunc/exim-sdr.so'
USER = 'Debian-exim'

# Macros that the snippets need, see exim-dlfunc/sdr-macros.
MACROS = """\
SDR_SO = {so}
SDR_CONF = {conf}
SDR_TRANSPORT = smtp
SDR_ACL = rcpt
SDR_DATA_ACL = data
acl_smtp_data = sdr_check_data
"""
# In the tests a next hop may be 127.0.0.1.
ROUTERS = (SNIPPETS / 'sdr-router').read_text().replace(
    '  host_find_failed = defer\n', '  host_find_failed = defer\n  self = send\n')
ACL = f"""\
.include {SNIPPETS}/sdr-rcpt-acl
"""
DATA_ACL = f"""\
.include {SNIPPETS}/sdr-data-acl
data:
  accept
"""

CONFIGURATION = """\
{macros}
exim_path = {program}
primary_hostname = onprem.test
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
host_lookup =
rfc1413_hosts =
never_users = root
keep_environment = ASAN_OPTIONS : UBSAN_OPTIONS : KRB5_CONFIG
deliver_drop_privilege = {drop_privilege}
log_selector = +all_parents +received_recipients
domainlist ours = example.com : onprem.example.com
acl_smtp_rcpt = {first_acl}
{main}

begin acl
{acl}
rcpt:
  accept hosts = {insider}
  require domains = +ours
          message = relay not permitted
  require verify = recipient
  accept

begin routers
{routers}
everybody:
  driver = manualroute
  route_list = * 127.0.0.1::{sink_port} byname
  self = send
  transport = smtp

begin transports
smtp:
  driver = smtp
  allow_localhost
  hosts_avoid_tls = *
  hosts_try_chunking =
  hosts_try_fastopen =
{transports}

begin retry
* * F,1h,1s
"""


class Exim(Mta):
    """Recipients that stay here go to the sink as well."""
    manners = EXIM

    def __init__(self, folder, sink_port, conf=None, *, main='', routers='', first_routers='',
                 transports='', at_the_door=False, drop_privilege=False):
        """
        conf            path of sdr.conf; None: without sdr
        main            more main options
        routers         more routers after those of sdr (first_routers: before them), and transports
                        their transports
        at_the_door     with sdr-rcpt-acl
        drop_privilege  deliver as Debian-exim; otherwise Exim executes itself again to become root, as
                        on Debian
        """
        super().__init__(folder)
        self._sink_port = sink_port
        self._conf = conf
        self._main, self._routers, self._transports = main, routers, transports
        self._first_routers = first_routers
        self._at_the_door = at_the_door
        self._drop_privilege = drop_privilege
        self.program = self.folder / 'exim4'
        self._file = self.folder / 'exim.conf'
        self.env = {**os.environ, **sanitizers(self.folder / 'log')}
        self._daemon = None
        self._prepare()

    # --- life ---

    def start(self, *options, queue_run='1s'):
        """options: for the daemon, e.g. -odq; queue_run: how often it looks into its queue."""
        self.configure()
        self._daemon = Process([*self.command, '-bdf', f'-q{queue_run}', *options],
                               self.folder / 'daemon.out', env=self.env,
                               start_new_session=True)
        self._daemon.wait_ready(lambda: listening(self.port))
        return self

    def stop(self):
        """
        Does nothing if it does not run. Returns when all its processes have ended. Fails if the panic log has
        an entry.
        """
        if self._daemon and self._daemon.alive():
            self._daemon.stop()
            end_group(self._daemon.pid)
        reports = [*self.folder.glob('log/sanitizer.*'), *self.folder.glob('log/panic')]
        assert not reports, '\n'.join(path.read_text() for path in reports)
        for text in re.findall(r' sdr: (rcpt=.*)$', self.log(), re.M):
            logline.decision(text)

    def use_milters(self):
        """Restart without sdr. Exim has no milters."""
        self._conf = None
        self.stop()
        self.start()

    # --- mail ---

    def submit(self, rcpts, *, text='Subject: test\n\nHello\n', sender='sender@onprem.test'):
        """Send through sendmail(1), as a local user."""
        rcpts = [rcpts] if isinstance(rcpts, str) else rcpts
        self.run('-odi', '-f', sender, *rcpts, input=text)

    def queue(self):
        """The ids of the messages in the queue."""
        return [path.name.removesuffix('-H') for path in self.folder.glob('spool/input/*-H')]

    def deferred(self):
        """True if all messages in the queue have been tried without success and none is being delivered."""
        queue = self.queue()
        return (bool(queue) and all(f'{id} == ' in self.log() for id in queue)
                and not any(locked(self.folder / f'spool/input/{id}-D') for id in queue))

    def flush(self):
        """Try once to deliver each message in the queue."""
        self.run('-qff')

    def address_test(self, *recipients, **options):
        """The output of exim -bt."""
        return self.run('-bt', *recipients, ok=(0, 1, 2), **options).stdout

    @staticmethod
    def call(function, *arguments):
        """The text that makes Exim call a function of exim-sdr.so."""
        return '${dlfunc' + ''.join(f'{{{a}}}' for a in (SO, function, *arguments)) + '}'

    def run(self, *arguments, ok=(0,), **options):
        """Run Exim to the end; its CompletedProcess."""
        done = run([*self.command, *arguments], ok=ok, **{'env': self.env, **options})
        return done

    def log(self, name='main'):
        path = self.folder / 'log' / name
        return path.read_text(encoding='utf-8', errors='replace') if path.exists() else ''

    def complaints(self):
        """The log's warnings and worse."""
        return re.findall(r'^.*(?:error|failed|panic).*$', self.log(), re.M | re.I)

    def decisions(self):
        """The log lines of exim-sdr.so."""
        return re.findall(r'sdr: .*', self.log())

    # --- setup ---

    @property
    def command(self):
        """The command line of Exim with its configuration."""
        return [self.program, '-C', self._file]

    def _prepare(self):
        self.folder.mkdir(parents=True)
        for name in ('spool', 'log'):
            make_folder(self.folder / name, USER, USER, 0o750)
        trusted = self.folder / 'c'
        trusted.write_text(f'{self._file}\n')
        self.program.write_bytes(private_exim(trusted))
        self.program.chmod(0o4755)

    def configure(self):
        sdr = self._conf is not None
        self._file.write_text(CONFIGURATION.format(
            folder=self.folder, program=self.program, port=self.port, insider=INSIDER,
            sink_port=self._sink_port,
            drop_privilege=str(self._drop_privilege).lower(),
            macros=MACROS.format(so=SO, conf=self._conf) if sdr else '', main=self._main,
            first_acl='sdr_check_rcpt' if self._at_the_door else 'rcpt',
            acl=(ACL if self._at_the_door else '') + (DATA_ACL if sdr else ''),
            routers=self._first_routers + (ROUTERS if sdr else '') + self._routers,
            transports=self._transports))


def locked(path):
    """Whether a process has locked this file, as Exim does with a message while it delivers it."""
    try:
        with path.open('rb') as file:
            lock = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0))
    except FileNotFoundError:
        return False
    return struct.unpack('hhqqi', lock)[0] != fcntl.F_UNLCK


def private_exim(trusted_configs):
    """
    Debian's program with another path of the list of trusted configurations: Exim, setuid root, stays root
    only with a configuration in that list.
    """
    theirs, ours = b'/etc/exim4/trusted_configs', bytes(trusted_configs)
    assert len(ours) <= len(theirs), f'{trusted_configs}: longer than {theirs.decode()}'
    ours = ours.replace(b'/', b'/' * (1 + len(theirs) - len(ours)), 1)
    program = (SERVER / 'usr/sbin/exim4').read_bytes()
    assert program.count(theirs) == 1
    return program.replace(theirs, ours)


def sanitizers(folder):
    """
    For a plug-in built with sanitizers in a program without them: they start late, or early with LD_PRELOAD.
    They do not report leaks, because Exim has some itself. They write their reports to files.
    """
    if 'asan' not in paths.BUILD.name:
        return {}
    options = f'exitcode=99:log_path={folder}/sanitizer'
    return {'LD_PRELOAD': run(['cc', '-print-file-name=libasan.so']).stdout.strip(),
            'ASAN_OPTIONS': f'{options}:verify_asan_link_order=0:detect_leaks=0',
            'UBSAN_OPTIONS': f'{options}:print_stacktrace=1'}
