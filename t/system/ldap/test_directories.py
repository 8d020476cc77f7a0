"""test_directories.py - the recipes of doc/directories.md, each with a directory of that kind

t/directories has these, as LDIF; a line "#> ADDRESS: VERDICT" in it is the expected result.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil

import pytest

import paths
from sync import Sync

PAGE = paths.ROOT / 'doc/directories.md'
PEOPLE = paths.ROOT / 't/directories'
# Options that only a server has; an export replaces it.
OF_A_SERVER = re.compile(r'(uri|bind|bind-dn|password-file) = ')


def lines_of(section):
    return re.findall(r'^    (\S.*)$', section, re.M)


HEAD, *RECIPES = [lines_of(s) for s in re.split(r'^## ', PAGE.read_text(), flags=re.M)]
NAMES = [re.findall(r'^\[directory (.*)\]$', '\n'.join(lines), re.M) for lines in RECIPES]


def conf_of(recipe, replica, people=PEOPLE):
    """The sdr.conf of both texts; lines before the first section of either come first."""
    first = [next(i for i, line in enumerate(lines) if line.startswith('['))
             for lines in (HEAD, recipe)]
    lines = HEAD[:first[0]] + recipe[:first[1]] + HEAD[first[0]:]
    for line in recipe[first[1]:]:
        if not OF_A_SERVER.match(line):
            lines.append(line)
        if line.startswith('[directory '):
            lines.append(f'uri = ldif:{people}/{line[11:-1]}.ldif')
    return '\n'.join([*lines, '[replica]', f'path = {replica}', ''])


def cases(names):
    return [case for name in names for case in
            re.findall('^#> (.*): (.*)$', (PEOPLE / f'{name}.ldif').read_text(), re.M)]


@pytest.mark.parametrize('recipe, names', zip(RECIPES, NAMES), ids=['+'.join(n) for n in NAMES])
def test_recipe(recipe, names, scratch):
    assert names
    sync = Sync(scratch, lambda replica: conf_of(recipe, replica))
    sync.once()
    addresses, verdicts = zip(*cases(names))
    assert dict(zip(addresses, sync.ask(*addresses))) == dict(zip(addresses, verdicts))


@pytest.mark.parametrize('silent, verdicts', [
    ('forest-a', {'dave@example.com': 'defer', 'bea@example.com': 'redirect bea@branch.example.com'}),
    ('forest-b', {'dave@example.com': 'pass', 'bea@example.com': 'defer'}),
])
def test_a_contact_does_not_stand_for_a_forest_that_is_silent(scratch, silent, verdicts):
    """A contact shows that the mailbox is there, but not where its mail goes."""
    people = scratch / 'people'
    people.mkdir()
    for name in {'forest-a', 'forest-b'} - {silent}:
        shutil.copy(PEOPLE / f'{name}.ldif', people)
    recipe = RECIPES[NAMES.index(['forest-a', 'forest-b'])]
    sync = Sync(scratch, lambda replica: conf_of(recipe, replica, people))
    sync.once(ok=(75, 78))
    assert dict(zip(verdicts, sync.ask(*verdicts))) == verdicts


def test_every_directory_has_its_recipe():
    assert {path.stem for path in PEOPLE.iterdir()} == {n for names in NAMES for n in names}
