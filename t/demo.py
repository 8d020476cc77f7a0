#!/usr/bin/python3
"""demo.py - shows sdr at work: with a file, then with Postfix, Sendmail, Exim and OpenLDAP

Everything runs on the loopback address, below a temporary folder, and is gone
at the end. Exits 1 if something came out differently.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))

import paths
import smallest
import world
from exim import Exim
from milter import Milter
from postfix import Postfix
from proc import wait_for
from sendmail import Sendmail
from sink import Sink
from slapd import Slapd
from sync import Sync

LOOPING = [f'X-SDR-Routed: onprem; {int(time.time())}'] * 5


@dataclass
class Case:
    what: str
    recipient: str
    expected: str  # recipients after, or the beginning of the SMTP reply
    headers: tuple = ()


CASES = [
    Case('held by the other site', 'alice@example.com', 'alice@hosted.example.com'),
    Case('... by another address', 'robert@example.com', 'robert@hosted.example.com'),
    Case('... with an extension', 'alice+news@example.com', 'alice+news@hosted.example.com'),
    Case('held here', 'dave@example.com', 'dave@example.com'),
    Case('held by both', 'both@example.com', 'both@example.com, both@hosted.example.com'),
    Case('unknown', 'nobody@example.com', '550 5.1.1'),
    Case('being moved', 'held@example.com', '451 4.2.1'),
    Case('... but the mail loops', 'alice@example.com', '451 4.4.6', LOOPING),
]
ROW = '{:<25}{:<25}{:<10}{}'


def command(folder, program, *arguments):
    """Show a command, run it there, show its output; returns the output."""
    print('$', Path(program).name, '-c sdr.conf', *arguments, flush=True)
    done = subprocess.run([paths.BUILD / program, '-c', 'sdr.conf', *arguments], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False)
    said = re.sub(r'^<\d>', '', done.stdout, flags=re.M)
    print(said, flush=True)
    return said


def show_file(folder):
    """Routing by a file, without any server; returns whether it was right."""
    people = folder / 'people.ldif'
    people.write_text(smallest.PEOPLE, encoding='utf-8')
    (folder / 'sdr.conf').write_text(smallest.conf(people, folder / 'replica'), encoding='utf-8')
    print(f'$ cat people.ldif\n{smallest.PEOPLE}')
    command(folder, 'sync/sdr-sync', '--once')
    said = command(folder, 'sdrctl/sdrctl', 'route', '--explain', *smallest.RECIPIENTS)
    if re.sub(r'^ .*\n', '', said, flags=re.M) == smallest.ROUTES:
        return True
    print(f'    expected:\n{smallest.ROUTES}', file=sys.stderr)
    return False


class Demo:
    """The servers, each after those that it needs."""

    def __init__(self, folder, stack):
        self.sink = Sink()
        stack.callback(self.sink.stop)
        self.slapd = Slapd(folder / 'slapd', world.PEOPLE)
        stack.callback(self.slapd.stop)
        self.postfix = Postfix(folder / 'postfix', self.sink.port,
                               milters=[f'unix:{world.SOCKET}'])
        stack.callback(self.postfix.stop)
        socket = f'unix:{self.postfix.queue_folder / world.SOCKET}'
        self.sendmail = Sendmail(folder / 'sendmail', self.sink.port, milters=[socket])
        stack.callback(self.sendmail.stop)
        self.sync = Sync(folder, lambda path: self._conf(
            folder, 'sdr', milter={'socket': socket}, replica={'path': str(path)}))
        stack.callback(self.sync.close)
        self.milter = Milter(folder / 'milter', self.sync.conf.read_text())
        stack.callback(self.milter.close)
        self.exim = Exim(folder / 'exim', self.sink.port, self._exim_conf(folder))
        stack.callback(self.exim.stop)

    def start(self):
        for server in (self.sink, self.slapd, self.sync, self.milter, self.postfix,
                       self.sendmail, self.exim):
            server.start()
        wait_for(lambda: self.sync.lines('up to date'))

    def outcome(self, mta, case):
        """The reply to the sender if the recipient was not accepted; else who got the message."""
        sent = mta.send(case.recipient, headers=case.headers)
        reply = sent.data or (sent.rcpts or [sent.mail])[0]
        if reply.code != 250:
            return str(reply)
        wait_for(lambda: not mta.queue() or mta.deferred())
        if mta.queue():  # Exim notices a loop at delivery
            return re.findall(r'defer \(-1\): (.*)', mta.log())[-1]
        return ', '.join(sorted(self.sink.recipients(sent.message_id).elements()))

    @staticmethod
    def verdict(outcome, log):
        """The verdict in the milter's log; a loop is noticed later, and shows only in the reply."""
        found = re.search(r' verdict=(\w+)', log)
        return found[1] if found else {'4': 'defer', '5': 'reject'}.get(outcome[0], '?')

    def _conf(self, folder, group, **sections):
        password = world.password_file(folder, group=group)
        return world.conf(directory_corp={'uri': self.slapd.uri, 'password-file': str(password)},
                          **sections)

    def _exim_conf(self, folder):
        (folder / 'sdr').mkdir()
        path = folder / 'sdr/sdr.conf'
        path.write_text(self._conf(folder / 'sdr', 'Debian-exim'), encoding='utf-8')
        return path


def as_expected(case, outcome):
    if case.expected[0].isdigit():
        return outcome.startswith(case.expected)
    return outcome == case.expected


def show(demo, case):
    before = len(demo.milter.log())
    outcome = demo.outcome(demo.postfix, case)
    verdict = demo.verdict(outcome, demo.milter.log()[before:])
    print(ROW.format(case.what, case.recipient, verdict, outcome), flush=True)
    others = [demo.outcome(mta, case) for mta in (demo.sendmail, demo.exim)]
    if all(as_expected(case, o) for o in (outcome, *others)):
        return True
    print(f'    expected: {case.expected}; Sendmail, Exim: {others}', file=sys.stderr)
    return False


def main():
    print('example.com is shared by onprem (here) and hosted. A file can say who is where:\n')
    with paths.scratch() as folder:
        results = [show_file(folder)]
    print('... or by an OpenLDAP server. Postfix uses a replica of it, which sdr-sync keeps:\n')
    print(ROW.format('the mailbox is', 'mail to', 'verdict', 'goes to, or is answered'))
    with paths.scratch() as folder, ExitStack() as stack:
        demo = Demo(folder, stack)
        demo.start()
        results += [show(demo, case) for case in CASES]
        results.append(not demo.milter.lines('source=directory'))
    if not all(results):
        return 1
    print('\nSendmail with the replica, and Exim with live searches, did the same.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
