"""post.py - the messages that every world gets, and their right places

It counts one message for one recipient. Either the recipient is rejected or deferred, so that the sender
keeps the message, or the message arrives once in each of the right places and nowhere else. A bounce to a
sender whose address may be forged is an error.

SPDX-License-Identifier: BSD-2-Clause
"""
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

import smtpclient
from machine import ADDRESS, network_of
from realworld import STRANGER, plain

FORGED = 'forged@example.net'
OWNERS = {'alice': {'hosted'}, 'robert': {'hosted'}, 'bob': {'hosted'}, 'dave': {'here'}, 'carol': {'here'},
          'both': {'here', 'hosted'}}
OURS = ('example.com', 'onprem.example.com')
ACCEPTED, POSTPONED, REFUSED = 'accepted', 'postponed', 'refused'
REFUSED_SOMEHOW = 'refused or postponed'
STATES = {2: ACCEPTED, 4: POSTPONED, 5: REFUSED}


@dataclass
class Message:
    """recipients: as they are written in RCPT"""
    kind: str
    recipients: list
    sender: str = FORGED
    how: str = 'smtp'  # from outside; 'submit': by sendmail(1)
    id: str = ''
    replies: list = field(default_factory=list)


def messages():
    """The messages that every world gets."""
    for person in ('alice', 'robert', 'dave', 'both', 'held', 'nosuch'):
        yield Message(person, [f'{person}@example.com'])
    for person in ('alice', 'dave', 'both', 'nosuch'):
        yield Message('extension', [f'{person}+news@example.com'])
    for person in ('alice', 'dave', 'nosuch'):
        yield Message('capitals', [f'{person.upper()}@Example.COM'])
        yield Message('quoted', [f'"{person}"@example.com'])
    for order in itertools.permutations(['alice', 'dave', 'both']):
        yield Message('order', [f'{person}@example.com' for person in order])
    yield Message('order', [f'{person}@example.com' for person in ('held', 'alice', 'nosuch', 'dave', 'bob')])
    yield Message('twice', ['alice@example.com', 'ALICE@example.com', 'dave@example.com', 'Dave@example.com'])
    yield Message('null sender', ['alice@example.com', 'dave@example.com'], sender='')
    for recipient in ('dave', 'dave+news', 'alice', 'both', 'nosuch'):
        yield Message('routing domain', [f'{recipient}@onprem.example.com'])
    yield Message('submit', ['alice@example.com', 'dave@example.com', 'both@example.com'], how='submit',
                  sender='carol@example.com')
    for person in ('alice', 'dave'):
        yield Message('bounce', ['gone@example.net'], how='submit', sender=f'{person}@example.com')


