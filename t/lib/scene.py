"""scene.py - plays a chapter of doc/, for a test or for a person who watches

SPDX-License-Identifier: BSD-2-Clause
"""
import units
from chapter import Chapter, missing
from internet import OUTSIDE, Internet
from ledger import Ledger
from mailhosts import ADMIN_PASSWORD, READER_PASSWORD
from proc import within


class Scene:
    """
    Derived classes have chapter, a name in doc/; HOSTS, {short name as in the chapter:
    (class, full name, accounts)}; LIVES, {person: short name}; and play(), which prints what it does.
    """

    chapter = None
    HOSTS = {}
    LIVES = {}
    LISTS = {}  # {name: [person, ...]}: lists that a mail server expands
    SENDER = 'world'  # an outside sender

    def __init__(self, folder, say=print):
        self._book = Chapter(self.chapter)
        self._say = say
        self.internet = Internet(folder / 'net', self._book.files / 'dns')
        self.hosts = {}
        self.ledger = None
        self._done = []

    def run(self):
        """Run the scene. Returns a Counter of the outcomes of all messages."""
        with self.internet:
            for short, (kind, name, users) in self.HOSTS.items():
                files = next(f / name for f in (self._book.files, OUTSIDE) if (f / name).exists())
                options = {'users': users} if users is not None else {}
                self.hosts[short] = self.internet.host(kind, name, files, **options)
            with_mail = [host for host in self.hosts.values() if hasattr(host, 'mailbox')]
            lives = {person: (self.hosts[short].name,) for person, short in self.LIVES.items()}
            self.ledger = Ledger(with_mail, lives, self.LISTS, say=self._say)
            units.systemctl(self.hosts[self.SENDER], 'systemctl start postfix')
            try:
                self.play()
            except BaseException:
                self._say_logs()
                raise
            self._assert_all_done()
            return self.ledger.account()

    def _assert_all_done(self):
        """Assert that every line of the chapter was executed."""
        left = [step.line for steps in self._book.sections.values() for step in steps
                if step not in self._done]
        assert not left, left

    def _say_logs(self):
        for short, host in self.hosts.items():
            self._say(f'##### {short}\n{host.logs()}')

    def play(self):
        raise NotImplementedError

    def now_lives(self, person, *hosts):
        self.ledger.lives[person] = tuple(self.hosts[host].name for host in hosts)

    # --- steps of play() ---

    def say(self, text):
        self._say(f'\n{text}')

    def follow(self, heading):
        """Run the commands of this section of the chapter."""
        self.say(f'--- {heading}')
        self.do_all(self.steps(heading))

    def follow_until_settled(self, heading):
        """Run this section, several times if necessary, until all mail has its result: flushing a queue skips a
        message whose delivery is in progress."""
        self.follow(heading)
        for _ in range(20):
            if within(5, self.ledger.settled):
                return
            self.do_all(self.steps(heading))
        self.ledger.settle()

    def steps(self, heading):
        return self._book.steps(heading)

    def do_all(self, steps):
        for step in steps:
            self.do(step)

    def do(self, step):
        host = self.hosts[step.host]
        self._done.append(step)
        self._say(f'{step.host}# {step.line}')
        if step.line.startswith('systemctl '):
            units.systemctl(host, step.line)
            return
        # A command that shows an error may fail.
        output = host.command(step.line, ok=range(256) if any(step.said) else (0,))
        for line in output.splitlines():
            self._say(f'  {line}')
        lost = missing(step, output)
        if lost:
            raise AssertionError(f'{step.host}# {step.line}\n{output}\ndoes not say:\n' + '\n'.join(lost))

    def secrets(self, *shorts, mover=False):
        """Write the directory's passwords to the files that the chapter names."""
        for short in shorts:
            host = self.hosts[short]
            host.write('/etc/sdr/password', READER_PASSWORD + '\n', group='sdr')
            if mover:
                host.write('/etc/sdr/admin-password', ADMIN_PASSWORD + '\n', group='root')

    def send(self, target, recipients, source=None, **options):
        """Send a message from outside, or from this host, to port 25 of that one."""
        return self.ledger.send(self.hosts[source or self.SENDER], self.hosts[target], recipients, **options)

    def probe(self, target, recipient, **options):
        """The reply to this recipient; sends no message."""
        return self.ledger.probe(self.hosts[self.SENDER], self.hosts[target], recipient, **options)

    def submit(self, source, recipient, sender, **options):
        """Send a message from this host."""
        return self.ledger.submit(self.hosts[source], recipient, sender, **options)

    def retry(self, target, message):
        """Send the deferred recipients of a message again, from the same host."""
        return self.ledger.retry(self.hosts[self.SENDER], self.hosts[target], message)

    def publish(self, folder):
        """Load the zones of another folder."""
        self._say(f'(the name server has the zones in {folder})')
        self.internet.publish(self._book.files / folder)

    def cut(self, *shorts):
        for short in shorts:
            self._say(f'(the line to {short} is cut)')
            self.hosts[short].cut()

    def join(self, *shorts):
        for short in shorts:
            self._say(f'(the line to {short} is back)')
            self.hosts[short].join()


def codes(message):
    return [r.code for r in message.replies]


def summary(outcomes):
    return ('{sent} sent, {delivered} delivered, {refused} refused, {lost} lost, {twice} twice'
            .format(**{**outcomes, 'lost': outcomes['lost'] + outcomes['astray']}))


def sound(outcomes):
    return not (outcomes['lost'] or outcomes['twice'] or outcomes['astray'])
