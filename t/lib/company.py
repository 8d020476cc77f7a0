"""company.py - random changes of a directory

SPDX-License-Identifier: BSD-2-Clause
"""
import adldif
import world
from slapd import SUFFIX
from world import ldif_line

PEOPLE = [f'u{n}' for n in range(40)]
ADDRESSES = [f'{local}@{domain}' for local in
             ('a', 'b', 'c', 'd.e', 'F', 'g+h', '"i j"', 'kä', 'Ö')
             for domain in ('example.com', 'Example.ORG', 'elsewhere.example')]
OWNERS = [None, 'onprem', 'hosted', ['onprem', 'hosted'], 'mx.hosted.example.net', 'nowhere']


class Company:
    """The content of the directory: names of entries and their attributes."""

    rdn = 'uid'

    def __init__(self, choice):
        self.choice = choice
        self.people = {}

    def dn(self, name):
        return f'{self.rdn}={name},ou=people,{SUFFIX}'

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
        """LDIF of one random change that the directory accepts."""
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
        text = self.entry(world.person(name, **{'mail': None, **values}))
        return text.replace('\n', '\nchangetype: add\n', 1)

    def entry(self, ldif):
        return ldif

    def delete(self, name):
        del self.people[name]
        return f'dn: {self.dn(name)}\nchangetype: delete\n\n'

    def replace(self, name):
        """May remove its last address, so that the filter no longer finds it."""
        self.people[name] = self.attributes()
        return self.modification(name, self.people[name])

    def move(self, name):
        """Move one of its addresses to another entry in one step."""
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
        return (f'dn: {self.dn(name)}\nchangetype: modrdn\nnewrdn: {self.rdn}={new}\n'
                'deleteoldrdn: 1\n\n')

    def other(self, name):
        """A change that does not concern routing."""
        return self.modification(name, {'description': self.choice.choice(['x', 'y', 'z'])})

    def modification(self, name, attributes):
        lines = [f'dn: {self.dn(name)}', 'changetype: modify']
        for attribute, value in attributes.items():
            lines += [f'replace: {attribute}', *(ldif_line(attribute, v)
                                                 for v in world.as_list(value)), '-']
        return '\n'.join([*lines, '', ''])


class AdCompany(Company):
    """In Active Directory."""

    rdn = 'CN'

    def entry(self, ldif):
        return adldif.people(ldif)

    def rename(self, name):
        before = set(self.people)
        text = super().rename(name)
        new, = set(self.people) - before
        return text + self.modification(new, {'sAMAccountName': new})


class Round:
    """Events that may happen while the directory changes."""

    def __init__(self, choice, server, sync, company, backup, changes):
        self.choice, self.server, self.sync = choice, server, sync
        self.company, self.backup, self.most = company, backup, changes
        self.saved = None
        self.rounds = self.changed = self.sync_kills = self.server_kills = 0

    def changes(self):
        """At most this many each time."""
        count = self.choice.randrange(self.most)
        text = ''.join(self.company.change() for _ in range(count))
        if text:
            self.server.modify(text)
        self.changed += count

    def kill_sync(self):
        self.sync.kill()
        self.sync_kills += 1

    def undisturbed(self):
        self.changes()

    def killed(self):
        """In the middle of a sync, if the moment fits; it starts while changes arrive."""
        self.changes()
        self.kill_sync()
        self.sync.start()
        self.changes()
        self.kill_sync()
        self.changes()
        self.sync.start()

    def server_killed(self):
        """While the directory is read, if the moment fits; the state saved at the end is lost."""
        self.changes()
        self.server.kill()
        self.server_kills += 1
        self.server.start()
        self.changes()

    def away(self):
        self.sync.stop()
        self.changes()
        self.sync.start()

    def restarted(self):
        """The session log is lost."""
        self.changes()
        self.server.stop()
        self.server.start()
        self.changes()

    def restarted_while_away(self):
        self.sync.stop()
        self.changes()
        self.server.stop()
        self.server.start()
        self.changes()
        self.sync.start()

    def saved_or_restored(self):
        """The directory is restored from a backup, which is older than the replica's cookie."""
        self.server.stop()
        if self.saved is None:
            self.server.copy_data(self.backup)
            self.saved = dict(self.company.people)
        else:
            self.server.copy_data(self.backup, back=True)
            self.company.people = self.saved
            self.saved = None
        self.server.start()

    def run(self):
        kind = self.choice.choice([
            self.undisturbed, self.undisturbed, self.killed, self.server_killed, self.away,
            self.restarted, self.restarted_while_away, self.saved_or_restored])
        self.rounds += 1
        print(self.rounds, kind.__name__, len(self.company.people), flush=True)
        kind()

    def sums(self):
        return (f'{self.rounds} rounds, {self.changed} changes, sdr-sync killed '
                f'{self.sync_kills} times and its server {self.server_kills} times')
