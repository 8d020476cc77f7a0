"""test_corpus.py - t/corpus through sdrctl route, on slapd and in Active Directory

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import re
import subprocess

import pytest

import adldif
import paths
import world
from milter import assert_clean, environment

CORPUS = paths.ROOT / 't/corpus'
WORLDS = sorted(path for path in CORPUS.iterdir() if path.is_dir())


def unescape(octets):
    return re.sub(rb'\\x([0-9A-Fa-f]{2})', lambda m: bytes([int(m[1], 16)]), octets)


def cases(path):
    """(recipient as octets, lines of what is expected as text) of each block."""
    for block in re.split(rb'\n\s*\n', path.read_bytes()):
        lines = [line for line in block.split(b'\n') if line and not line.startswith(b'#')]
        if lines:
            yield unescape(lines[0]), [unescape(line[4:]).decode() for line in lines[1:]]


def describe(answer):
    """A JSON object of sdrctl in the words of the corpus."""
    lines = [f'verdict {answer["verdict"]}']
    lines += [f'site {site}' for site in answer['sites']]
    lines += [f'to {target}' for target in answer['targets']]
    if 'next-hop' in answer:
        lines.append(f'next-hop {answer["next-hop"]}')
    if answer['reply']:
        lines.append('reply ' + ' '.join(answer['reply'].split()[:2]))
    return lines


def wrong_answers(folder, scratch, uri, ca, unable=()):
    """(recipient, expected, answered, reason) of each case that this directory answers wrongly.

    unable   recipients that are left out
    """
    conf = scratch / 'sdr.conf'
    conf.write_text((folder / 'sdr.conf').read_text().replace('@URI@', uri).replace(
        '@PASSWORD_FILE@', f'{world.password_file(scratch)}\ntls-ca-file = {ca.cert}'))
    # A line feed cannot stand in sdrctl's input; the unit tests have those.
    wanted = [case for case in cases(folder / 'cases')
              if b'\n' not in case[0] and case[0] not in unable]
    done = subprocess.run([paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'route', '--json', '-'],
                          input=b'\n'.join(recipient for recipient, _ in wanted),
                          capture_output=True, env=environment(), timeout=120)
    assert_clean(done.stderr.decode())
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == (75 if any(a['verdict'] == 'defer' for a in answers) else 0)
    assert len(answers) == len(wanted)
    return [(recipient, expected, describe(answer), answer['reason'])
            for (recipient, expected), answer in zip(wanted, answers)
            if describe(answer) != expected]


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world(folder, new_slapd, scratch, ca):
    slapd = new_slapd((folder / 'directory.ldif').read_text(), schema=folder.glob('schema'))
    assert not wrong_answers(folder, scratch, slapd.uri, ca)


# Samba compares octets: an address that the directory holds decomposed is not found by its
# composed spelling, which is the one that is asked for.
UNLIKE_SAMBA = {'basic': ['Zo\u00eb@example.com'.encode(), 'ZOE\u0308@example.com'.encode(),
                          '"zo\u00eb"@example.com'.encode()]}


@pytest.mark.parametrize('folder', WORLDS, ids=lambda path: path.name)
def test_world_in_active_directory(folder, ad, scratch, ca):
    ad.add(adldif.people((folder / 'directory.ldif').read_text()))
    unable = UNLIKE_SAMBA.get(folder.name, ())
    assert not wrong_answers(folder, scratch, ad.ldaps_uri, ca, unable)
