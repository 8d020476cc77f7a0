"""scene_provider.py - doc/2-provider.md: moving to a hosted provider by subdomain

SPDX-License-Identifier: BSD-2-Clause
"""
from mailhosts import DirectoryHost, PostfixHost
from proc import wait_for
from scene import Scene, codes

SALES = ['sam', 'sue', 'stan']
REST = ['ida', 'mia', 'max']


class Provider(Scene):
    chapter = '2-provider'
    HOSTS = {
        'world': (PostfixHost, 'mail.example.net', ['wanda']),
        'ldap': (DirectoryHost, 'ldap.example.com', None),
        'mx': (PostfixHost, 'mx.example.com', ['paul', *SALES, *REST]),
        'provider': (PostfixHost, 'mx.example.org', []),
    }
    LIVES = {person: 'mx' for person in ['paul', *SALES, *REST]}

    def play(self):
        self.secrets('mx', mover=True)
        self.follow('Before: everybody is here')
        self.everybody()
        self.the_subdomain()
        self.follow('Step 2: sdr asks the directory, and changes nothing')
        self.everybody('nemo')
        self.one_goes_first()
        self.sales()
        self.back_again()
        self.follow('Step 4: department by department')
        self.moved(*SALES)
        self.follow('The rest, in waves')
        self.moved(*REST)
        self.everybody('nemo')
        self.the_mx()
        self.the_subdomain_goes()

    def everybody(self, *others):
        """Send from outside, by the MX, and between users at both sites."""
        for person in [*self.LIVES, *others]:
            self.submit('world', person, 'wanda@example.net')
        for sender, recipient in [('paul', 'sam'), ('sam', 'paul'), ('mia', 'max'), ('max', 'sue')]:
            here = 'mx' if self.ledger.lives[sender] == (self.hosts['mx'].name,) else 'provider'
            self.submit(here, recipient, f'{sender}@example.com')
        self.ledger.settle()

    def moved(self, *people, to='provider'):
        for person in people:
            self.now_lives(person, to)
        self.everybody()

    def the_subdomain(self):
        self.publish('dns-step-1')
        self.follow('Step 1: the subdomain')
        self.everybody()

    def one_goes_first(self):
        """Mail that arrives during the hold waits at its sender and is then delivered to the new mailbox."""
        heading = 'Step 3: one goes first'
        steps = self.steps(heading)
        self.say(f'--- {heading}')
        before, after = steps[:2], steps[2:]
        self.do_all(before)
        waits = self.send('mx', ['paul', 'ida'])
        assert codes(waits) == [451, 250]
        self.now_lives('paul', 'provider')
        self.submit('world', 'paul', 'wanda@example.net')
        self.do_all(after)
        self.retry('mx', waits)
        self.sender_tries_again()
        self.everybody()

    def sender_tries_again(self):
        """Retry sooner than the server would by itself, but not during a delivery attempt."""
        world = self.hosts['world']
        wait_for(lambda: not world.waiting() or world.run(['postqueue', '-f']) and False, 60,
                 'the sender has tried again')

    def sales(self):
        heading = 'Step 4: department by department'
        self.say(f'--- {heading}')
        steps = self.steps(heading)
        self.do_all(steps[:2])
        waits = self.send('mx', [*SALES, 'mia'])
        assert codes(waits) == [451, 451, 451, 250]
        self.do_all(steps[2:])
        for person in SALES:
            self.now_lives(person, 'provider')
        self.retry('mx', waits)
        self.everybody()

    def back_again(self):
        self.follow('If something is wrong: back again')
        self.moved(*SALES, to='mx')

    def the_mx(self):
        self.publish('dns-step-5')
        self.follow('Step 5: the MX')
        self.everybody('nemo')
        self.say('Who still knows the old MX is served as well.')
        self.send('mx', ['sam', 'nemo'])
        self.ledger.settle()

    def the_subdomain_goes(self):
        self.publish('dns-step-6')
        self.follow('Step 6: the subdomain goes')
        self.everybody('nemo')
