"""test_migration.py - people move in batches while mail flows

Every message that was accepted reaches exactly one mailbox, and the right one:
the old one if it was sent before the batch, the new one if after; in between
either.

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import threading
from collections import Counter, defaultdict

import pytest

import adldif
import paths
import samba
import sdrctl
import slapd as ldap
import world
from proc import wait_for

PEOPLE, BATCH = (1000, 100) if paths.BUILD.name == 'build' else (200, 50)
NAMES = [f'u{n}' for n in range(PEOPLE)]


class Mail(threading.Thread):
    """Sends to random recipients one after the other until it is stopped; records who got what and when."""

    def __init__(self, mta, moment):
        super().__init__()
        self.mta, self.moment, self.stopped = mta, moment, False
        self.sent = []  # (Message-ID, name, moment before, moment after)

    def run(self):
        choice = random.Random(len(NAMES))
        while not self.stopped:
            name = choice.choice(NAMES)
            before = self.moment[0]
            sent = self.mta.send([f'{name}@example.com'])
            assert sent.rcpts[0].code in (250, 451), sent.rcpts[0]
            if sent.rcpts[0].code == 250:
                self.sent.append((sent.message_id, name, before, self.moment[0]))


@pytest.fixture(params=['openldap', 'samba'])
def slapd(request, new_slapd):
    """The directory, of any kind."""
    people = ''.join(map(world.person, NAMES))
    if request.param == 'openldap':
        return new_slapd(people, options='sizelimit unlimited\n')
    ad = request.getfixturevalue('ad')
    ad.add(adldif.people(people))
    return ad


@pytest.fixture
def sections(scratch, slapd, new_sync, ca, request):
    """Sections of sdr.conf: for live searches, and with a replica."""
    server = samba if isinstance(slapd, samba.Samba) else ldap
    password = scratch / 'admin-password'
    password.write_text(server.ADMIN_PASSWORD + '\n')
    password.chmod(0o600)
    (scratch / 'journal').mkdir()
    directory = {'uri': slapd.ldaps_uri, 'tls-ca-file': str(ca.cert), 'sync-interval': '1'}
    wanted = {'main': {'journal-directory': str(scratch / 'journal')},
              'directory_corp': {**directory, 'admin-bind-dn': server.ADMIN_DN,
                                 'admin-password-file': str(password)}}
    if request.param == 'replica':
        sync = new_sync(slapd, directory_corp=directory).start()
        sync.caught_up()
        wanted['replica'] = {'path': str(sync.path)}
    return wanted


@pytest.mark.slow
@pytest.mark.parametrize('sections', ['live', 'replica'], indirect=True)
def test_people_move_while_mail_flows(scratch, postfix, new_milter, conf, sections, sink):
    milter = new_milter(conf(**sections)).start()
    moment, moved = [0], {}  # name -> the moments before and after his batch
    mail = Mail(postfix, moment)
    mail.start()
    order = NAMES[:]
    random.Random(1).shuffle(order)
    for n in range(0, PEOPLE, BATCH):
        batch = scratch / 'batch'
        batch.write_text(''.join(f'{name}@example.com\n' for name in order[n:n + BATCH]))
        before = moment[0]
        done = sdrctl.run(milter.conf, 'move', '--to', 'hosted', '--wait', '--file', batch)
        assert done.returncode == 0, done.stderr
        moment[0] += 1
        moved.update({name: (before, moment[0]) for name in order[n:n + BATCH]})
        seen = len(mail.sent)
        wait_for(lambda seen=seen: len(mail.sent) > seen + 5 or not mail.is_alive())
    mail.stopped = True
    mail.join()
    wait_for(lambda: not postfix.queue() and not postfix.queue(), what='an empty queue')
    assert len(mail.sent) > 5 * PEOPLE / BATCH
    arrived = defaultdict(Counter)
    for transaction in sink.transactions:
        arrived[transaction.message_id].update(transaction.recipients)
    for message_id, name, before, after in mail.sent:
        begun, ended = moved[name]
        old, new = {f'{name}@example.com': 1}, {f'{name}@hosted.example.com': 1}
        right = [new] if before >= ended else [old] if after < begun else [old, new]
        assert dict(arrived[message_id]) in right, (name, before, after, begun, ended)
    done = sdrctl.run(milter.conf, 'undo', max((scratch / 'journal').iterdir()))
    assert f'{BATCH} undone' in done.stdout
