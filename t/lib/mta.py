"""mta.py - the interface of an MTA to the tests

SPDX-License-Identifier: BSD-2-Clause
"""
import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

import smtpclient
from proc import free_port, wait_for

# For every MTA the first is an outside client, which may send only to the split domain and to this site's
# routing domain; the second may relay.
OUTSIDER, INSIDER = '127.0.0.8', '127.0.0.9'


@dataclass(frozen=True)
class Manners:
    """Legitimate differences between the MTAs."""
    group: str           # the group that may connect to the milter's socket
    queue_id: str        # a regular expression
    relay_denied: int    # the answer to RCPT
    no_recipients: int   # the reply to DATA
    invents_orcpt: bool  # if no ORCPT was sent; our milter makes it right


POSTFIX = Manners('postfix', '[0-9A-F]+', 554, 554, True)
EXIM = Manners('Debian-exim', '[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}', 550, 503, False)
SENDMAIL = Manners('smmta', '[0-9A-Za-x]{8}[0-9]{6}', 550, 503, False)


class Mta:
    """
    A private MTA that sends all accepted mail to the sink.

    Below queue_folder is sdr/, where a milter's socket belongs. A derived class has manners,
    start(), stop(), queue(), deferred(), flush(), log(), complaints() and
    use_milters(*sockets), the sockets as 'unix:sdr/milter.sock'.
    """
    manners = None

    def __init__(self, folder):
        self.folder = Path(folder)
        self.queue_folder = self.folder / 'queue'
        self.port = free_port()

    def send(self, rcpts, **options):
        """smtpclient.send() as an outside client, with the same arguments and result."""
        return smtpclient.send(self.port, rcpts, **{'source': OUTSIDER, **options})

    def client(self, source=OUTSIDER, port=None):
        return smtpclient.Client(port or self.port, source)

    def wait_empty(self, seconds=60):
        """
        Wait until everything is delivered, including bounces, which enter the queue first. Looks more than
        once: a single look misses a message that moves from one queue folder to another.
        """
        wait_for(lambda: not self.queue() and not self.queue(), seconds, 'an empty queue')


def make_folder(path, owner, group, mode):
    path.mkdir()
    os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    path.chmod(mode)
