"""test_metrics.py - the daemons' metrics for Prometheus

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import shutil
import subprocess
import time

import pytest

import paths
from proc import wait_for
from slapd import SUFFIX
from socketmap import Socketmap
from world import person

INTERVAL = 15


def numbers(path):
    """{'sdr_x{a="b"}': value}"""
    return {m[1]: float(m[2])
            for m in re.finditer(r'^([a-z][^ ]*(?:\{.*\})?) (\S+)$', path.read_text(), re.M)}


def assert_well_formed(path):
    """By promtool and by Prometheus's naming conventions."""
    text = path.read_text()
    described = re.findall(r'^# TYPE (\S+) (?:counter|gauge|histogram)$', text, re.M)
    assert described == re.findall(r'^# HELP (\S+) [A-Z0-9].*\.$', text, re.M)
    assert len(set(described)) == len(described)
    for name in numbers(path):
        family = re.sub(r'\{.*', '', name)
        assert family in described or re.sub('_(bucket|sum|count)$', '', family) in described
    assert path.stat().st_mode & 0o777 == 0o644
    assert promtool(['check', 'metrics'], input=text) == ''


def promtool(arguments, **options):
    """The output of promtool, which must be without errors."""
    done = subprocess.run([paths.prefix('prometheus') / 'usr/bin/promtool', *arguments],
                          capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def written_after(path, change):
    """Wait until a page that contains this text is written."""
    return wait_for(lambda: path.exists() and change(numbers(path)), INTERVAL + 10,
                    f'{path.name} with the change')


@pytest.fixture
def folder(scratch):
    """The folder that the collector reads."""
    path = scratch / 'collector'
    path.mkdir()
    shutil.chown(path, 'sdr')
    return path


@pytest.fixture
def server(new_bare_milter, scratch, folder):
    return new_bare_milter(milter={'map-socket': f'unix:{scratch}/run/map.sock', 'rewrite': 'tables',
                                   'metrics-file': f'{folder}/sdr-milter.prom'})


def decisions(verdict, source='directory'):
    return f'sdr_decisions_total{{by="map",verdict="{verdict}",source="{source}"}}'


def test_milter(server, scratch, folder, slapd):
    page = folder / 'sdr-milter.prom'
    assert written_after(page, lambda n: n[decisions('redirect')] == 0)
    with Socketmap(scratch / 'run/map.sock') as tables:
        for _ in range(3):
            tables.ask('route', 'alice@example.com')
        tables.ask('route', 'both@example.com')
        tables.ask('route', 'dave@example.com')
        tables.ask('recipient', 'nobody@example.com')
        tables.ask('route', 'held@example.com')
        tables.ask('route', 'x@elsewhere.test')
        slapd.stop()
        tables.ask('route', 'alice@example.com')
    assert written_after(page, lambda n: n[decisions('defer', 'none')] == 1)
    found = numbers(page)
    assert {v: found[decisions(v)] for v in ('pass', 'redirect', 'copy', 'reject', 'defer')} == {
        'pass': 1, 'redirect': 3, 'copy': 1, 'reject': 1, 'defer': 1}
    assert found['sdr_sent_total{by="map",site="hosted"}'] == 4
    assert found['sdr_refused_total{by="map",status="4.4.3"}'] == 1
    assert found['sdr_refused_total{by="map",status="5.1.1"}'] == 1
    assert found['sdr_decision_seconds_count{source="directory"}'] == 7
    assert found['sdr_decision_seconds_bucket{source="directory",le="+Inf"}'] == 7
    assert found['sdr_decision_seconds_bucket{source="directory",le="5"}'] <= 7
    assert 0 < found['sdr_decision_seconds_sum{source="directory"}'] < 60
    label = f'directory="corp",uri="{slapd.uri}"'
    assert found[f'sdr_directory_questions_total{{{label}}}'] >= 8
    assert sum(found[f'sdr_directory_failures_total{{{label},kind="{kind}"}}']
               for kind in ('connect', 'lost', 'answer')) >= 1
    assert found[f'sdr_directory_well{{{label}}}'] == 0
    assert_well_formed(page)


def test_loop(new_milter, conf, mta, folder):
    new_milter(conf(milter={'metrics-file': f'{folder}/sdr-milter.prom'})).start()
    mta.use_milters('unix:sdr/milter.sock')
    sent = mta.send('alice@example.com', headers=[f'X-SDR-Routed: onprem; {int(time.time())}'] * 5)
    assert sent.data.code == 451
    assert written_after(folder / 'sdr-milter.prom', lambda n: n['sdr_loops_total'] == 1)


def test_sync(new_sync, new_slapd, folder):
    crowd = [f'u{n}' for n in range(20)]
    slapd = new_slapd(''.join(person(name, sdrOwner='hosted') for name in crowd))
    page = folder / 'sdr-sync.prom'
    sync = new_sync(slapd, replica={'metrics-file': str(page)})
    sync.start()
    name = '{directory="corp"}'
    assert written_after(page, lambda n: n[f'sdr_replica_entries{name}'] == len(crowd))
    found = numbers(page)
    assert found[f'sdr_replica_complete{name}'] == 1
    assert abs(found[f'sdr_replica_contact_timestamp_seconds{name}'] - time.time()) < 600
    assert found[f'sdr_replica_failing{name}'] == found[f'sdr_replica_held_entries{name}'] == 0
    assert_well_formed(page)
    slapd.modify(''.join(f'dn: uid={uid},ou=people,{SUFFIX}\nchangetype: delete\n\n'
                         for uid in crowd[:10]))
    assert written_after(page, lambda n: n[f'sdr_replica_held_entries{name}'] > 0)
    slapd.stop()
    assert written_after(page, lambda n: n[f'sdr_replica_failing{name}'] == 1)


@pytest.mark.slow
def test_folder_away(server, folder):
    """It is logged once, and mail flows; the page is written when the folder is back."""
    page = folder / 'sdr-milter.prom'
    assert written_after(page, bool)
    shutil.rmtree(folder)
    wait_for(lambda: server.lines('cannot be written'), INTERVAL + 10, 'a line of the log')
    folder.mkdir()
    shutil.chown(folder, 'sdr')
    assert written_after(page, bool)
    assert len(server.lines('cannot be written')) == 1


def test_no_half_of_a_page(server, folder):
    """The collector's folder contains only complete pages."""
    page = folder / 'sdr-milter.prom'
    assert written_after(page, bool)
    assert [path.name for path in folder.iterdir()] == [page.name]


# --- what is in doc/ for those who look at them ---

def known_numbers():
    return set(re.findall(r'^\.It Li (sdr_\w+)', ''.join(
        (paths.ROOT / 'man' / name).read_text() for name in ('sdr-milter.8', 'sdr-sync.8')), re.M))


def test_every_number_is_in_the_manual(server, new_sync, slapd, folder):
    sync = new_sync(slapd, replica={'metrics-file': f'{folder}/sdr-sync.prom'})
    sync.start()
    pages = [folder / 'sdr-milter.prom', folder / 'sdr-sync.prom']
    for page in pages:
        assert written_after(page, bool)
    shown = set(re.findall(r'^# TYPE (\S+)', ''.join(page.read_text() for page in pages), re.M))
    assert shown == known_numbers()


@pytest.mark.parametrize('name', ['prometheus-alerts.yml', 'grafana-dashboard.json'])
def test_only_numbers_that_there_are(name):
    text = (paths.ROOT / 'doc' / name).read_text()
    asked = {re.sub('_bucket$', '', n) for n in re.findall(r'\b(sdr_\w+)', text)}
    assert asked and asked <= known_numbers()


def test_alert_rules():
    promtool(['check', 'rules', paths.ROOT / 'doc/prometheus-alerts.yml'])
