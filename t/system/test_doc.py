"""test_doc.py - what doc/ refers to is there

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import paths
import pytest

DOC = paths.ROOT / 'doc'
PAGES = sorted(DOC.glob('*.md'))


def anchor(heading):
    return re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')


def anchors(page):
    return {anchor(h) for h in re.findall(r'^#+ (.*)$', page.read_text(), re.M)}


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
