"""scene_twoway.py - doc/3-two-way.md: two sites, each of which routes mail for the other's mailboxes

SPDX-License-Identifier: BSD-2-Clause
"""
from mailhosts import DirectoryHost, EximHost, PostfixHost, SendmailHost
from proc import wait_for, within
from scene import Scene, codes

SERVERS = ['mx', 'pf', 'sm']
HERE, THERE = ['dora', 'emil'], ['hans', 'ines', 'jan']
PEOPLE = [*HERE, *THERE]


class ProviderHost(PostfixHost):
    """With the program that sends vacation replies."""

    servers = ('postfix', 'sendmail')


class TwoWay(Scene):
    chapter = '3-two-way'
    HOSTS = {
        'world': (PostfixHost, 'mail.example.net', ['wanda']),
        'ldap': (DirectoryHost, 'ldap.example.com', None),
        'provider': (ProviderHost, 'mx.example.org', []),
        'mx': (EximHost, 'mx.example.com', HERE),
        'pf': (PostfixHost, 'pf.example.com', []),
        'sm': (SendmailHost, 'sm.example.com', []),
    }
    LIVES = {**{person: 'mx' for person in HERE}, **{person: 'provider' for person in THERE}}

    def play(self):
        self.secrets(*SERVERS)
        for heading in ('The directory', 'The other site', 'Our servers'):
            self.follow(heading)
        self.the_other_side_is_tried()
        self.either_side_receives()
        self.nobody_holds_it()
        self.nobody_writes_in_our_name()
        self.it_circles()
        self.on_leave()

    def the_other_side_is_tried(self):
        """Before any mail is routed there: the mailbox must exist there, and a catch-all is detected."""
        self.say('Jan is not in the directory: as long as unknown = reject, he gets nothing through us.')
        assert self.probe('mx', 'jan@example.com').code == 550
        self.follow('Is the other site ready?')
        self.follow('The catch-all goes')
        self.follow('Unknown recipients go to the other site')

    def either_side_receives(self):
        self.say('Each server, theirs too, takes mail for everybody.')
        for server in [*SERVERS, 'provider']:
            assert codes(self.send(server, PEOPLE)) == [250] * len(PEOPLE)
        for here, sender in [('mx', 'dora'), ('provider', 'hans'), ('provider', 'jan')]:
            for person in PEOPLE:
                if person != sender:
                    self.submit(here, person, f'{sender}@example.com')
        self.ledger.settle()

    def nobody_holds_it(self):
        self.say('What neither side holds comes back, once.')
        for server in [*SERVERS, 'provider']:
            self.send(server, 'nemo')
        self.submit('mx', 'nemo', 'dora@example.com')
        self.submit('provider', 'nemo', 'hans@example.com')
        self.submit('provider', 'nemo', 'jan@example.com')
        self.ledger.settle()
        self.say('And what is sent to our own routing domain, and we do not hold, is refused at once.')
        for server in SERVERS:
            assert self.probe(server, 'nemo@onprem.example.com').code == 550

    def nobody_writes_in_our_name(self):
        """Except for the other site, whose users are ours, too."""
        self.say('Strangers do not write in the name of example.com; the other site does.')
        for server in SERVERS:
            forged = self.send(server, 'dora', sender='hans@example.com')
            assert codes(forged) == [550]
            self.ledger.forget(forged)
            honest = self.send(server, 'dora', source='provider', sender='hans@example.com')
            assert codes(honest) == [250]
        self.ledger.settle()

    def it_circles(self):
        """The message loops five times, as loop-limit says, and no more."""
        heading = 'If the other site passes everything on'
        self.say(f'--- {heading}')
        breaks, after = self.steps(heading)[:2], self.steps(heading)[2:]
        self.do_all(breaks)
        self.send('mx', 'nemo')
        wait_for(lambda: '451 4.4.6' in self.hosts['mx'].read('/var/log/exim4/mainlog'), 60, 'a loop')
        wait_for(lambda: self.hosts['provider'].waiting() == ['nemo@example.com'], 60,
                 'that it waits at the provider')
        wait_for(lambda: not self.hosts['mx'].waiting(), 60, 'that nothing waits here')
        rounds = self.hosts['mx'].read('/var/log/exim4/mainlog').count('=> nemo@hosted.example.com')
        assert rounds == 5, rounds
        self.do_all(after)
        self.return_all(after[-1:])

    def return_all(self, command):
        """Repeat while messages wait: a message that is being sent cannot be expired."""
        for _ in range(9):
            if within(10, self.ledger.settled):
                return
            self.do_all(command)
        self.ledger.settle()

    def on_leave(self):
        """Emil here and Ines there: each sends one vacation reply, and the reply causes no reply."""
        self.follow('On leave')
        for here, sender, recipient in [('mx', 'emil', 'ines'), ('provider', 'ines', 'emil')]:
            self.submit(here, recipient, f'{sender}@example.com',
                        headers=[f'To: {recipient}@example.com'])
            self.ledger.settle()
            wait_for(lambda: self.replies(sender) == 1, 30,  # pylint: disable=cell-var-from-loop
                     f'an answer to {sender}')
        self.ledger.quiet()
        assert self.replies() == 2

    def replies(self, person=None):
        """The number of automatic replies to this person, or to all."""
        return sum(n for (kind, _, who, _), n in self.ledger.found().items()
                   if kind == 'reply' and person in (None, who))
