"""test_html.py - make html: each page exists, and each link works

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import subprocess
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import paths
from proc import run

MANUALS = sorted(path.name for path in (paths.ROOT / 'man').glob('*.[1-8]'))
DOCUMENTS = ['CONTRIBUTING.md', 'ldap-schema/README.md', 't/README.md',
             *(f'doc/{path.name}' for path in sorted((paths.ROOT / 'doc').glob('*.md')))]
VOID = {'br', 'hr', 'img', 'link', 'meta'}


class Page(HTMLParser):
    """Its links, anchors, and what is wrong with its elements."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.anchors, self.faults, self.open, self.names = path, [], set(), [], [], set()
        self.feed(path.read_text(encoding='utf-8'))
        self.close()
        self.faults += [f'<{name}> is not closed' for name in self.open]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.add(tag)
        self.links += [attrs[name] for name in ('href', 'src') if name in attrs]
        if 'id' in attrs:
            if attrs['id'] in self.anchors:
                self.faults.append(f'two have the id {attrs["id"]}')
            self.anchors.add(attrs['id'])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f'</{tag}> closes nothing')


def pages(folder):
    return {path: Page(path) for path in sorted(folder.rglob('*.html'))}


def broken_links(found):
    """[(page, link)] of the links that lead nowhere; links to other hosts are not followed."""
    broken = []
    for path, page in found.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme == 'https' and parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.is_file() or there.suffix == '.html' and parts.fragment and (
                    unquote(parts.fragment) not in found[there].anchors):
                broken.append((path.name, link))
    return broken


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """The output of pages.py, called as make html does."""
    return build(paths.ROOT, tmp_path_factory.mktemp('html'))


def build(sources, folder, **options):
    run(['/usr/bin/python3', paths.ROOT / 'doc/html/pages.py', sources, folder, '0.9 <test>'], **options)
    return folder


@pytest.mark.parametrize('name', ['index.html', *(name.replace('.md', '.html') for name in DOCUMENTS),
                                  *(f'man/{name}.html' for name in MANUALS), 'NEWS.html', 'LICENSE.html',
                                  'doc/2-provider/index.html', 'doc/2-provider/mx.example.com/etc/sdr/sdr.conf.html'])
def test_each_page(site, name):
    text = (site / name).read_text(encoding='utf-8')
    assert re.search('<title>.+</title>', text) and '<h1' in text and 'width=device-width' in text
    assert 'sdr 0.9 &lt;test&gt;' in text and '-->' not in text


def test_each_link_leads_somewhere(site):
    assert broken_links(pages(site)) == []


def test_broken_links_are_noticed(tmp_path):
    (tmp_path / 'a.html').write_text('<h1 id="b">B</h1><a href="#b"></a><a href="a.html#b"></a><a href="#c"></a>'
                                     '<a href="b.html"></a><a href="http:d"></a><a href="https://e/"></a><img src="f">')
    assert [link for _, link in broken_links(pages(tmp_path))] == ['#c', 'b.html', 'http:d', 'f']


def test_elements_are_closed_and_ids_unique(site):
    assert {path.name: page.faults for path, page in pages(site).items() if page.faults} == {}


def test_faults_are_noticed(tmp_path):
    (tmp_path / 'a.html').write_text('<p><b id="x"></p></b><i id="x"><br/></u>')
    assert len(pages(tmp_path)[tmp_path / 'a.html'].faults) > 3


def test_no_scripts_and_nothing_of_other_hosts(site):
    for page in pages(site).values():
        assert not page.names & {'script', 'iframe', 'img', 'object'}
    assert 'url(' not in (site / 'style.css').read_text() and '@import' not in (site / 'style.css').read_text()


def test_links_lead_to_pages_not_to_sources(site):
    for page in pages(site).values():
        assert not [link for link in page.links if link.partition('#')[0].endswith(('.md', '.conf', '.8', '/'))
                    and not link.startswith('https://')]


@pytest.mark.parametrize('page, link', [
    ('index.html', 'man/sdr.conf.5.html'), ('index.html', 'doc/install.html#move-people'),
    ('doc/install.html', '../man/sdrctl.8.html'), ('man/sdr-sync.8.html', 'sdr-milter.8.html'),
    ('man/sdrctl.8.html', 'https://manpages.debian.org/postconf.1')])
def test_links_to_documents_and_manuals(site, page, link):
    assert link in Page(site / page).links


def test_a_link_to_a_file_that_is_missing_is_an_error(tmp_path):
    shutil.copytree(paths.ROOT / 'man', tmp_path / 'sources/man')
    (tmp_path / 'sources/doc').mkdir()
    for name in ('README.md', 'doc/directories.md', 'doc/install.md', 'doc/runbook.md'):
        (tmp_path / 'sources' / name).write_text('# Try\n[that](none.md)\n' if 'install' in name else '# Try\n')
    done = subprocess.run(['/usr/bin/python3', paths.ROOT / 'doc/html/pages.py', tmp_path / 'sources', tmp_path / 'html', '1'],
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, 'make html: doc/install.md: no such file: none.md\n')


def test_what_is_missing_is_named(tmp_path):
    def without(tool, **env):
        done = subprocess.run(['/usr/bin/python3', *env.pop('flags', ()), paths.ROOT / 'doc/html/pages.py', paths.ROOT, tmp_path, '1'],
                              capture_output=True, text=True, env=env)
        assert done.returncode == 1 and tool in done.stderr and done.stderr.startswith('make html: ')
    without('apt install mandoc', PATH='/nonexistent')
    without('apt install python3-markdown-it', PATH='/usr/bin', flags=('-S',))


def test_twice_the_same(site, tmp_path):
    again = build(paths.ROOT, tmp_path, env={'TZ': 'Asia/Tokyo', 'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'})
    for path in site.rglob('*'):
        assert path.is_dir() or (again / path.relative_to(site)).read_bytes() == path.read_bytes()


def test_make_html(tmp_path):
    made = tmp_path / 'html'
    run(['make', '-s', '-C', paths.BUILD, 'html', f'html_folder={made}'], timeout=300)
    assert (made / 'index.html').exists() and (made / 'man/sdrctl.8.html').exists()
