"""look.py - runs one world once, with the common messages and some random ones

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import re

import mix
import paths
from post import Post
from realworld import World

WRONG = 78
MIXED = 40


class Look:
    """
    code, text  of sdrctl check mta
    faults      what went wrong with the messages
    logs        of everything
    """

    def __init__(self, name, inside=lambda world: None):
        seed = random.randrange(1 << 32)
        with paths.scratch() as folder, World(name, folder) as world:
            self.code, self.text = world.check_mta()
            self.expected = world.expected['check']
            post = Post(world)
            post.send_all()
            for message in mix.messages(post, seed, MIXED) if self.expected == 'ok' else ():
                post.send(message)
            post.settle()
            self.faults = post.faults()
            self.logs = f'mix: seed {seed}\n{world.waiting()}\n{world.machine.logs(100000)}'
            inside(world)

    @property
    def verdict(self):
        """The differences from the expected result, or nothing."""
        if self.expected == 'ok':
            return [*(['check mta says WRONG'] if self.code == WRONG else []), *self.faults]
        pattern = self.expected.removeprefix('WRONG').strip()
        if self.code != WRONG:
            return ['check mta does not say WRONG', *self.faults]
        return [] if re.search(pattern, self.text) else [f'check mta does not say {pattern}']
