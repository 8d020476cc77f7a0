"""test_plan.py - sdrctl plan: waves of a migration

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re

import pytest

from nameserver import NameServer
from planner import (BAD_USE, FIRST, GOOD, HELD_THERE, HERE, NAMES, NOT_NOW, OK, SECOND, THERE, WRONG,
                     addresses, owners)
from proc import free_port, wait_for

HOSTED, OLD = '127.0.0.2', '127.0.0.3'
# --- it runs ---

def test_two_waves(planner):
    """All steps run in order; then nothing is left to do; undo restores every octet."""
    before = planner.state()
    planner.write(command=planner.command(f'echo "$SDR_WAVE $1" >>{planner.folder}/ran; cat "$SDR_RECIPIENTS" '
                                          f'>>{planner.folder}/ran') .as_posix() + ' an  argument')
    planner.finish()
    assert owners(planner, NAMES) == [THERE] * 6
    assert (planner.folder / 'ran').read_text().split() == [
        'first', 'an', *addresses(FIRST), 'second', 'an', *addresses(SECOND)]
    steps = ['hold', 'command', 'move', 'release']
    assert planner.events() == [f'{wave} {step} {event}' for wave in ('first', 'second') for step in steps
                                for event in ('started', 'done')]
    after = planner.state()
    assert planner.run() == 'all waves are done\n' and planner.state() == after and planner.journal_count() == 6
    assert planner.status() == ('done', dict.fromkeys(steps, 'done'), 0)
    planner.run('--undo', 'first')
    assert owners(planner, NAMES) == [HERE] * 3 + [THERE] * 3
    planner.run('--undo', 'second')
    assert planner.state() == before


def test_without_hold_and_command(planner):
    planner.write(hold='no')
    planner.finish()
    assert planner.events()[:2] == ['first move started', 'first move done']
    assert owners(planner, NAMES) == [THERE] * 6


def test_dry_run(planner):
    before = planner.state()
    planner.write(command='/bin/true --all', verify='yes', start='2040-01-02 03:04')
    said = planner.run('--dry-run', '--rate', '7', '--port', '2525')
    batch, ctl = planner.folder / 'first', f'sdrctl -c {planner.office.conf}'
    assert said.splitlines()[:7] == [
        'wave first: 3 mailboxes to hosted, at 2040-01-02 03:04',
        f'  verify   {ctl} move --to hosted --skip-done --from onprem --verify --dry-run --port 2525 '
        f'--file {batch}',
        f'  hold     {ctl} hold --skip-done --wait --file {batch}',
        '  command  /bin/true --all',
        f'  move     {ctl} move --to hosted --skip-done --from onprem --wait --file {batch}',
        f'  proof    {ctl} verify --port 2525 --rate 7 --file {batch}',
        f'  release  {ctl} release --skip-done --wait (those whom this wave has put on hold)']
    assert planner.state() == before and not planner.plan.with_name('plan.state').exists()


def test_others_on_hold(planner):
    """People who were on hold before stay on hold, also when the wave is undone."""
    planner.office.run('hold', *addresses(FIRST[:1]))
    before = planner.state()
    planner.finish()
    assert owners(planner, FIRST) == [HELD_THERE, THERE, THERE]
    planner.run('--undo', 'first')
    planner.run('--undo', 'second')
    assert planner.state() == before


# --- what it prints ---

def test_counts(planner):
    """A line for each step, or for each person if that is wanted."""
    said = planner.run()
    for words in '3 held\n', '3 moved\n', '3 released\n':
        assert said.count(words) == 2, said
    assert '@' not in said and said.count('journal: ') == 6
    said = planner.run('--undo', 'first')
    assert said.count('3 undone\n') == 3 and '@' not in said
    said = planner.run('--repeat', '--verbose')
    for word in 'held', 'moved', 'released':
        assert [f'{address}: {word}' in said for address in addresses(FIRST)] == [True] * 3
    assert planner.run('-v', '--undo', 'first').count('@example.com: undone') == 9
    assert 'use only one of --quiet and --verbose' in planner.run('-q', '-v', code=BAD_USE)


def test_quiet(planner):
    """It says nothing of people who are as they were already."""
    assert planner.run('-q') == ''
    move, = [step['journal-or-reason'] for step in planner.views()['first']['steps'] if step['step'] == 'move']
    assert planner.office.run('undo', '-q', move) == ''
    assert planner.office.run('undo', move).count(': unchanged') == 3
    assert planner.office.run('undo', '-q', move) == ''
    assert planner.run('-q', '--undo', 'first') == ''
    assert owners(planner, FIRST) == [HERE] * 3


def test_suggested_commands(planner):
    """They can be run as they are."""
    planner.write(command='false')
    undo = f'sdrctl -c {planner.office.conf} plan --undo first {planner.plan}\n'
    assert planner.run(code=NOT_NOW).endswith(f'or take the wave back: {undo}')
    planner.write(command='false', hold='no')
    assert planner.run(code=WRONG).endswith(f'or take the wave back: {undo}')
    planner.plan.write_text(GOOD.replace('[wave first]', '[wave other]'))
    assert planner.run(code=WRONG).endswith(f'or take the wave back: {undo}')


def test_edited_after_the_end(planner):
    """A wave that is done stays so, whatever is written."""
    planner.finish()
    (planner.folder / 'first').write_text('ann@example.com\n')
    said = planner.run('--status')
    assert 'wave first: done, its section or its recipients were edited since\n' in said
    assert 'wave second: done\n' in said and planner.status()[0] == 'done'


def test_journal_of_a_resumed_step(planner):
    """The step did its work, and was killed before its end was recorded."""
    planner.plan.write_text(GOOD.replace('verify', 'hold = no\nverify'))
    planner.finish()
    state = planner.plan.with_name('plan.state')
    state.write_text(''.join(state.read_text().splitlines(keepends=True)[:-1]))
    assert planner.events() == ['first move started']
    assert 'wave first: begun, move was interrupted\n' in planner.run('--status')
    assert '3 already done' in planner.run()
    step, = planner.views()['first']['steps']
    assert (step['state'], step['journal-or-reason']) == ('done', str(planner.office.journal()))


# --- sites are asked ---

@pytest.fixture
def site(stop_later):
    """site(planner, code=): the plan is run, with the name server and the port of the site."""
    server = NameServer({'hosted.example.com': [('A', HOSTED)]}, port=0)
    stop_later(server.stop)
    server.start()
    port = free_port(HOSTED)

    def ask(planner, *arguments, code=OK):
        return planner.run('--resolver', server.at, '--port', str(port), '--timeout', '60', '--retries', '0',
                           *arguments, code=code)
    ask.port = port
    return ask


def mailboxes(names):
    return [f'{name}@hosted.example.com' for name in names]


def test_verified(planner, site, new_host):
    planner.write(verify='yes')
    host = new_host(HOSTED, site.port, mailboxes(NAMES))
    site(planner)
    assert owners(planner, NAMES) == [THERE] * 6
    assert planner.events()[:4] == ['first verify started', 'first verify done', 'first hold started',
                                    'first hold done']
    assert 'first proof done' in planner.events() and not any(line.startswith('DATA') for line in host.said)


def test_not_accepted(planner, site, new_host):
    """Nothing has started: the list may be corrected."""
    planner.write(verify='yes')
    before = planner.state()
    new_host(HOSTED, site.port, mailboxes(NAMES[:2]))
    said = site(planner, code=NOT_NOW)
    assert 'site hosted rejects cat@hosted.example.com' in said and 'wave first: verify: exit code 65' in said
    assert 'wave first: begun, verify failed, nothing changed yet\n' in planner.run('--status')
    assert planner.state() == before and planner.status() == (
        'begun', {'verify': 'failed', 'hold': None, 'move': None, 'proof': None, 'release': None}, 0)
    (planner.folder / 'first').write_text('ann@example.com\n')
    said = site(planner, code=NOT_NOW)
    assert 'wave first: done' in said and 'wave second: verify: exit code 65' in said


def test_not_proven(planner, site, new_host):
    """Somebody has two mailboxes: the wave stays on hold until an administrator decides."""
    planner.write(verify='yes')
    new_host(HOSTED, site.port, mailboxes(NAMES))
    new_host(OLD, site.port, addresses(NAMES[:1]))
    said = site(planner, '--at', f'onprem={OLD}:{site.port}', code=NOT_NOW)
    assert 'double   ann@example.com' in said and 'wave first: proof: exit code 65' in said, said
    assert '3 recipients are on hold by wave first' in said
    assert owners(planner, FIRST) == [HELD_THERE] * 3
    site(planner, '--accept', '--at', f'onprem={OLD}:{site.port}')
    assert owners(planner, NAMES) == [THERE] * 6


# --- at the same time ---

def test_second_run(planner):
    """A second run is locked out, even if only the command of the first is still running."""
    fifo = planner.folder / 'fifo'
    os.mkfifo(fifo)
    planner.write(command=planner.command(f'echo >{planner.folder}/runs; read line <{fifo}'))
    first = planner.start()
    wait_for((planner.folder / 'runs').exists)
    for arguments in [], ['--undo', 'first']:
        said = planner.run(*arguments, code=NOT_NOW)
        assert re.search(rf'another process works on this plan:( \d+)* {first.pid}[ ;]', said), said
    assert re.search(rf'a process works on the plan now:( \d+)* {first.pid}[ \n]', planner.run('--status'))
    first.kill()
    first.wait()
    said = planner.run(code=NOT_NOW)
    assert re.search(r'another process works on this plan:( \d+)+;', said) and f' {first.pid}' not in said
    fifo.write_text('go\n')
    wait_for(lambda: 'a process works' not in planner.run('--status'))
    assert 'command: it was interrupted' in planner.run(code=NOT_NOW)


# --- times ---

def test_start(planner):
    planner.write(start='2040-01-02 03:04')
    process = planner.start()
    state = planner.plan.with_name('plan.state')
    wait_for(state.exists)
    assert planner.status()[0] == 'not begun'
    process.terminate()
    said, _ = process.communicate()
    assert process.returncode == NOT_NOW and 'wave first: starts at 2040-01-02 03:04\n' in said
    assert 'interrupted; wave first has not begun' in said and owners(planner, FIRST) == [HERE] * 3
    planner.write(start='2020-01-02 03:04')
    planner.finish()
