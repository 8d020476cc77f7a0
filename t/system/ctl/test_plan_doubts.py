"""test_plan_doubts.py - sdrctl plan stops at a doubt, goes on after a correction, and can be taken back

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shlex
import signal
from pathlib import Path

import pytest

from planner import (FIRST, GOOD, HELD_HERE, HERE, NAMES, NOT_NOW, NO_JOURNAL, OK, SECOND, THERE, WRONG,
                     addresses, owners, write_waves)
from proc import wait_for

def test_command_fails(planner):
    """The plan stops and reports the number of recipients on hold; after the fix the wave continues."""
    planner.write(command=planner.command('exit 3'))
    said = planner.run(code=NOT_NOW)
    assert 'wave first: command: exit code 3; the plan stops here\n' in said
    assert '3 recipients are on hold by wave first\n' in said and f'--undo first {planner.plan}' in said
    assert owners(planner, NAMES) == [HELD_HERE] * 3 + [HERE] * 3
    assert planner.status() == (
        'begun', {'hold': 'done', 'command': 'failed', 'move': None, 'release': None}, 3)
    text = planner.run('--status')
    assert 'ON HOLD   3\n' in text and '  command   failed 2' in text and text.count('wave second: not begun') == 1
    planner.command('true')
    planner.finish()
    assert owners(planner, NAMES) == [THERE] * 6
    assert planner.run('--undo', 'first').count('its command is not undone') == 1


def test_accepted(planner):
    planner.write(command='false')
    planner.run(code=NOT_NOW)
    said = planner.run('--accept', code=NOT_NOW)
    assert 'wave first: done' in said and 'wave second: command: exit code 1' in said
    planner.run('--accept')
    assert owners(planner, NAMES) == [THERE] * 6
    assert 'no wave has stopped' in planner.run('--accept', code=WRONG)


def test_somebody_is_gone(planner):
    """An error in the middle of a wave; the rest of the wave can be undone."""
    planner.write(command=planner.command('exit 1'))
    planner.run(code=NOT_NOW)
    planner.command('true')
    planner.office.run('release', *addresses(FIRST[:1]))
    planner.office.run('move', '--to', 'hosted', '--add', *addresses(FIRST[:1]))
    said = planner.run(code=NOT_NOW)
    assert 'wave first: move: exit code 65' in said and '2 recipients are on hold by wave first' in said
    planner.run('--undo', 'first')
    assert owners(planner, FIRST)[1:] == [HERE] * 2


@pytest.mark.parametrize('text', [
    '# sales\nann@example.com\n\nben@example.com\r\ncat@example.com,"Cat"',
    'address,name\n"ann@example.com",Ann\nben@example.com,\n  \ncat@example.com\n',
    '\ufeffann@example.com\nben@example.com\n#x@example.com\ncat@example.com',
])
def test_addresses_for_the_command(planner, text):
    """It gets those that the wave moves, one on a line, however their file is written."""
    (planner.folder / 'first').write_text(text, newline='')
    planner.write(command=planner.command(f'cat "$SDR_RECIPIENTS" >>{planner.folder}/got; '
                                          f'echo "$SDR_RECIPIENTS" >>{planner.folder}/lists'))
    planner.finish()
    assert (planner.folder / 'got').read_text().splitlines() == addresses(FIRST + SECOND)
    assert not any(map(os.path.exists, (planner.folder / 'lists').read_text().split()))


@pytest.mark.parametrize('name', ['/nowhere/copy', 'no-such-program', '/tmp', './copy', '/etc/passwd'])
def test_command_that_does_not_exist(planner, name):
    """It is found before anybody is on hold."""
    before = planner.state()
    planner.write(command=name)
    for options in ['--dry-run'], []:
        said = planner.run(*options, code=WRONG)
        assert f'wave first: command: there is no program {name}' in said
    assert planner.state() == before and planner.journal_count() == 0


def test_command_is_corrected(planner):
    """A wave that waits for its command goes on with another one."""
    planner.write(command='false')
    planner.run(code=NOT_NOW)
    planner.write(command='true')
    planner.finish()
    assert owners(planner, NAMES) == [THERE] * 6


def test_somebody_is_there_already(planner):
    """The wave would put them on hold and copy their mailbox once more."""
    planner.office.run('move', '--to', 'hosted', '--add', *addresses(SECOND[:1]))
    before = planner.state()
    for options in ['--dry-run'], []:
        said = planner.run(*options, code=WRONG)
        assert f'second:1: {addresses(SECOND)[0]}: ' in said
    assert planner.state() == before


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_all_of_the_command(planner, number):
    """Nothing that it has started runs on, beside its next run."""
    planner.write(command=planner.command(f'sleep 1000 & echo $! >{planner.folder}/child; '
                                          f'mv {planner.folder}/child {planner.folder}/pid; wait'))
    process = planner.start()
    wait_for((planner.folder / 'pid').exists)
    process.send_signal(number)
    process.communicate()
    pid = (planner.folder / 'pid').read_text().strip()
    status = Path(f'/proc/{pid}/stat')
    assert process.returncode == NOT_NOW
    assert not status.exists() or status.read_text().split(')')[1].split()[0] == 'Z'
    planner.run('--undo', 'first')
    said = planner.run(code=NOT_NOW)
    assert 'it was undone' in said and '--undo' not in said


def test_suggested_command_is_quoted(planner):
    """A shell takes it as it is printed."""
    plan = planner.folder / "a b'c"
    planner.write(command='false')
    planner.plan.rename(plan)
    planner.plan = plan
    said = planner.run(code=NOT_NOW)
    words = shlex.split(re.search(r'or take the wave back: (.*)', said)[1])
    assert words == ['sdrctl', '-c', str(planner.office.conf), 'plan', '--undo', 'first', str(plan)]


def test_changed_while_it_runs(planner):
    """People who were not on hold are not moved."""
    planner.write(command=planner.command(f'echo dan@example.com >>{planner.folder}/first'))
    said = planner.run(code=NOT_NOW)
    assert 'first: it has changed since the plan was read' in said
    assert '3 recipients are on hold by wave first' in said
    assert owners(planner, NAMES) == [HELD_HERE] * 3 + [HERE] * 3


def wait_in_command(planner):
    """The plan, as it runs, in the command of the first wave; and the FIFO that ends it."""
    fifo = planner.folder / 'fifo'
    os.mkfifo(fifo)
    planner.write(command=planner.command(
        f'test $SDR_WAVE = second || {{ echo >{planner.folder}/runs; read line <{fifo}; }}'))
    process = planner.start()
    wait_for((planner.folder / 'runs').exists)
    return process, fifo


@pytest.mark.parametrize('names', [['dan'], ['dan', 'eve', 'fay', 'gus'], ['fay', 'dan']])
def test_changed_before_it_begins(planner, names):
    """A wave moves the addresses that its file contains when the wave begins."""
    process, fifo = wait_in_command(planner)
    write_waves(planner, second=addresses(names))
    fifo.write_text('go\n')
    said, _ = process.communicate()
    assert process.returncode == OK, said
    everybody = [*NAMES, 'gus']
    assert owners(planner, everybody) == [THERE if name in FIRST + names else HERE for name in everybody]
    assert planner.run() == 'all waves are done\n'


@pytest.mark.parametrize('file, lines, words', [
    ('second', ['dan@example.com', 'ben@example.com'], 'second:2: ben@example.com: in wave second, but also in wave first'),
    ('second', ['dan@example.com', 'nobody@example.com'], 'second:2: nobody@example.com: no entry with this address'),
    ('second', ['"dan@example.com'], 'second:1: a quote is not closed'),
    ('second', [], 'second: no addresses'),
    ('first', ['ann@example.com'], 'first: it has changed since the plan was read'),
])
def test_changed_to_an_error(planner, file, lines, words):
    """The wave does not begin."""
    process, fifo = wait_in_command(planner)
    write_waves(planner, **{file: lines})
    fifo.write_text('go\n')
    said, _ = process.communicate()
    assert process.returncode in (WRONG, NOT_NOW) and words in said, said
    assert owners(planner, SECOND) == [HERE] * 3


def test_changed_plan(planner):
    """A wave that has begun does not change; the others may."""
    planner.write(command='false')
    planner.run(code=NOT_NOW)
    second = planner.folder / 'second'
    second.write_text(second.read_text().replace('fay@example.com\n', ''))
    assert 'command: exit code 1' in planner.run(code=NOT_NOW)
    first = planner.folder / 'first'
    kept = first.read_text()
    first.write_text('ann@example.com\n')
    assert 'wave first, or its file of recipients, has changed' in planner.run(code=WRONG)
    first.write_text(kept)
    planner.write(command='false', hold='no')
    assert 'wave first, or its file of recipients, has changed' in planner.run(code=WRONG)
    planner.plan.write_text(GOOD.replace('[wave first]', '[wave other]'))
    assert 'wave first has begun, but is not in the plan' in planner.run(code=WRONG)
    planner.run('--undo', 'first')
    assert owners(planner, NAMES) == [HERE] * 6
    planner.finish()


def test_undone_wave(planner):
    """It starts again, or is left out, if the administrator says so."""
    planner.finish()
    planner.run('--undo', 'first')
    assert 'wave first: it was undone; the plan stops here' in planner.run(code=NOT_NOW)
    assert 'it is undone already' in planner.run('--undo', 'first', code=WRONG)
    assert 'wave third: there is no such wave, only first, second;' in planner.run('--undo', 'third', code=WRONG)
    said = planner.office.run('plan', '--undo', 'first', planner.folder / 'none', code=NO_JOURNAL)
    assert f'nothing to undo: no run of {planner.folder}/none is on record: {planner.folder}/none.state: No such' in said
    assert not (planner.folder / 'none.state').exists()
    planner.run('--repeat')
    assert owners(planner, NAMES) == [THERE] * 6
    planner.run('--undo', 'first')
    assert owners(planner, NAMES) == [HERE] * 3 + [THERE] * 3
    planner.run('--accept')
    assert planner.status()[0] == 'left out' and owners(planner, FIRST) == [HERE] * 3


def test_undo_that_fails(planner):
    """Entries changed by others since are left alone, if the administrator says so."""
    planner.finish()
    planner.office.run('move', '--to', 'onprem', *addresses(FIRST[:1]))
    planner.office.run('move', '--to', 'hosted', '--add', *addresses(FIRST[:1]))
    said = planner.run('--undo', 'first', code=NOT_NOW)
    assert 'somebody else has changed the entry since' in said and 'on hold by wave first' in said
    assert 'it is being undone' in planner.run(code=NOT_NOW)
    assert planner.status()[0] == 'being undone'
    planner.run('--undo', 'first', '--accept')
    assert owners(planner, FIRST)[1:] == [HERE] * 2


def test_missing_journal(planner):
    planner.finish()
    lost = min(planner.office.journals.iterdir())
    lost.rename(planner.folder / 'lost')
    assert f'its journal {lost} is not in' in planner.run('--undo', 'first', code=NO_JOURNAL)
    assert owners(planner, FIRST) == [THERE] * 3
    (planner.folder / 'lost').rename(lost)
    planner.run('--undo', 'first')


def test_undo_of_waves_that_have_not_begun(planner):
    """The waves are named: those of the plan and those of its state."""
    planner.write(command='false')
    planner.run(code=NOT_NOW)
    assert 'wave second: it has not begun; nothing' in planner.run('--undo', 'second', code=WRONG)
    assert 'wave fist: there is no such wave, only first, second; nothing' in planner.run('--undo', 'fist', code=WRONG)
    planner.plan.write_text(GOOD.replace('[wave first]', '[wave other]'))
    assert 'no such wave, only other, first; nothing' in planner.run('--undo', 'First', code=WRONG)
    planner.plan.unlink()
    assert 'no such wave, only first; nothing' in planner.run('--undo', 'other', code=WRONG)
    assert owners(planner, FIRST) == [HELD_HERE] * 3
    planner.run('--undo', 'first')
