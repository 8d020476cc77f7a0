"""test_report.py - sdrctl report: which site has which mailboxes

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

import adldif
import paths
import sdrctl
import world
from peoplefile import PeopleFile
from slapd import ADMIN_DN, ADMIN_PASSWORD, READER_DN, SUFFIX
from world import person

OK, BAD_USE, NOT_NOW = 0, 64, 75
LIMITED = f'limits dn.exact="{READER_DN}" size.prtotal=unlimited\n'
EVIL = '<script>alert("1")</script>\x1b\u202e'
FAULTY = ''.join([
    person('foreign', sdrOwner='gone'),
    person('lost', sdrOwner='gone'),
    person('formula', sdrOwner='=1+1;\uff1d2;x;@3'),
    person('evil', sdrOwner=EVIL),
    person('bad', sdrRoutingAddress='nonsense'),
    person('outside', sdrRoutingAddress='outside@elsewhere.example'),
    person('torn', sdrOwner='hosted', sdrRoutingAddress='torn@cloud.example.com'),
    person('twin1', mail='twin@example.com', sdrOwner='hosted'),
    person('twin2', mail='twin@example.com', sdrOwner='onprem'),
    person('rest', mail='@example.com', sdrOwner='hosted'),
    person('elsewhere', mail='elsewhere@elsewhere.example', sdrOwner='hosted'),
    person('org', mail=['org@example.org', 'org@example.com'], sdrOwner='hosted'),
])
SITES = {'site_cloud': {'routing-domain': 'cloud.%d'},
         'domain example.org': {'unknown': 'reject'}}


@pytest.fixture
def new_conf(scratch):
    """new_conf(server, **sections): the path of an sdr.conf that asks this server."""
    def make(server, directory_corp=None, **sections):
        main = {'journal-directory': str(scratch / 'journal'), **sections.pop('main', {})}
        return sdrctl.write_conf(scratch, world.conf(
            main=main, directory_corp={
                'uri': server.uri, 'password-file': str(world.password_file(scratch)),
                **(directory_corp or {})}, **sections))
    return make


@pytest.fixture
def faulty(new_slapd, new_conf):
    """The sdr.conf of a company with many errors in its directory."""
    return new_conf(new_slapd(world.PEOPLE + FAULTY), **SITES)


def run(conf, *arguments, code=OK):
    done = sdrctl.run(conf, 'report', *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def report(conf, *arguments, code=OK):
    return json.loads(run(conf, '--json', *arguments, code=code))


def numbers(domain):
    """{site: (recipients, held, by default)}"""
    return {site['site']: (site['recipients'], site['held'], site['by-default'])
            for site in domain['sites']}


def troubles(domain):
    return {name: (group['count'], group['examples'])
            for name, group in domain['troubles'].items() if group['count']}


# --- the numbers ---

WORLD = {'onprem': (3, 0, 1), 'hosted': (4, 1, 0)}  # one of them at both


def test_world(new_slapd, new_conf):
    found = report(new_conf(new_slapd()))
    domain, = found['domains']
    assert (domain['domain'], domain['recipients'], domain['percent']) == ('example.com', 6, 100)
    assert (domain['held'], domain['by-default'], domain['no-site']['recipients']) == (1, 1, 0)
    assert numbers(domain) == WORLD
    assert [site['percent'] for site in domain['sites']] == [50, 66.6]
    assert (troubles(domain), found['owner-values'], found['course']) == ({}, [], [])
    assert found['directories'] == [{'directory': 'corp', 'source': 'directory', 'reason': None,
                                     'age': None, 'recipients': 6}]


def test_what_is_wrong(faulty):
    found = report(faulty)
    com, org = found['domains']
    assert troubles(com) == {
        'foreign-owner': (4, [f'{name}@example.com' for name in ('evil', 'foreign', 'formula')]),
        'bad-routing': (1, ['bad@example.com']),
        'outside': (1, ['outside@example.com']),
        'conflict': (1, ['torn@example.com']),
        'ambiguous': (1, ['twin@example.com'])}
    assert (com['no-site']['recipients'], com['recipients'], found['recipients']) == (4, 16, 16)
    assert (org['recipients'], numbers(org)['hosted'], troubles(org)) == (1, (1, 0, 0), {})


def test_owners_that_no_site_answers_to(faulty):
    found = report(faulty)
    assert found['owner-values-known']
    assert [(v['value'], v['count'], v['examples']) for v in found['owner-values']] == [
        (r'<script>alert("1")</script>\x1B\xE2\x80\xAE', 1, ['evil@example.com']),
        ('=1+1;\uff1d2;x;@3', 1, ['formula@example.com']),
        ('gone', 2, ['foreign@example.com', 'lost@example.com'])]


def group_dn(name):
    return f'cn={name},{SUFFIX}'


def group(name, member, outer=None):
    lines = ['objectClass: groupOfNames', f'cn: {name}', f'member: {member}']
    return '\n'.join([f'dn: {group_dn(name)}', *lines,
                      *([f'memberOf: {group_dn(outer)}'] if outer else []), '', ''])


@pytest.mark.parametrize('values, groups', [
    (['outer'], {'inner': ['alice@example.com'], 'innermost': ['bob@example.com']}),
    (['outer', 'inner'], {'innermost': ['bob@example.com']}),
    (['outer', 'inner', 'innermost'], {})])
def test_groups_in_groups_that_name_owners(new_slapd, new_conf, values, groups):
    """In OpenLDAP their members are not members of the outer group. The empty group has no members."""
    alice, bob = (f'uid={name},ou=people,{SUFFIX}' for name in ('alice', 'bob'))
    people = (person('alice', memberOf=group_dn('inner')) + person('carol', memberOf=group_dn('outer'))
              + person('bob', memberOf=group_dn('innermost')))
    ldif = people + (
        group('innermost', bob, 'inner') + group('inner', group_dn('innermost'), 'outer')
        + group('empty', f'uid=gone,{SUFFIX}', 'outer') + group('outer', group_dn('inner')))
    conf = new_conf(new_slapd(ldif, options='moduleload memberof\noverlay memberof'),
                    directory_corp={'owner-attribute': 'memberOf'},
                    site_hosted={'routing-domain': 'hosted.%d',
                                 'owner-value': [group_dn(name) for name in values]})
    found = report(conf)
    assert {v['value']: v['examples'] for v in found['owner-values']} == {
        group_dn(name): examples for name, examples in groups.items()}
    assert all(group_dn(name) in run(conf) for name in groups)


def test_more_than_a_page(new_slapd, new_conf):
    crowd = ''.join(person(f'u{n}', sdrOwner='hosted') for n in range(1201))
    domain, = report(new_conf(new_slapd(crowd, options=LIMITED)))['domains']
    assert numbers(domain)['hosted'] == (1201, 0, 0)


# --- where they come from ---

def test_replica_says_the_same(new_slapd, new_sync):
    sync = new_sync(new_slapd(world.PEOPLE + FAULTY), **SITES)
    sync.once()
    copied, live = report(sync.conf), report(sync.conf, '--live')
    assert [(f['directories'][0]['source'], f['owner-values-known'])
            for f in (copied, live)] == [('replica', False), ('directory', True)]
    assert copied['domains'] == live['domains']
    assert 0 <= copied['directories'][0]['age'] < 600
    assert 'from the replica; last contact' in run(sync.conf)


def test_replica_that_nobody_has_written(new_slapd, new_sync):
    found = report(new_sync(new_slapd()).conf)
    assert found['directories'][0]['source'] == 'directory'
    assert numbers(found['domains'][0]) == WORLD


def test_directory_that_is_a_file(scratch, stop_later):
    people = PeopleFile(scratch / 'people')
    stop_later(people.sync.close)
    assert report(people.conf, code=NOT_NOW)['directories'][0]['source'] == 'none'
    people.sync.once()
    assert numbers(report(people.conf, '--live')['domains'][0]) == WORLD


def test_server_that_is_away(new_slapd, new_conf):
    """The other directories are reported, and that one is missing."""
    slapd = new_slapd()
    conf = new_conf(slapd, directory_old={
        'uri': 'ldap://127.0.0.1:1', 'search-base': 'o=old', 'default-owner': 'hosted'})
    found = report(conf, code=NOT_NOW)
    assert [d['source'] for d in found['directories']] == ['directory', 'none']
    assert numbers(found['domains'][0]) == WORLD
    assert 'directory old: MISSING: ' in run(conf, code=NOT_NOW)
    assert 'directory old' in sdrctl.run(conf, 'report', '--csv').stderr
    assert numbers(report(conf, 'CORP')['domains'][0]) == WORLD


@pytest.mark.parametrize('arguments', [[], ['--csv'], ['--html'], ['--live', 'old']])
def test_no_numbers_if_no_directory_answers(new_conf, scratch, arguments):
    """Zeros would be wrong."""
    conf = sdrctl.write_conf(scratch, world.conf(directory_corp=None, directory_old={
        'uri': 'ldap://127.0.0.1:1', 'search-base': 'o=old', 'default-owner': 'hosted'}))
    done = sdrctl.run(conf, 'report', *arguments)
    assert (done.returncode, done.stdout) == (NOT_NOW, '')
    assert done.stderr.startswith('sdrctl: directory old is unavailable: ldap://127.0.0.1:1: ')


def test_limit_of_the_server(new_slapd, new_conf):
    """Numbers of a part would be wrong."""
    found = report(new_conf(new_slapd(options='sizelimit 3\n')), code=NOT_NOW)
    assert (found['recipients'], found['directories'][0]['source']) == (0, 'none')


def test_owner_that_may_not_be_read(new_slapd, new_conf):
    """Everybody would seem to be at the default-owner."""
    conf = new_conf(new_slapd(acl='access to attrs=userPassword by anonymous auth by * none\n'
                                  'access to attrs=sdrOwner by * none\n'
                                  f'access to * by dn.exact="{READER_DN}" read by * auth\n'))
    assert 'sdrOwner' in report(conf, code=NOT_NOW)['directories'][0]['reason']


def test_active_directory(ad, new_conf, ca):
    ad.add(adldif.people(world.PEOPLE + person('lost', sdrOwner='gone')))
    conf = new_conf(ad, directory_corp={'uri': ad.ldaps_uri, 'tls-ca-file': str(ca.cert)})
    found = report(conf)
    assert numbers(found['domains'][0]) == WORLD
    assert [v['value'] for v in found['owner-values']] == ['gone']


@pytest.mark.parametrize('arguments', [
    ['--csv', '--json'], ['--bogus'], ['nobody'], ['--html', '--html']])
def test_bad_use(new_slapd, new_conf, arguments):
    run(new_conf(new_slapd()), *arguments, code=BAD_USE)


# --- the course over time ---

MOVE = ['move', '--quiet', '--bind-dn', ADMIN_DN]


@pytest.fixture
def moved(new_slapd, new_conf, scratch):
    """The sdr.conf of a company in which sdrctl has moved people."""
    (scratch / 'journal').mkdir()
    password = world.password_file(scratch / 'journal', ADMIN_PASSWORD)
    conf = new_conf(new_slapd())
    for site, people in [('hosted', ['dave', 'plain']), ('onprem', ['alice'])]:
        done = sdrctl.run(conf, *MOVE, '--password-file', str(password), '--to', site,
                          *(f'{name}@example.com' for name in people))
        assert done.returncode == OK, done.stderr
    return conf


def date(journal, text):
    """Give the journal this date."""
    content = journal.read_text()
    journal.write_text(re.sub(r'^# date: .*$', f'# date: {text}', content, flags=re.M))


def steps(conf):
    return [(s['date'][:10], s['site'], s['change'], s['recipients'])
            for s in report(conf)['course']]


def test_course(moved, scratch):
    first, second = sorted((scratch / 'journal').glob('*.ldif'))
    date(first, '2026-11-01T10:00:00Z')
    date(second, '2026-11-03T10:00:00Z')
    assert steps(moved) == [
        ('2026-11-01', 'onprem', -2, 1), ('2026-11-01', 'hosted', 2, 6),
        ('2026-11-03', 'onprem', 1, 2), ('2026-11-03', 'hosted', -1, 5)]
    first.write_text(first.read_text().replace('# result: done', '# result: nobody there', 1))
    assert steps(moved)[:2] == [('2026-11-01', 'onprem', -1, 1), ('2026-11-01', 'hosted', 1, 6)]


@pytest.mark.parametrize('text', ['nonsense\n', '# sdrctl journal 1\n# date: today\n'])
def test_journal_that_cannot_be_read(moved, scratch, text):
    """The report is printed without it."""
    (scratch / 'journal/x.ldif').write_text(text)
    done = sdrctl.run(moved, 'report', '--json')
    assert (done.returncode, json.loads(done.stdout)['course']) == (OK, [])
    assert 'no chart over time' in done.stderr and 'x.ldif' in done.stderr


# --- text ---

def test_text(new_slapd, new_conf):
    lines = [' '.join(line.split()) for line in run(new_conf(new_slapd())).splitlines()]
    assert lines == [
        'directory corp: 6 recipients, read from the directory just now', '',
        'DOMAIN SITE RECIPIENTS SHARE HELD BY DEFAULT',
        'example.com onprem 3 50.0 % 0 1',
        'example.com hosted 4 66.6 % 1 0',
        'example.com (all) 6 100.0 % 1 1']


def test_text_of_what_is_wrong(faulty):
    text = run(faulty)
    assert re.search(r'example\.com +4 +an owner that matches no site +evil@example\.com, '
                     r'foreign@example\.com, formula@example\.com, \.\.\.\n', text)
    assert re.search(r'corp +2 +gone +foreign@example\.com, lost@example\.com\n', text)
    assert r'<script>alert("1")</script>\x1B\xE2\x80\xAE' in text
    assert '\x1b' not in text


# --- CSV ---

def test_csv(faulty):
    text = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', faulty, 'report', '--csv'],
                          capture_output=True, check=True).stdout.decode()
    assert text.count('\n') == text.count('\r\n')
    head, *lines = csv.reader(io.StringIO(text, newline=''), strict=True)
    assert {len(line) for line in lines} == {len(head)} == {10}
    rows = {tuple(line[:3]): line[3:] for line in lines}
    assert rows['site', 'example.com', 'hosted'] == ['7', '43.7', '1', '0', '', '', '']
    assert rows['no-site', 'example.com', ''][0] == '4'
    assert rows['trouble', 'example.com', 'conflict'][0::4] == ['1', 'torn@example.com']
    assert rows['owner-value', 'corp', "'=1+1;'\uff1d2;x;'@3"][0] == '1'
    assert ('owner-value', 'corp', r'<script>alert("1")</script>\x1B\xE2\x80\xAE') in rows


# --- HTML ---

class Page(HTMLParser):
    """The tags with their attributes, and the text outside <style>."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._open = [], '', []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ('meta',):
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, tag

    def handle_data(self, data):
        if self._open[-1:] != ['style']:
            self.text += data

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def drawings(text):
    """Each <svg>, parsed as strict XML."""
    return [ET.fromstring(svg) for svg in re.findall(r'<svg.*?</svg>', text, re.S)]


