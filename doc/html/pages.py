#!/usr/bin/python3
"""pages.py - README.md and all that it leads to, and the manuals, as HTML: make html

usage: pages.py SOURCES FOLDER VERSION

SPDX-License-Identifier: BSD-2-Clause
"""
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
except ImportError:
    sys.exit(f'make html: {sys.executable} does not find markdown_it; on Debian: apt install python3-markdown-it, '
             'or ./configure PYTHON3=/usr/bin/python3')

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{top}style.css">
</head>
<body>
<nav>{menu}</nav>
<main{kind}>
{body}</main>
<footer>sdr {version}</footer>
</body>
</html>
"""
MENU = [('README.md', 'sdr'), ('doc/install.md', 'Installation'), ('doc/directories.md', 'Directories'),
        ('doc/runbook.md', 'Runbook')]
# Manuals of others.
OTHERS = 'https://manpages.debian.org/%N.%S'
MANUAL = re.compile(r'\b([a-z][a-z.-]*)\(([1-8])\)')


def anchor(heading):
    """As on GitHub."""
    return re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')


class Pages:
    """Paths are relative to the sources."""

    def __init__(self, sources, folder, version):
        self.sources, self.folder, self.version = sources, folder, version
        self.manuals = {path.name: path.relative_to(sources) for path in sorted((sources / 'man').glob('*.[1-8]'))}
        self.waiting, self.made = [], set()

    def make(self):
        self.link(Path('README.md'))
        for manual in self.manuals.values():
            self.link(manual)
        while self.waiting:
            self.make_page(self.waiting.pop())
        shutil.copyfile(self.sources / 'doc/html/style.css', self.folder / 'style.css')

    def link(self, path):
        """The page of a file or folder, which is made if nobody has asked for it before."""
        if path not in self.made:
            self.made.add(path)
            self.waiting.append(path)
        if path == Path('README.md'):
            return Path('index.html')
        if (self.sources / path).is_dir():
            return path / 'index.html'
        return path.with_suffix('.html') if path.suffix == '.md' else path.with_name(f'{path.name}.html')

    def link_from(self, page, path):
        return os.path.relpath(self.link(path), self.link(page).parent)

    def make_page(self, path):
        source = self.sources / path
        if source.is_dir():
            title, body, kind = str(path), self.listing(path), ''
        elif path.name in self.manuals:
            title, body, kind = f'{path.stem}({path.suffix[1:]})', self.manual(path), ' class="manual"'
        elif path.suffix == '.md':
            title, body, kind = *self.document(path), ''
        else:
            title, body, kind = path.name, self.text(path), ''
        self.write(path, title, body, kind)

    def write(self, path, title, body, kind):
        target = self.folder / self.link(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        menu = ''.join(f'<a href="{self.link_from(path, Path(to))}">{name}</a>\n'
                       for to, name in [*MENU, *((to, f'{to.stem}({to.suffix[1:]})') for to in self.manuals.values())])
        top = '../' * (len(self.link(path).parts) - 1)
        target.write_text(PAGE.format(title=html.escape(title), top=top, menu=menu, kind=kind, body=body,
                                      version=html.escape(self.version)), encoding='utf-8')

    # --- the kinds of pages

    def listing(self, path):
        items = ''.join(
            f'<li><a href="{self.link_from(path, file)}">{html.escape(str(file.relative_to(path)))}</a></li>\n'
            for file in sorted(p.relative_to(self.sources) for p in (self.sources / path).rglob('*') if p.is_file()))
        return f'<h1>{html.escape(str(path))}</h1>\n<ul>\n{items}</ul>\n'

    def text(self, path):
        content = (self.sources / path).read_text(encoding='utf-8')
        return f'<h1>{html.escape(str(path))}</h1>\n<pre>{html.escape(content)}</pre>\n'

    def manual(self, path):
        """mandoc makes links only to those that it finds in its own folder."""
        up = self.link_from(path, self.manuals['sdrctl.8']).removesuffix('sdrctl.8.html')
        return subprocess.run(
            ['mandoc', '-Thtml', '-I', f'os=sdr {self.version}', '-O', f'fragment,man={up}%N.%S.html;{OTHERS}', path.name],
            cwd=self.sources / path.parent, check=True, text=True, encoding='utf-8', stdout=subprocess.PIPE,
            env={**os.environ, 'LC_ALL': 'C.UTF-8'}).stdout

    def document(self, path):
        """(title, body)"""
        converter = MarkdownIt('commonmark').enable('table')
        # A wide table scrolls, not the page.
        converter.add_render_rule('table_open', lambda *_: '<div class="wide"><table>\n')
        converter.add_render_rule('table_close', lambda *_: '</table></div>\n')
        tokens = [token for token in converter.parse((self.sources / path).read_text(encoding='utf-8'))
                  if not token.content.startswith('<!--')]
        title, anchors = None, {}
        for token, after in zip(tokens, tokens[1:]):
            if token.type == 'heading_open':
                text = ''.join(child.content for child in after.children)
                title = title or text
                name = anchor(text)
                count = anchors[name] = anchors.get(name, -1) + 1
                token.attrSet('id', f'{name}-{count}' if count else name)
        for token in tokens:
            if token.type == 'inline':
                token.children = self.with_links(path, token.children)
        return title or path.name, converter.renderer.render(tokens, converter.options, {})

    def with_links(self, path, tokens):
        """Links lead to pages, and so do names such as sdrctl(8)."""
        made, depth = [], 0
        for token in tokens:
            depth += token.nesting if token.type.startswith('link_') else 0
            if token.type == 'link_open':
                token.attrSet('href', self.target(path, token.attrGet('href')))
            if token.type == 'text' and not depth:
                made += self.manuals_in(path, token.content)
            else:
                made.append(token)
        return made

    def target(self, path, link):
        if re.match('[a-z]+:', link):
            return link
        name, _, fragment = link.partition('#')
        there = Path(os.path.normpath(path.parent / name)) if name else path
        if not (self.sources / there).exists():
            sys.exit(f'make html: {path}: no such file: {link}')
        return f'{self.link_from(path, there) if name else ""}{"#" if fragment else ""}{fragment}'

    def manuals_in(self, path, text):
        """The text as tokens, with links to our own manuals."""
        end = 0
        for found in MANUAL.finditer(text):
            name = f'{found[1]}.{found[2]}'
            if name not in self.manuals:
                continue
            yield Token('text', '', 0, content=text[end:found.start()])
            yield Token('link_open', 'a', 1, attrs={'href': self.link_from(path, self.manuals[name])})
            yield Token('text', '', 0, content=found[0])
            yield Token('link_close', 'a', -1)
            end = found.end()
        yield Token('text', '', 0, content=text[end:])


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    if not shutil.which('mandoc'):
        sys.exit('make html: mandoc is missing; on Debian: apt install mandoc')
    sources, folder, version = sys.argv[1:]
    Pages(Path(sources).resolve(), Path(folder), version).make()


if __name__ == '__main__':
    main()
