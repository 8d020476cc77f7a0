"""mix.py - random messages: recipients, their order and spelling, senders, ways in

SPDX-License-Identifier: BSD-2-Clause
"""
import random

from post import FORGED, OURS, Message

# More people for a large mix; none needs an account.
CROWD = 40
SITES = {'moved': {'hosted'}, 'stays': {'here'}, 'lives': {'here', 'hosted'}}
LDIF_OWNERS = {'moved': ['hosted'], 'stays': [], 'lives': ['onprem', 'hosted']}


def crowd():
    """{person: sites}"""
    return {f'{kind}{n}': sites for kind, sites in SITES.items() for n in range(CROWD)}


def crowd_ldif():
    return '\n'.join(f'dn: uid={person}\nmail: {person}@example.com\n' +
                     ''.join(f'sdrOwner: {owner}\n' for owner in LDIF_OWNERS[person.rstrip('0123456789')])
                     for person in crowd())


def messages(post, seed, number):
    """Make NUMBER random messages to the recipients of this Post."""
    dice = random.Random(seed)
    known = sorted(post.owners)
    # sendmail(1) does not report whom it has accepted: Postfix would retry for ever.
    taken = [person for person in known if person not in post.refused]
    extensions = 'extensions' not in post.world.expected
    for _ in range(number):
        if dice.random() < 0.1:
            recipients = [f'{person}@example.com' for person in dice.sample(taken, dice.randint(1, 4))]
            yield Message('mix', recipients, how='submit', sender='carol@example.com')
            continue
        people = [dice.choice([*dice.choices(known, k=12), 'held', 'nosuch', f'nosuch{dice.randint(0, 99)}'])
                  for _ in range(dice.choice([1, 1, 2, 3, 4, 6, 10]))]
        yield Message('mix', [spelling(dice, person, extensions) for person in people],
                      sender=dice.choice([FORGED, FORGED, '', 'dave@example.com', 'alice@example.com']))


def spelling(dice, person, extensions):
    local = person
    if extensions and dice.random() < 0.15:
        local += '+' + dice.choice(['news', 'a', 'x-y', '1'])
    if dice.random() < 0.2:
        local = dice.choice([local.upper(), local.title()])
    if dice.random() < 0.1:
        local = f'"{local}"'
    domain = dice.choices([*OURS, 'Example.COM', 'hosted.example.com', 'elsewhere.example.net'],
                          [20, 2, 2, 1, 1])[0]
    return f'{local}@{domain}'
