"""test_replica_size.py - a replica whose last pages were freed before they were written

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import random

import sdrctl
from peoplefile import PeopleFile
from world import person

PEOPLE = 40


def people_with(ranges):
    """LDIF in which each person has the addresses of this range."""
    return ''.join(person(f'u{i}', mail=[f'u{i}a{k}@example.com' for k in numbers],
                          sdrOwner='hosted') for i, numbers in enumerate(ranges))


def test_addresses_that_come_and_go_by_hundreds(scratch):
    """The copy answers after each read, and remains the same file after each start."""
    chance = random.Random(2)
    ranges = [range(3)] * PEOPLE
    people = PeopleFile(scratch / 'people', people_with(ranges), replica={'max-removed': '100'})
    people.sync.once()
    before = people.sync.path.stat()
    for _ in range(10):
        for i in chance.sample(range(PEOPLE), 3):
            first = chance.choice([0, 0, 100])
            ranges[i] = range(first, first + chance.choice([2, 3, 150, 400]))
        people.replace(people_with(ranges))
        people.sync.once()
        done = sdrctl.run(people.conf, 'route', '--json', f'u1a{ranges[1][0]}@example.com')
        answer = json.loads(done.stdout)
        assert (answer['verdict'], answer['source']) == ('redirect', 'replica'), answer['reason']
        now = people.sync.path.stat()
        assert now.st_ino == before.st_ino, 'it was thrown away'
        assert now.st_size == before.st_size, 'whoever is killed in a commit leaves it too short'
        assert now.st_blocks * 512 < 4 << 20, 'it takes room for nothing'