def test_html(faulty):
    text = run(faulty, '--html')
    page = Page(text)
    assert EVIL[:27] in page.text and r'\x1B\xE2\x80\xAE' in page.text
    assert not re.search('[\x00-\x08\x0b-\x1f\u202e]', text)
    assert not page.named('script') and not page.named('a') and not page.named('link')
    assert not [a for _, a in page.tags if 'src' in a or 'href' in a]
    assert 'url(' not in text and 'prefers-color-scheme: dark' in text
    assert 'foreign@example.com' in page.text


def test_bars(faulty):
    """Their lengths are the sites' shares, side by side."""
    com, org = [svg for svg in drawings(run(faulty, '--html')) if svg.get('class') == 'bar']
    assert [rect[0].text for rect in com] == ['onprem: 6', 'hosted: 7', 'no site: 4']
    assert [rect[0].text for rect in org] == ['hosted: 1']
    ends = [float(rect.get('x')) + float(rect.get('width')) for rect in com]
    assert ends[-1] == pytest.approx(1000, abs=.2) and ends == sorted(ends)


def test_course_as_a_drawing(moved, new_slapd, new_conf):
    chart, = [svg for svg in drawings(run(moved, '--html')) if svg.get('class') == 'chart']
    assert [path[0].text for path in chart.iter('path')] == ['onprem', 'hosted']
    labels = [text.text for text in chart.iter('text')]
    assert {'onprem 2', 'hosted 5'} <= set(labels)


def test_no_course_without_journals(faulty):
    assert 'Recipients over time' not in run(faulty, '--html')


@pytest.mark.skipif(not shutil.which('chromium'), reason='no Chromium')
def test_page_in_a_browser(moved, scratch):
    """It shows the drawing, with other colours in dark mode."""
    page = scratch / 'page.html'
    page.write_text(run(moved, '--html'))
    pictures = []
    for scheme in ('0', '1'):  # dark, light
        picture = scratch / f'{scheme}.png'
        subprocess.run(
            ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--window-size=900,1200',
             f'--blink-settings=preferredColorScheme={scheme}',
             f'--user-data-dir={scratch}/profile{scheme}', f'--screenshot={picture}',
             page.as_uri()], capture_output=True, check=True, timeout=300)
        pictures.append(picture.read_bytes())
    assert pictures[0].startswith(b'\x89PNG') and pictures[0] != pictures[1]
