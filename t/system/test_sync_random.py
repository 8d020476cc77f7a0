"""The replica is what the directory is, whatever happens to either.

Random changes of a directory, random deaths of sdr-sync and slapd: after each
round the replica is what a fresh read gives. PYTEST_SEED=N repeats a run.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import random
import shutil

import pytest
import world
from slapd import SUFFIX
from world import ldif_line

ROUNDS = 80
CHANGES = 60  # in each, on average
PEOPLE = [f'u{n}' for n in range(40)]
ADDRESSES = [f'{local}@{domain}' for local in
             ('a', 'b', 'c', 'd.e', 'F', 'g+h', '"i j"', 'kä', 'Ö')
             for domain in ('example.com', 'Example.ORG', 'elsewhere.example')]
OWNERS = [None, 'onprem', 'hosted', ['onprem', 'hosted'], 'mx.hosted.example.net', 'nowhere']


class Company:
    """What is in the directory: names of entries and their attributes."""

    def __init__(self, choice):
        self.choice = choice
        self.people = {}

    def dn(self, name):
        return f'uid={name},ou=people,{SUFFIX}'

    def attributes(self):
        pick = self.choice
        addresses = pick.sample(ADDRESSES, pick.randrange(4))
        routing = pick.choice([None, None, 'x@hosted.example.com', 'y@elsewhere.example'])
        return {
            'sdrAddress': addresses,
            'mail': pick.choice([None, [a for a in addresses[:1] if a.isascii()]]),
            'sdrOwner': pick.choice(OWNERS),
            'sdrHold': pick.choice([None, None, 'TRUE', 'FALSE']),
            'sdrRoutingAddress': routing}

    def change(self):
        """LDIF of one random change that the directory will take."""
        there = [n for n in PEOPLE if n in self.people]
        missing = [n for n in PEOPLE if n not in self.people]
        kind = self.choice.choice(
            ['add'] * 3 * bool(missing)
            + ['replace', 'replace', 'move', 'rename', 'delete', 'other'] * bool(there))
        if kind == 'add':
            return self.add(self.choice.choice(missing))
        name = self.choice.choice(there)
        if kind == 'rename' and not missing:
            kind = 'replace'
        return {'replace': self.replace, 'delete': self.delete, 'move': self.move,
                'rename': self.rename, 'other': self.other}[kind](name)

    def add(self, name):
        self.people[name] = self.attributes()
        values = {k: v for k, v in self.people[name].items() if v}
        text = world.person(name, **{'mail': None, **values})
        return text.replace('\n', '\nchangetype: add\n', 1)

    def delete(self, name):
        del self.people[name]
        return f'dn: {self.dn(name)}\nchangetype: delete\n\n'

    def replace(self, name):
        """May leave it without any address: out of the filter."""
        self.people[name] = self.attributes()
        return self.modification(name, self.people[name])

    def move(self, name):
        """One of its addresses goes to somebody else, in one go."""
        other = self.choice.choice(list(self.people))
        moved = self.people[name]['sdrAddress'][:1]
        if other == name or not moved:
            return self.replace(name)
        self.people[name]['sdrAddress'] = self.people[name]['sdrAddress'][1:]
        if moved[0] not in self.people[other]['sdrAddress']:
            self.people[other]['sdrAddress'] = [*self.people[other]['sdrAddress'], *moved]
        return ''.join(self.modification(n, {'sdrAddress': self.people[n]['sdrAddress']})
                       for n in (name, other))

    def rename(self, name):
        new = self.choice.choice([n for n in PEOPLE if n not in self.people])
        self.people[new] = self.people.pop(name)
        return (f'dn: {self.dn(name)}\nchangetype: modrdn\nnewrdn: uid={new}\n'
                'deleteoldrdn: 1\n\n')

    def other(self, name):
        """Nothing that concerns us."""
        return self.modification(name, {'description': self.choice.choice(['x', 'y', 'z'])})

    def modification(self, name, attributes):
        lines = [f'dn: {self.dn(name)}', 'changetype: modify']
        for attribute, value in attributes.items():
            lines += [f'replace: {attribute}', *(ldif_line(attribute, v)
                                                 for v in world.as_list(value)), '-']
        return '\n'.join([*lines, '', ''])


@pytest.fixture
def choice():
    seed = int(os.environ.get('PYTEST_SEED', random.randrange(1 << 32)))
    print(f'PYTEST_SEED={seed}')
    return random.Random(seed)


def copy(server, folder, back=False):
    """The database of a server that does not run, kept, or put back."""
    source, target = (folder, server.folder / 'db') if back else (server.folder / 'db', folder)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


class Round:
    """What may happen while the directory changes."""

    def __init__(self, choice, slapd, sync, company, backup):
        self.choice, self.slapd, self.sync = choice, slapd, sync
        self.company, self.backup = company, backup
        self.saved = None

    def changes(self):
        text = ''.join(self.company.change() for _ in range(self.choice.randrange(CHANGES)))
        if text:
            self.slapd.modify(text)

    def undisturbed(self):
        self.changes()

    def killed(self):
        """In the middle of it, if the time is right; and it starts while changes come."""
        self.changes()
        self.sync.kill()
        self.sync.start()
        self.changes()
        self.sync.kill()
        self.changes()
        self.sync.start()

    def away(self):
        self.sync.stop()
        self.changes()
        self.sync.start()

    def restarted(self):
        """The session log is lost."""
        self.changes()
        self.slapd.stop()
        self.slapd.start()
        self.changes()

    def restarted_while_away(self):
        self.sync.stop()
        self.changes()
        self.slapd.stop()
        self.slapd.start()
        self.changes()
        self.sync.start()

    def saved_or_restored(self):
        """The directory is put back to what it was; its cookie is younger than it is."""
        self.slapd.stop()
        if self.saved is None:
            copy(self.slapd, self.backup)
            self.saved = dict(self.company.people)
        else:
            copy(self.slapd, self.backup, back=True)
            self.company.people = self.saved
            self.saved = None
        self.slapd.start()

    def run(self):
        kind = self.choice.choice([
            self.undisturbed, self.undisturbed, self.killed, self.away, self.restarted,
            self.restarted_while_away, self.saved_or_restored])
        print(kind.__name__, len(self.company.people))
        kind()


def test_replica_equals_directory(choice, new_slapd, new_sync, scratch):
    """Nobody holds anything back here: the guard has tests of its own."""
    slapd = new_slapd(world.PEOPLE, options=choice.choice(['', 'syncprov-sessionlog 100']))
    sync = new_sync(slapd, **{'domain example.org': {'unknown': 'reject'}},
                    replica={'max-removed': '100'}).start()
    company = Company(choice)
    rounds = Round(choice, slapd, sync, company, scratch / 'backup')
    for _ in range(ROUNDS):
        rounds.run()
        sync.caught_up()