class Post:
    """All messages sent in one world."""

    def __init__(self, world):
        self.world = world
        self.messages = []
        self._exempt = set(world.expected.get('exempt', '').split())
        self.owners = dict(OWNERS)
        self._bcc = world.expected.get('bcc', '').split()
        self._removed = world.expected.get('removed', '').split()
        self.refused = world.expected.get('refused', '').split()
        self._milter_edits = world.base == 'postfix' and not world.tables
        self._no_extensions = world.expected.get('extensions') == 'refused'

    def send(self, message):
        message.id = smtpclient.new_message_id()
        self.messages.append(message)
        message.replies = {'smtp': self._by_smtp, 'submit': self._by_sendmail}[message.how](message)

    def send_all(self):
        for message in [*messages(), *(Message('alias', [alias]) for alias in self.world.aliases)]:
            self.send(message)

    def _by_smtp(self, message):
        with network_of(self.world.outside.pid):
            client = smtpclient.Client(25, host=ADDRESS, source=STRANGER)
        with client:
            mail = client.mail(message.sender)
            if mail.code != 250:
                return [mail] * len(message.recipients)
            replies = [client.rcpt(r) for r in message.recipients]
            if any(reply.code // 100 == 2 for reply in replies):
                data = client.data(smtpclient.message(message.id, [], 'Hello\n'))
                replies = [data if reply.code // 100 == 2 else reply for reply in replies]
            client.quit()
        return replies

    def _by_sendmail(self, message):
        text = f'From: {message.sender}\nTo: somebody\nMessage-ID: <{message.id}>\n\nHello\n'
        machine = self.world.machine
        done = machine.run(['sendmail', '-i', '-f', message.sender, *message.recipients], input=text,
                           env=machine.environment(), ok=range(256))
        reply = smtpclient.Reply(250 if done.returncode == 0 else 451, f'exit {done.returncode} {done.stderr}')
        return [reply] * len(message.recipients)

    # --- what is right ---

    def right(self, recipient):
        """(state, {places}) of a recipient"""
        if plain(recipient) in self.world.aliases:
            places = [self.right(f'{person}@example.com')[1] for person in self.world.aliases[plain(recipient)]]
            return ACCEPTED if places else REFUSED, set(itertools.chain(*places))
        local, _, domain = plain(recipient).rpartition('@')
        person, _, extension = local.partition('+')
        owners = self.owners.get(person)
        if domain not in OURS:
            return REFUSED_SOMEHOW, set()
        if domain != OURS[0] and owners and 'here' in owners:
            # This form means the mailbox here.
            owners = {'here'}
        if person == 'held':
            return POSTPONED, set()
        if person in self.refused:
            return REFUSED, set()
        if not owners and domain == OURS[0] and 'unknown' in self.world.expected:
            return ACCEPTED, {self.place(self.world.expected['unknown'], person, local)}
        if not owners or (extension and 'here' in owners and self._no_extensions):
            return REFUSED, set()
        return ACCEPTED, {self.place(site, person, local) for site in owners}

    def place(self, site, person, local):
        """(place, recipient) as World.found() has them."""
        if site == 'hosted':
            return self.world.expected.get('hosted', 'hosted'), f'{local}@hosted.example.com'
        if self.world.expected['mailboxes'] == 'mailstore':
            return 'mailstore', f'{local}@example.com'
        return 'here', person

    def expected(self, message):
        """{(message, place, recipient): maximum number of copies}: where accepted recipients must get a message"""
        if message.kind == 'bounce':
            places = Counter((f'bounce {place}', who) for place, who in self.right(message.sender)[1])
        else:
            recipients = [r for r in self._accepted(message) if plain(r) not in self._removed]
            places = Counter(place for recipient in recipients for place in self.right(recipient)[1])
        most = {place: self._most(place, n) for place, n in places.items()}
        for place in self._copies_for_others() if self._accepted(message) else ():
            most[place] = most.get(place, 0) + 1
        return {(message.id, *place): n for place, n in most.items()}

    def _perhaps(self, message):
        """Places of recipients that another milter names, but not in the text used here."""
        return {place for recipient in message.recipients
                if plain(recipient) in self._removed and recipient not in self._removed
                for place in self.right(recipient)[1]}

    def _copies_for_others(self):
        return [place for person in self._bcc for place in self.right(f'{person}@example.com')[1]]

    def _most(self, place, recipients):
        """A mail server delivers once for each recipient in the envelope. sdr-milter adds each recipient
        once."""
        return 1 if self._milter_edits and place[0] == 'hosted' else recipients

    @staticmethod
    def _accepted(message):
        return [recipient for recipient, reply in zip(message.recipients, message.replies)
                if STATES[reply.code // 100] == ACCEPTED]

    # --- results ---

    def settle(self, seconds=40):
        """
        Wait until the queues are empty twice in a row, because a message may be between two of them; or until
        they have not changed for this many seconds.
        """
        looks = [None]
        begin = changed = time.monotonic()
        while looks[-2:] != ['', ''] and time.monotonic() < min(changed + seconds, begin + 600):
            time.sleep(0.2)
            looks.append(self.world.waiting())
            if looks[-1] != looks[-2]:
                changed = time.monotonic()

    def faults(self):
        """One line for each fault, except for kinds of messages that the world exempts."""
        found = self.world.found()
        lines = []
        for message in self.messages:
            mine = Counter({key: n for key, n in found.items() if key[0] == message.id})
            wrong = [*self._replies(message), *self._copies(message, mine)]
            lines += [f'{message.kind}: {message.recipients}: {text}' for text in wrong]
        known = {m.id for m in self.messages}
        lines += [f'nobody sent this: {key}' for key in found if key[0] not in known]
        return lines

    def account(self):
        """The numbers of messages and recipients, and their outcomes."""
        recipients = [(m, r, reply) for m in self.messages for r, reply in zip(m.recipients, m.replies)]
        states = Counter(STATES[reply.code // 100] for _, _, reply in recipients)
        wrong = Counter(line.rpartition(']: ')[2].split(':')[0].split(' ')[0] for line in self.faults())
        counts = ', '.join(f'{wrong[kind]} {kind}' for kind in ('lost', 'doubled', 'misplaced', 'bounced'))
        return (f'{len(self.messages)} messages, {len(recipients)} recipients: {states[ACCEPTED]} accepted, '
                f'{states[POSTPONED]} postponed, {states[REFUSED]} refused; {counts}, '
                f'{sum(wrong.values())} faults')

    def _replies(self, message):
        for recipient, reply in zip(message.recipients, message.replies):
            state, _ = self.right(recipient) if message.kind != 'bounce' else (ACCEPTED, None)
            said = STATES[reply.code // 100]
            if said not in state and not (message.kind in self._exempt and said != ACCEPTED):
                yield f'{recipient} is {said}: {reply}'

    def _copies(self, message, found):
        expected = self.expected(message)
        if message.kind in self._exempt:
            # It is in some place, once.
            if not found and expected:
                yield 'lost'
            yield from (f'{n} times: {key[1:]}' for key, n in found.items() if n > 1)
            return
        yield from (f'lost: {key[1:]}' for key in expected if not found[key])
        perhaps = self._perhaps(message)
        for key, number in found.items():
            if number > expected.get(key, 0) and key[1:] not in perhaps:
                wrong = 'doubled' if key in expected else 'bounced' if key[1].startswith('bounce ') else 'misplaced'
                yield f'{wrong}: {key[1:]} ({number})'
