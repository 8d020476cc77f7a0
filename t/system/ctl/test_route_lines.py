"""test_route_lines.py - sdrctl route -: lines from other systems, and what a terminal shows of them

SPDX-License-Identifier: BSD-2-Clause
"""
import json

import pytest

import sdrctl
import world


@pytest.fixture
def conf(slapd, scratch):
    return sdrctl.write_conf(scratch, world.conf(directory_corp={
        'uri': slapd.uri, 'password-file': str(world.password_file(scratch))}))


@pytest.mark.parametrize('end', ['\n', '\r\n'], ids=['lf', 'crlf'])
def test_lines_of_other_systems(conf, end):
    asked = end.join(['alice@example.com', '', 'dave@example.com', 'nobody@example.com'])
    for text in (asked, asked + end):
        done = sdrctl.run(conf, 'route', '--json', '-', input=text)
        assert [json.loads(line)['verdict'] for line in done.stdout.splitlines()] == [
            'redirect', 'pass', 'reject']


@pytest.mark.parametrize('sign', ['\x1b', '\u009b', '\u202e', '\u2028'], ids=ascii)
def test_json_is_ascii(conf, sign):
    recipient = f'a{sign}b@example.com'
    done = sdrctl.run(conf, 'route', '--json', recipient)
    assert done.stdout.isascii() and sign not in done.stdout
    assert json.loads(done.stdout)['recipient'] == recipient
