"""scene_frontends.py - doc/4-front-ends.md: redundant front ends, and a hosting panel behind them

SPDX-License-Identifier: BSD-2-Clause
"""
from mailhosts import DirectoryHost, EximHost, PostfixHost, SendmailHost
from proc import wait_for
from scene import Scene, codes

FRONT_ENDS = ['mx1', 'mx2', 'backup']
PANEL, HOSTED = ['rosa', 'stefan', 'tina', 'uwe'], ['vera', 'walt']
PEOPLE = [*PANEL, *HOSTED]


class FrontEnds(Scene):
    chapter = '4-front-ends'
    HOSTS = {
        'world': (PostfixHost, 'mail.example.net', ['wanda']),
        'ldap': (DirectoryHost, 'ldap.example.com', None),
        'provider': (PostfixHost, 'mx.example.org', []),
        'cp': (EximHost, 'cp.example.com', PANEL),
        'mx1': (PostfixHost, 'mx1.example.com', []),
        'mx2': (SendmailHost, 'mx2.example.com', []),
        'backup': (PostfixHost, 'backup.example.com', []),
    }
    LIVES = {**{person: 'cp' for person in PANEL}, **{person: 'provider' for person in HOSTED}}
    LISTS = {'team': ['tina', 'uwe'], 'postmaster': ['rosa']}

    def play(self):
        self.secrets('mx1', mover=True)
        self.secrets('mx2', 'backup', 'cp')
        for heading in ('The directory', 'The provider', 'The panel: Exim',
                        'The first front end: Postfix', 'The second: Sendmail', 'The backup',
                        'Is all well?'):
            self.follow(heading)
        self.every_front_end()
        self.one_is_away()
        self.all_but_the_backup_are_away()
        self.users_move()
        self.both()

    def every_front_end(self):
        self.say('Each of them takes mail for everybody, refuses the unknown, and relays for nobody.')
        for front_end in FRONT_ENDS:
            several = self.send(front_end, [*PEOPLE, 'nemo'])
            assert codes(several) == [250] * len(PEOPLE) + [550]
            self.no_relay(front_end)
        self.send('mx1', 'team')
        self.send('backup', 'postmaster')
        self.ledger.settle()

    def no_relay(self, front_end):
        """The front ends relay to no others and do not bypass the directory."""
        for elsewhere in ('somebody@example.edu', 'vera@hosted.example.com'):
            refused = self.probe(front_end, elsewhere)
            assert refused.code // 100 == 5, f'{front_end} relays to {elsewhere}: {refused}'

    def one_is_away(self):
        self.follow('One front end is away')
        for person in [*PEOPLE, 'nemo']:
            self.submit('world', person, 'wanda@example.net')
        self.ledger.settle()
        self.follow('It is back')

    def all_but_the_backup_are_away(self):
        self.say('The line to the building with the panel, the front ends and the directory is cut.')
        self.cut('mx1', 'mx2', 'cp', 'ldap')
        for person in [*PEOPLE, 'nemo']:
            self.submit('world', person, 'wanda@example.net')
        self.ledger.arrived(*self.ledger.messages.values(), recipients=[*HOSTED, 'nemo'])
        wait_for(lambda: sorted(self.hosts['backup'].waiting())
                 == [f'{person}@panel.example.com' for person in PANEL], 60, 'mail waits at the backup')
        self.no_relay('backup')
        self.follow('All but the backup is away')
        self.join('mx1', 'mx2', 'cp', 'ldap')
        self.follow_until_settled('All is back')

    def users_move(self):
        """The account on the panel still exists but gets no more mail, not even from colleagues."""
        self.follow('Users of the panel move')
        self.now_lives('uwe', 'provider')
        self.seen_everywhere('uwe@example.com', 'uwe@hosted.example.com')
        self.everybody_writes('uwe')
        self.submit('cp', 'team', 'stefan@example.com')
        self.ledger.settle()

    def both(self):
        self.follow('A mailbox at both')
        self.now_lives('tina', 'cp', 'provider')
        self.seen_everywhere('tina@example.com', 'tina@hosted.example.com')
        self.everybody_writes('tina')
        self.ledger.settle()

    def everybody_writes(self, person):
        for front_end in FRONT_ENDS:
            self.send(front_end, [person, 'rosa'])
        self.submit('cp', person, 'rosa@example.com')
        self.submit('world', person, 'wanda@example.net')

    def seen_everywhere(self, address, target):
        """Wait until the replicas of all hosts route there."""
        for short in ('cp', *FRONT_ENDS):
            host = self.hosts[short]
            wait_for(lambda: target in  # pylint: disable=cell-var-from-loop
                     host.run(['sdrctl', 'route', address]).stdout, 120, f'{address} at {short}')
