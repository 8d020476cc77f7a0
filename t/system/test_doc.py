"""test_doc.py - the documents refer to existing things and agree with each other

t/worlds follows the lines of README.md and doc/install.md, test_scenes.py the chapters.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import textwrap

import paths
import pytest
from proc import run

DOC = paths.ROOT / 'doc'
README, INSTALL = paths.ROOT / 'README.md', DOC / 'install.md'
PAGES = [README, paths.ROOT / 'CONTRIBUTING.md', paths.ROOT / 't/README.md', *sorted(DOC.glob('*.md'))]


def anchor(heading):
    return re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')


def anchors(page):
    return {anchor(h) for h in re.findall(r'^#+ (.*)$', page.read_text(), re.M)}


def blocks(page, heading):
    """The indented blocks of a section, of its subsections too."""
    level = heading.split()[0]
    section = re.split(rf'^#{{1,{len(level)}}} ', page.read_text().partition(f'\n{heading}\n')[2], flags=re.M)[0]
    return [textwrap.dedent(block) for block in re.findall(r'(?:^(?:    .*|)\n)+', section, re.M) if block.strip()]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, fragment in re.findall(r'\]\(([^)#]*)(?:#([^)]*))?\)', page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not fragment or fragment in anchors(there), f'{target}#{fragment}'


@pytest.mark.parametrize('page', [p for p in PAGES if p.stem[0].isdigit()], ids=lambda page: page.name)
def test_a_chapter_names_all_hosts_that_have_files(page):
    text = page.read_text()
    for host in (DOC / page.stem).iterdir():
        assert f'{page.stem}/{host.name}' in text or f'/root/{host.name}' in text, host.name


# --- README.md: short, and the same as the long page ---

def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 250


# Lines that the long page has in another order, with additions, or in a sentence.
ELSEWHERE = {
    'smtpd_milters = { unix:sdr/milter.sock, default_action=tempfail, command_timeout=30s }',
    'virtual_alias_maps = socketmap:unix:sdr/map.sock:route',
    'example.com    smtp:[mailstore.example.com]',
    'verify-address = alice@example.com',
    'map-socket = unix:/run/sdr/map.sock',
    'sdrctl route alice@example.com dave@example.com nobody@example.com',
}


def lines(text):
    """The lines without comments, with single blanks."""
    return {' '.join(re.sub(' +#.*', '', line).split()).replace('< ', '<')
            for line in text.splitlines() if line.strip()}


def test_the_lines_of_the_readme_are_those_of_the_long_page():
    long = lines('\n'.join(re.findall('^    (.*)$', INSTALL.read_text(), re.M)))
    short = lines('\n'.join(blocks(README, '## Set it up')))
    assert short - long == {' '.join(line.split()) for line in ELSEWHERE}


# --- doc/install.md ---

def test_routing_by_a_file(scratch):
    """Line by line, in a folder that looks like the source folder."""
    script, answers = blocks(INSTALL, '## Routing by a file')[:2]
    (scratch / 'build').symlink_to(paths.BUILD)
    done = run(['bash', '-ec', script], cwd=scratch, env={**os.environ, 'HOME': str(scratch)})
    assert done.stdout == answers.strip('\n') + '\n'
    moves = blocks(INSTALL, '## Routing by a file')[2]
    before = (scratch / 'sdr/people.ldif').read_text()
    done = run(['bash', '-ec', f'PATH={paths.BUILD}/sync:{paths.BUILD}/sdrctl:$PATH\n{moves}'], cwd=scratch / 'sdr')
    assert 'dave@example.com: moved\n' in done.stdout and '1 undone' in done.stdout
    assert 'david@example.com: redirect to david@hosted.example.com' in done.stdout
    assert (scratch / 'sdr/people.ldif').read_text() == before
