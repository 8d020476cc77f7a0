"""bootedmx.py - a Booted mail server with its own directory, and the hosts outside

It has Debian's Postfix and slapd, and our packages, set up by boot-setup. Its network is the Namespace of the
test; a link connects it to a name server, the other site, the mail store and a sender.

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import paths
import smtpclient
from booted import ALL_ENABLED, Booted
from machine import ADDRESS, RESOLVER, Outside, network_of
from nameserver import NameServer
from proc import run, wait_for, within
from realworld import HOSTED, MAILSTORE, NAMES, STRANGER
from sinks import Sink

SETUP = paths.ROOT / 't/package/boot-setup'
RECIPES = paths.ROOT / 't/worlds/lib/recipes.sh'
SERVICES = ['sdr-sync', 'sdr-milter']
DIRECTORY = {'directory.example.com': [('A', ADDRESS)]}
ALICE, DAVE, BOTH, HELD, NOBODY = [f'{name}@example.com'
                                   for name in ('alice', 'dave', 'both', 'held', 'nobody')]
# Where each message must arrive: (place, recipient)
PLACES = {ALICE: {('hosted', 'alice@hosted.example.com')}, DAVE: {('mailstore', DAVE)},
          BOTH: {('hosted', 'both@hosted.example.com'), ('mailstore', BOTH)}}
# The reply to each recipient once everything runs.
REPLIES = {ALICE: '250 2.1.5', DAVE: '250 2.1.5', BOTH: '250 2.1.5', HELD: '451 4.3.0', NOBODY: '550 5.1.1'}


@dataclass
class Sent:
    message_id: str
    reply: smtpclient.Reply


class BootedMx(Booted):
    """A context manager, inside a Namespace, with the layers of bases.layers('boot'). names: the NameServer."""

    def __init__(self, folder, layers):
        super().__init__(folder, layers, ALL_ENABLED)
        self._stack = contextlib.ExitStack()
        self._outside = None
        self._sinks = {}
        self.names = NameServer({**NAMES, **DIRECTORY}, address=RESOLVER)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._connect(stack)
            (self.root / 'etc/resolv.conf').write_text(
                f'nameserver {RESOLVER}\noptions timeout:1 attempts:1\n')
            self._stack = stack.pop_all()
        try:
            return super().__enter__()
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self._stack.close()

    def _connect(self, stack):
        self._outside = Outside([RESOLVER, HOSTED, MAILSTORE, STRANGER])
        stack.callback(self._outside.end)
        self._outside.connect(SimpleNamespace(pid=os.getpid(), address=ADDRESS))
        for command in (('link', 'set', 'eth0', 'up'), ('address', 'add', f'{ADDRESS}/32', 'dev', 'eth0'),
                        ('route', 'add', 'default', 'dev', 'eth0')):
            run(['ip', *command])
        with network_of(self._outside.pid):
            self.names.start()
            stack.callback(self.names.stop)
            for place, address in (('hosted', HOSTED), ('mailstore', MAILSTORE)):
                self._sinks[place] = Sink(address).start()
                stack.callback(self._sinks[place].stop)

    # --- the administrator ---

    def set_up(self):
        """Set it up as README.md and ldap-schema/README.md say; enable and start everything."""
        for path in (RECIPES, SETUP, paths.ROOT / 'README.md', paths.SCHEMA / 'README.md'):
            name = path.name if path.parent != paths.SCHEMA else 'schema.md'
            shutil.copy(path, self.root / 'root' / name)
        self.run('bash', '-eo', 'pipefail', '/root/boot-setup')

    def reboot(self):
        self.shut_down()
        self.power_on()
        wait_for(self.is_up, 300, 'the end of the boot')

    def show(self, unit, name):
        return self.run('systemctl', 'show', '--value', '--property', name, unit).stdout.strip()

    def failed_units(self):
        return self.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend').stdout.split()

    def journal(self, *options, boot='0'):
        """The log messages of this boot, or with -1 of the previous one, as far as they were written before
        the call."""
        self.run('journalctl', '--sync')
        return self.run('journalctl', '-b', boot, '-o', 'cat', '--no-pager', '-q', *options).stdout

    # --- the senders ---

    def ask(self, recipient):
        """The reply to RCPT, or to MAIL if that is rejected; None if there is no SMTP server."""
        with contextlib.suppress(OSError), self._client() as client:
            mail = client.mail()
            return client.rcpt(recipient) if mail.code == 250 else mail
        return None

    def send(self, *recipients):
        """[Sent], one for each recipient; the sender keeps a message whose reply is not 250."""
        sent = []
        for recipient in recipients:
            name = smtpclient.new_message_id()
            with self._client() as client:
                reply = client.mail()
                if reply.code == 250:
                    reply = client.rcpt(recipient)
                if reply.code == 250:
                    reply = client.data(smtpclient.message(name, [], 'Hello\n'))
            sent.append(Sent(name, reply))
        return sent

    def _client(self):
        with network_of(self._outside.pid):
            return smtpclient.Client(25, host=ADDRESS, source=STRANGER, timeout=120)

    def found(self, message_id):
        """Counter of (place, recipient)"""
        return Counter((place, recipient) for place, sink in self._sinks.items() for taken in list(sink.taken)
                       if (taken.message['Message-ID'] or '').strip('<> ') == message_id
                       for recipient in taken.recipients)

    # --- the expected results ---

    def replies(self):
        """{recipient: the first ten octets of the reply}"""
        return {recipient: str(self.ask(recipient))[:9] for recipient in REPLIES}

    def check_mail(self):
        """Wait until every reply is right and every accepted message is in the right place, once."""
        within(120, lambda: self.replies() == REPLIES)
        assert self.replies() == REPLIES
        for recipient, right in PLACES.items():
            self.check_delivery(recipient, *self.send(recipient))

    def check_delivery(self, recipient, sent):
        assert sent.reply.code == 250, sent.reply
        wait_for(lambda: self.run('postqueue', '-f') and set(self.found(sent.message_id)) >= PLACES[recipient],
                 120, f'{recipient}: {PLACES[recipient]}')
        assert self.found(sent.message_id) == Counter(PLACES[recipient])
