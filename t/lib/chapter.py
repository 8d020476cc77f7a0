"""chapter.py - executes a chapter of doc/ line by line

In its indented blocks, a line 'host# command' is typed on that host. The lines below it in the same block are
the output: each of them must be in the command's output, where ... stands for anything.

SPDX-License-Identifier: BSD-2-Clause
"""
import fnmatch
import re
from dataclasses import dataclass, field

import paths

PROMPT = re.compile(r'(\S+)# (.*)')


@dataclass
class Step:
    host: str
    line: str
    said: list = field(default_factory=list)


class Chapter:
    """doc/NAME.md; its files are in doc/NAME/, the zones in doc/NAME/dns."""

    def __init__(self, name):
        self.name = name
        self.path = paths.ROOT / 'doc' / f'{name}.md'
        self.files = paths.ROOT / 'doc' / name
        self.sections = {}
        self._read()

    def steps(self, heading):
        return self.sections[heading]

    def _read(self):
        steps = None
        for line in self.path.read_text(encoding='utf-8').splitlines():
            if line.startswith('#'):
                steps = self.sections.setdefault(line.lstrip('# ').strip(), [])
            elif line.startswith('    ') and steps is not None:
                self._block_line(steps, line[4:])
            elif steps:
                steps[-1].said.append(None)  # the lines below are not its output

    @staticmethod
    def _block_line(steps, line):
        found = PROMPT.fullmatch(line)
        if found:
            steps.append(Step(*found.groups()))
        elif steps and steps[-1].line.endswith('\\') and not steps[-1].said:
            steps[-1].line = steps[-1].line[:-1].rstrip() + ' ' + line.strip()
        elif steps and None not in steps[-1].said:
            steps[-1].said.append(line)


def missing(step, output):
    """The lines of the chapter that are missing in the command's output."""
    lines = [line.strip() for line in output.splitlines()]
    return [said for said in step.said if said and said.strip() != '...'
            and not any(matches(said.strip(), line) for line in lines)]


def matches(said, line):
    pattern = '*'.join(re.sub(r'([\[\]?*])', r'[\1]', piece) for piece in said.split('...'))
    return fnmatch.fnmatchcase(line, pattern)
