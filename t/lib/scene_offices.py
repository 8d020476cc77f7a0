"""scene_offices.py - doc/1-offices.md: several offices, one domain

SPDX-License-Identifier: BSD-2-Clause
"""
from mailhosts import DirectoryHost, EximHost, PostfixHost, SendmailHost
from proc import wait_for
from scene import Scene, codes

OFFICES = ['newyork', 'atlanta', 'denver']


class Offices(Scene):
    chapter = '1-offices'
    HOSTS = {
        'world': (PostfixHost, 'mail.example.net', ['wanda']),
        'ldap': (DirectoryHost, 'ldap.newyork.example.com', None),
        'newyork': (PostfixHost, 'mail.newyork.example.com', ['ann', 'bill']),
        'atlanta': (EximHost, 'mail.atlanta.example.com', ['carol', 'dan']),
        'denver': (SendmailHost, 'mail.denver.example.com', ['eve', 'frank']),
    }
    LIVES = {'ann': 'newyork', 'bill': 'newyork', 'william': 'newyork', 'carol': 'atlanta',
             'dan': 'atlanta', 'eve': 'denver', 'frank': 'denver'}
    LISTS = {'board': ['ann', 'carol', 'eve'], 'club': ['bill', 'dan', 'frank']}
    PEOPLE = [person for person in LIVES if person != 'william']

    def play(self):
        self.secrets(*OFFICES)
        for heading in ('The directory', 'New York: Postfix', 'Atlanta: Exim', 'Denver: Sendmail',
                        'Is all well?'):
            self.follow(heading)
        self.everybody_everywhere()
        self.among_themselves()
        self.aliases()
        self.denver_is_away()
        self.new_york_is_away()

    def everybody_everywhere(self):
        self.say('Every office takes mail for everybody, and refuses whom nobody knows.')
        for office in OFFICES:
            for person in self.PEOPLE:
                assert codes(self.send(office, person)) == [250]
            several = self.send(office, ['ann', 'carol', 'eve', 'nemo'])
            assert codes(several) == [250, 250, 250, 550]
        self.ledger.settle()

    def among_themselves(self):
        self.say('People in the offices write to each other.')
        self.submit('newyork', 'eve', 'ann@example.com')
        self.submit('newyork', 'ann', 'bill@example.com')
        self.submit('atlanta', 'frank', 'carol@example.com')
        self.send('denver', ['ann', 'dan'], source='denver', sender='eve@example.com')
        self.ledger.settle()

    def aliases(self):
        self.say('An alias of one office has members in all of them.')
        for office in OFFICES:
            for alias in self.LISTS:
                assert codes(self.send(office, alias)) == [250]
        self.ledger.settle()

    def denver_is_away(self):
        self.say('The line to Denver is cut: mail for Denver waits, all other mail flows.')
        self.cut('denver')
        for office in ('newyork', 'atlanta'):
            for person in self.PEOPLE:
                self.send(office, person)
            self.wait_flows('ann', 'bill', 'carol', 'dan')
        self.wait_waiting('newyork', 'eve@denver.example.com', 'frank@denver.example.com')
        self.wait_waiting('atlanta', 'eve@example.com', 'frank@example.com')
        self.follow('An office is away')
        self.join('denver')
        self.follow_until_settled('It is back')

    def new_york_is_away(self):
        self.say('The line to New York is cut, where the directory is. The world goes to the next MX.')
        self.cut('newyork', 'ldap')
        for person in [*self.PEOPLE, 'nemo']:
            self.submit('world', person, 'wanda@example.net')
        self.wait_flows('carol', 'dan', 'eve', 'frank', 'nemo')
        self.join('newyork', 'ldap')
        self.follow_until_settled('It is back')
        self.follow('The directory was away')

    def wait_flows(self, *people):
        """Wait until all mail to them so far has arrived."""
        self.ledger.arrived(*self.ledger.messages.values(), recipients=people)

    def wait_waiting(self, office, *recipients):
        host = self.hosts[office]
        wait_for(lambda: sorted(host.waiting()) == sorted(recipients), 60,
                 f'{recipients} wait at {office}: {host.waiting()}')
