"""ledger.py - follows every message of a scene from the sender to the mailbox, by its Message-ID

It counts one message for one recipient as one item. In the end the message must be once in the mailbox of the
recipient's owner, or the sender must have been notified once that it was not delivered. Any other result is a
loss or a duplicate.

SPDX-License-Identifier: BSD-2-Clause
"""
import email.utils
import itertools
import smtplib
from collections import Counter
from dataclasses import dataclass, field

from proc import wait_for
from smtpclient import Reply, octets

ACCEPTED, POSTPONED, REFUSED = 'accepted', 'postponed', 'refused'


def local_part(address):
    return address.rpartition('@')[0].partition('+')[0].lower()


@dataclass
class Item:
    """One message for one recipient."""
    recipient: str
    state: str      # the SMTP reply that the sender got
    places: tuple   # where copies must arrive; None: nowhere, it must bounce


@dataclass
class Message:
    id: str
    sender: str
    text: bytes
    items: list = field(default_factory=list)
    replies: list = field(default_factory=list)


class Ledger:
    """
    lives  {person: (names of hosts that have his mailbox, ...)}; a scene changes it
    lists  {name: [person, ...]}
    """

    def __init__(self, hosts, lives, lists, domain='example.com', say=lambda text: None):
        self.hosts = hosts
        self.lives = lives
        self.lists = lists
        self.say = say
        self._domain = domain
        self.messages = {}
        self._numbers = itertools.count(1)

    # --- sending ---

    def send(self, source, target, recipients, *, sender='wanda@example.net', headers=(),
             message_id=None, body='Hello.\r\n'):
        """
        Send a message from this host to port 25 of that one, as a mail server would; a name without @ is in
        the split domain. Returns the Message, whose replies are in the order of the recipients.
        """
        recipients = [self.address(r) for r in ([recipients] if isinstance(recipients, str) else recipients)]
        message = self.messages.get(message_id) or self._new(source, sender, recipients, headers, body)
        message.replies = self._converse(source, target, message, recipients)
        for recipient, reply in zip(recipients, message.replies):
            self._book(message, recipient, reply)
            self.say(f'  {sender} -> {recipient} at {target.name}: {reply}')
        return message

    def retry(self, source, target, message):
        """Send the recipients again that were deferred."""
        recipients = [i.recipient for i in message.items if i.state == POSTPONED]
        return self.send(source, target, recipients, sender=message.sender, message_id=message.id)

    def probe(self, source, target, recipient, sender='wanda@example.net'):
        """The reply to this recipient; sends no message."""
        with Smtp(source, target) as smtp:
            smtp.mail(sender)
            answer = reply(*smtp.rcpt(recipient))
        self.say(f'  {sender} -> {recipient} at {target.name}? {answer}')
        return answer

    def submit(self, host, recipient, sender, headers=()):
        """Send by sendmail(1) on this host."""
        recipient = self.address(recipient)
        message = self._new(host, sender, [recipient], headers, 'Hello.\n')
        host.run(['sendmail', '-f', sender, recipient],
                 input=message.text.decode().replace('\r\n', '\n'), env=host.environment('sendmail'))
        self._book(message, recipient, Reply(250, 'submitted'))
        self.say(f'  {sender} -> {recipient} by sendmail(1) on {host.name}')
        return message

    def address(self, recipient):
        return recipient if '@' in recipient else f'{recipient}@{self._domain}'

    def _new(self, source, sender, recipients, headers, body):
        number = next(self._numbers)
        message_id = f'{number}.scene@{source.name}'
        lines = [f'From: <{sender or "mailer-daemon@" + source.name}>', f'To: {", ".join(recipients)}',
                 f'Date: {email.utils.formatdate()}', f'Subject: message {number}',
                 f'Message-ID: <{message_id}>', *headers]
        message = Message(message_id, sender, octets('\r\n'.join([*lines, '', body])))
        self.messages[message_id] = message
        return message

    @staticmethod
    def _converse(source, target, message, recipients):
        """The last reply for each recipient; sends no message if none was accepted."""
        with Smtp(source, target) as smtp:
            code, text = smtp.mail(message.sender)
            if code != 250:
                return [reply(code, text)] * len(recipients)
            replies = [reply(*smtp.rcpt(r)) for r in recipients]
            if not any(r.code == 250 for r in replies):
                return replies
            final = reply(*smtp.data(message.text))
            return [final if r.code == 250 else r for r in replies]

    def _book(self, message, recipient, answer):
        for member in self.lists.get(local_part(recipient), []):
            self._book(message, self.address(member), answer)
        if local_part(recipient) in self.lists:
            return
        state = {2: ACCEPTED, 4: POSTPONED, 5: REFUSED}[answer.code // 100]
        known = [i for i in message.items if i.recipient == recipient]
        places = self.lives.get(local_part(recipient))
        if known:
            known[0].state, known[0].places = state, places
        else:
            message.items.append(Item(recipient, state, places))

    def forget(self, message):
        """Do not count this message: it was a trial."""
        del self.messages[message.id]

    # --- results ---

    def found(self):
        """Counter of (kind, message, local part, place): kind is 'copy', 'bounce', 'delay' or 'reply'."""
        counter = Counter()
        for host in self.hosts:
            for user in host.mailboxes():
                for mail in host.mailbox(user):
                    counter.update(kinds(mail, user, host.name))
        return counter

    def settled(self):
        """Whether every item has its result and all queues are empty."""
        return not self.open() and not any(host.waiting() for host in self.hosts)

    def settle(self, seconds=60):
        """Wait until every item has its result and all queues are empty: then no more copies arrive."""
        wait_for(lambda: not self.open(), seconds, self._still_open)
        self.quiet()

    def quiet(self, seconds=60):
        """Wait until all queues are empty."""
        wait_for(lambda: not any(host.waiting() for host in self.hosts), seconds,
                 Lazily(lambda: str({h.name: h.waiting() for h in self.hosts})))

    def open(self):
        """The items without a result so far."""
        found = self.found()
        return [(m.id, i.recipient) for m in self.messages.values() for i in m.items
                if self._outcome(m, i, found) == 'lost']

    @property
    def _still_open(self):
        return Lazily(lambda: f'{self.open()} {({h.name: h.waiting() for h in self.hosts})}')

    def arrived(self, *messages, recipients=None, seconds=60):
        """Wait until these messages, or only these recipients of them, are in the right place."""
        def there():
            lost = self.open()
            return not [(m.id, i.recipient) for m in messages for i in m.items
                        if (m.id, i.recipient) in lost
                        and (recipients is None or local_part(i.recipient) in recipients)]
        wait_for(there, seconds, self._still_open)

    def _outcome(self, message, item, found):
        """delivered, refused, lost, twice or astray"""
        copies = Counter()
        bounces = 0
        for (kind, about, person, place), number in found.items():
            if about == message.id and person == local_part(item.recipient):
                if kind == 'copy':
                    copies[place] += number
                bounces += number if kind == 'bounce' else 0
        refused = bounces + (item.state == REFUSED)
        if set(copies) - set(item.places or ()):
            return 'astray'
        if any(n > 1 for n in copies.values()) or refused > 1 or (refused and copies):
            return 'twice'
        if item.places and set(copies) == set(item.places):
            return 'delivered'
        return 'refused' if refused else 'lost'

    def account(self):
        """Counter of the outcomes of all items, and 'sent'; prints the items that went wrong."""
        found = self.found()
        outcomes = Counter(sent=0, delivered=0, refused=0, lost=0, twice=0)
        for message in self.messages.values():
            for item in message.items:
                outcome = self._outcome(message, item, found)
                if outcome == 'refused' and item.places:
                    outcome = 'astray'  # the sender exists
                outcomes['sent'] += 1
                outcomes[outcome] += 1
                if outcome in ('lost', 'twice', 'astray'):
                    self.say(f'  {outcome}: {message.id} to {item.recipient}: {message.replies}, '
                              f'{[k for k in found if k[1] == message.id]}')
        known = {(m.id, local_part(i.recipient)) for m in self.messages.values() for i in m.items}
        strangers = [k for k in found if k[0] != 'reply' and k[1:3] not in known]
        for stranger in strangers:
            self.say(f'  nobody sent this: {stranger}')
        outcomes['astray'] += len(strangers)
        return outcomes


class Lazily:
    """Text that is built only when it is needed."""

    def __init__(self, function):
        self._function = function

    def __str__(self):
        return self._function()


class Smtp(smtplib.SMTP):
    """A connection from one host to another."""

    def __init__(self, source, target):
        self._source = source
        super().__init__(target.address, 25, local_hostname=source.name, timeout=300)
        self.ehlo()

    def _get_socket(self, host, port, timeout):
        return self._source.connect(host, port, timeout)


def reply(code, text):
    return Reply(code, text.decode('utf-8', 'replace'))


def kinds(mail, user, place):
    """The meaning of this message in the mailbox of user; see Ledger.found()."""
    if mail.get_content_type() == 'multipart/report':
        parts = mail.get_payload()
        original = parts[-1]
        inner = original.get_payload()
        headers = inner[0] if isinstance(inner, list) else email.message_from_string(inner)
        about = str(headers['Message-ID'] or '').strip('<> ')
        for recipient in parts[1].get_payload()[1:]:
            if recipient['Final-Recipient']:
                address = recipient['Final-Recipient']
                kind = {'failed': 'bounce'}.get(recipient['Action'].strip(), 'delay')
                yield kind, about, local_part(address.rpartition(';')[2].strip()), place
        return
    about = str(mail['Message-ID'] or '').strip('<> ')
    kind = 'reply' if mail['Auto-Submitted'] else 'copy'
    yield kind, about, user, place
