"""test_plan.py - sdrctl plan: waves of a migration

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shlex
import signal
from pathlib import Path

import pytest

import slapd
import world
from nameserver import NameServer
from office import Office
from planner import FileAdministrator, Planner, addresses, kill_library, killed, owners
from proc import free_port, wait_for

OK, BAD_USE, WRONG, NO_JOURNAL, NOT_NOW, CONFIG = 0, 64, 65, 66, 75, 78
NAMES = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay']
PEOPLE = ''.join([
    *map(world.person, NAMES), world.person('gus', sdrAddress=['gustav@example.com', 'gg@example.com']),
    world.person('one', mail='both@example.com'), world.person('two', mail='both@example.com')])
HOSTED, OLD = '127.0.0.2', '127.0.0.3'
STRIDE = 1 if os.environ.get('SDR_THOROUGH') else 19  # of calls at which it is killed
FIRST, SECOND = NAMES[:3], NAMES[3:]
WAVES = {'first': FIRST, 'second': SECOND}


@pytest.fixture(params=['server', 'file'])
def planner(request, scratch, new_slapd, stop_later):
    if request.param == 'server':
        office = Office(scratch, new_slapd(PEOPLE))
        return Planner(scratch, office, office.state, WAVES)
    office = FileAdministrator(scratch, PEOPLE)
    stop_later(office.people.sync.close)
    return Planner(scratch, office.start(), office.people.path.read_text, WAVES)


HERE, THERE = ('onprem', False), ('hosted', False)
HELD_HERE, HELD_THERE = ('onprem', True), ('hosted', True)


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


# --- a plan with errors ---

GOOD = '[wave first]\nrecipients = first\nto = hosted\nverify = no\n'


@pytest.mark.parametrize('text, line, words', [
    ('', None, 'no [wave NAME]'),
    ('to = hosted\n' + GOOD, 1, 'to: unknown option in the lines before all sections; it belongs in [wave]'),
    (GOOD + 'too = hosted\n', 5, 'too: unknown option in [wave]'),
    (GOOD + '[site hosted]\n', 5, '[site hosted]: unknown section; known: [wave NAME]'),
    (GOOD + '[wave a b]\nto = hosted\nrecipients = first\n', 5, '[wave a b]: a name has only letters'),
    (GOOD + GOOD, 6, 'recipients: given twice'),
    ('[wave x]\nto = hosted\n', 1, '[wave x]: recipients is missing'),
    (GOOD + 'from = moon\n', 5, 'from: no such site: moon'),
    (GOOD + 'start = tomorrow\n', 5, 'start: "tomorrow" is not YYYY-MM-DD HH:MM'),
    (GOOD + 'start = 2027-02-30 12:00\n', 5, 'start: there is no such time'),
    (GOOD + 'hold = perhaps\n', 5, 'hold: '),
    (GOOD + 'nonsense\n', 5, '"nonsense" is neither OPTION = VALUE nor [SECTION]'),
    ('[wave x]\nrecipients = first\nto = onprem\n', 3, 'to: this site cannot verify its own recipients'),
])
@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_broken_plan(planner, text, line, words):
    planner.plan.write_text(text)
    place = planner.plan if line is None else f'{planner.plan}:{line}'
    for arguments in [], ['--dry-run'], ['--status']:
        assert f'sdrctl: {place}: {words}' in planner.run(*arguments, code=CONFIG)
    assert not planner.plan.with_name('plan.state').exists()


@pytest.mark.parametrize('text, words', [
    (None, 'first: No such file'), ('', 'first: no addresses'), ('"ann@example.com\n', 'first:1: a quote is not closed')])
@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_broken_recipients(planner, text, words):
    batch = planner.folder / 'first'
    batch.unlink()
    if text is not None:
        batch.write_text(text)
    assert words in planner.run(code=WRONG)
    assert not planner.plan.with_name('plan.state').exists()


@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_who_can_write(planner):
    """The plan names a command to run, and the state names what undo changes."""
    planner.plan.chmod(0o666)
    assert 'plan: ' in planner.run(code=CONFIG)
    planner.plan.chmod(0o644)
    planner.finish()
    state = planner.plan.with_name('plan.state')
    assert state.stat().st_mode & 0o777 == 0o600
    state.chmod(0o666)
    for arguments in [], ['--status'], ['--undo', 'first']:
        assert f'{state}: mode 0666' in planner.run(*arguments, code=CONFIG)
    state.chmod(0o600)
    state.write_text(state.read_text() + 'first move perhaps\n')
    assert f'{state}:15: not a line of sdrctl plan' in planner.run(code=WRONG)


@pytest.mark.parametrize('arguments, reason', [
    ([], 'expected one plan, not 0'),
    (['a', 'b'], 'expected one plan, not 2'),
    (['--status', '--undo', 'x', 'a'], 'use only one of --status, --undo and --dry-run'),
    (['--json', 'a'], '--json is only for --status'),
    (['--repeat', '--accept', 'a'], 'use only one of --repeat and --accept'),
    (['--status', '--accept', 'a'], '--repeat and --accept are only for a run'),
    (['--undo', 'a b', 'a'], '--undo: not the name of a wave'),
])
@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_misuse(planner, arguments, reason):
    assert f'sdrctl plan: {reason}\n' in planner.office.run('plan', *arguments, code=BAD_USE)


def test_in_two_waves(planner):
    """Nothing starts. Each address is reported with both lines, however it is written."""
    before = planner.state()
    first, second = planner.folder / 'first', planner.folder / 'second'
    first.write_text('name\n"ann"@example.com\nben@example.com\ncat@example.com\n')
    second.write_text('dan@example.com\n\nANN@Example.COM.;x\nben@example.com\n')
    for arguments in [], ['--dry-run'], ['--status']:
        said = planner.run(*arguments, code=WRONG)
        assert sorted(said.splitlines()) == [
            f'sdrctl: {second}:3: ANN@Example.COM.: in wave second, but also in wave first, at {first}:2',
            f'sdrctl: {second}:4: ben@example.com: in wave second, but also in wave first, at {first}:3']
    assert planner.state() == before and not planner.has_begun()


@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_same_file_twice(planner):
    planner.plan.write_text(GOOD + GOOD.replace('[wave first]', '[wave again]'))
    batch = planner.folder / 'first'
    assert f'{batch}:1: ann@example.com: in wave again, but also in wave first, at {batch}:1' in planner.run(
        code=WRONG)


# --- recipients that the directory does not have, or has once ---

def write_waves(planner, **waves):
    for name, lines in waves.items():
        (planner.folder / name).write_text('\n'.join(lines) + '\n')


def check_refused(planner, *expected):
    """Before anything changes, with all errors of all waves: (wave, line, words)."""
    before = planner.state()
    for arguments in [], ['--dry-run']:
        said = planner.run(*arguments, code=WRONG)
        for wave, line, words in expected:
            assert f'{planner.folder / wave}:{line}: {words}\n' in said, said
        assert said.count(f'{planner.folder}/') - said.count('--file ') - said.count('sdrctl -c ') == len(expected) + said.count(', at /'), said
    assert planner.state() == before and planner.journal_count() == 0
    assert not planner.has_begun() or planner.events() == []


def test_unknown_recipients(planner):
    write_waves(planner, first=['ann@example.com', 'nobody@example.com'],
                second=['name', '', 'dan@example.com', 'nemo@example.com', 'dan@example.org', 'dan'])
    check_refused(planner, ('first', 2, 'nobody@example.com: no entry with this address'),
                  ('second', 4, 'nemo@example.com: no entry with this address'),
                  ('second', 5, 'dan@example.org: not in a split domain'),
                  ('second', 6, 'dan: not a valid address'))


def test_ambiguous_recipient(planner):
    write_waves(planner, second=['both@example.com', 'dan@example.com'])
    check_refused(planner, ('second', 1, 'both@example.com: several entries have this address: merge them first'))


def test_recipient_that_cannot_move(planner):
    planner.write(**{'from': 'hosted'})
    check_refused(planner, *[(wave, line, f'{address}: not at hosted') for wave, names in WAVES.items()
                             for line, address in enumerate(addresses(names), 1)])


@pytest.mark.parametrize('one, other', [
    ('gus', 'gustav'), ('gg', 'gus'), ('gustav', 'gg')])
def test_one_person_in_two_waves(planner, one, other):
    """By two addresses: neither wave begins."""
    write_waves(planner, first=['ann@example.com', f'{one}@example.com'],
                second=[f'{other}@example.com', 'dan@example.com'])
    check_refused(planner, ('second', 1, f'{other}@example.com: in wave second, but the same entry is in wave first '
                            f'as {one}@example.com, at {planner.folder}/first:2'))


def test_one_person_in_a_wave_that_is_done(planner):
    write_waves(planner, first=['gus@example.com'])
    planner.write(command=planner.command('test "$SDR_WAVE" = first'))
    planner.run(code=NOT_NOW)
    planner.run('--undo', 'second')
    write_waves(planner, second=['dan@example.com', 'gustav@example.com'])
    before = planner.state()
    said = planner.run('--repeat', code=WRONG)
    assert f'{planner.folder}/second:2: gustav@example.com: in wave second, but the same entry' in said
    assert planner.state() == before


def test_one_person_twice_in_a_wave(planner):
    write_waves(planner, second=['dan@example.com', 'gus@example.com', 'gg@example.com'])
    check_refused(planner, ('second', 3, 'gg@example.com: listed twice'))


@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_directory_does_not_answer(planner):
    planner.office.server.stop()
    for arguments in [], ['--dry-run']:
        said = planner.run(*arguments, code=NOT_NOW)
        assert 'the recipients cannot be looked up now; try again later' in said, said
    assert planner.journal_count() == 0


def test_wave_that_has_begun_goes_on(planner):
    """A wave that has begun is finished, despite an error in a later wave. The error is reported before that wave begins."""
    planner.write(command=planner.command('exit 1'))
    planner.run(code=NOT_NOW)
    planner.command('true')
    write_waves(planner, second=['dan@example.com', 'nobody@example.com'])
    said = planner.run(code=WRONG)
    assert 'wave first: done\n' in said and 'second:2: nobody@example.com: no entry with this address' in said
    assert owners(planner, NAMES) == [THERE] * 3 + [HERE] * 3


@pytest.mark.parametrize('planner', ['server'], indirect=True)
def test_person_who_has_left(planner):
    """After his wave; the others go on."""
    write_waves(planner, first=['gus@example.com', 'ann@example.com'])
    planner.write(command=planner.command('test "$SDR_WAVE" = first'))
    planner.run(code=NOT_NOW)
    planner.office.server.modify(f'dn: uid=gus,ou=people,{slapd.SUFFIX}\nchangetype: delete\n')
    planner.command('true')
    planner.finish()


# --- a state that lacks something ---

def test_state_without_end(planner):
    """Missing lines are noticed, because journals refer to them; nothing is done or forgotten."""
    planner.write(command='false')
    planner.run(code=NOT_NOW)
    state = planner.plan.with_name('plan.state')
    text = state.read_text()
    lines = text.splitlines(keepends=True)
    for kept in lines[:2], [*lines[:2], lines[2][:10]]:
        state.write_text(''.join(kept))
        check_missed(planner, 'hold', f'{state}: it is missing or empty, but this plan has written the journal above;')
        assert owners(planner, NAMES) == [HELD_HERE] * 3 + [HERE] * 3
    state.write_text(text)
    planner.run('--undo', 'first')
    assert owners(planner, NAMES) == [HERE] * 6


def check_missed(planner, step, words):
    """Nothing is done without that record of the first wave."""
    for arguments in [], ['--status'], ['--undo', 'first'], ['--accept'], ['--repeat']:
        said = planner.run(*arguments, code=WRONG)
        assert f'sdrctl: {words}' in said, said
        assert f'sdrctl: plan: wave first: {step} has written {planner.office.journals}/' in said, said


@pytest.mark.parametrize('kept, step', [(3, 'move'), (4, 'move'), (6, 'release')])
def test_state_without_last_lines(planner, kept, step):
    planner.finish()
    before, state = planner.state(), planner.plan.with_name('plan.state')
    state.write_text(''.join(state.read_text().splitlines(keepends=True)[:kept]))
    check_missed(planner, step, f'{state}: lines are missing: the journals above are later;')
    assert planner.state() == before


@pytest.mark.parametrize('command', ['false', 'true'])
def test_state_is_gone(planner, command):
    """A wave that has begun, or is done, never runs again unnoticed, by whatever path the plan is found."""
    planner.write(command=command)
    planner.run(code=NOT_NOW if command == 'false' else OK)
    before, state = planner.state(), planner.plan.with_name('plan.state')
    kept = state.rename(planner.folder / 'kept')
    link = planner.folder / 'link'
    link.symlink_to(planner.plan)
    words = f'{state}: it is missing or empty, but this plan has written the journal'
    check_missed(planner, 'hold', words)
    for path in link, planner.folder / '..' / planner.folder.name / 'plan':
        assert words in planner.office.run('plan', path, code=WRONG)
    assert planner.state() == before
    kept.rename(state)
    planner.run('--undo', 'first')
    assert owners(planner, FIRST) == [HERE] * 3
    state.unlink()
    assert 'wave first: undo has written' in planner.run(code=WRONG)


def test_renamed_with_state(planner):
    """It is the same plan; a new one under the old name is another, and does not begin."""
    planner.finish()
    state, new = planner.plan.with_name('plan.state'), planner.folder / 'new'
    state.rename(planner.folder / 'new.state')
    planner.plan.rename(new)
    assert planner.office.run('plan', new) == 'all waves are done\n'
    planner.write()
    check_missed(planner, 'hold', f'{state}: it is missing or empty')
    planner.office.run('plan', '--undo', 'first', new)
    assert owners(planner, NAMES) == [HERE] * 3 + [THERE] * 3


def test_state_of_another_plan(planner):
    """This plan lacks its waves, or has different ones."""
    planner.finish()
    before, text = planner.state(), planner.plan.read_text()
    (planner.folder / 'last').write_text('fay@example.com\n')
    other, state = planner.folder / 'other', planner.folder / 'other.state'
    state.write_bytes(planner.plan.with_name('plan.state').read_bytes())
    state.chmod(0o600)
    for new, words in [(text.replace('wave second', 'wave third'), 'wave second has begun, but is not in the plan'),
                       (text.replace('= second', '= last'), 'wave second, or its file of recipients, has changed')]:
        other.write_text(new)
        assert words in planner.office.run('plan', other, code=WRONG)
    assert planner.state() == before


# --- a doubt ---

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
    assert 'No such file' in planner.office.run('plan', '--undo', 'first', planner.folder / 'none', code=NO_JOURNAL)
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


# --- killed ---

@pytest.fixture(scope='module')
def library(tmp_path_factory):
    return kill_library(tmp_path_factory.mktemp('killed'))


@pytest.mark.parametrize('group', [True, False], ids=['group', 'process'])
def test_killed(planner, library, group):
    """Killed at any moment, it continues from there, nobody stays on hold, and everything can be undone."""
    before = planner.state()
    planner.write(command='true')
    for number in range(1, 1000, STRIDE):
        code = killed(planner, library, number, group)
        view = planner.status() if planner.plan.with_name('plan.state').exists() else ('', {}, 0)
        assert view[2] == owners(planner, FIRST).count(HELD_HERE) + owners(planner, FIRST).count(HELD_THERE)
        if code != 0:
            planner.run(*(['--repeat'] if view[1].get('command') == 'started' else []))
        assert owners(planner, NAMES) == [THERE] * 6
        planner.run('--undo', 'first')
        planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
        if code == 0:
            return
    assert False, 'it never ends'


@pytest.mark.parametrize('group', [True, False], ids=['group', 'process'])
def test_undo_killed(planner, library, group):
    before = planner.state()
    for number in range(1, 1000, STRIDE):
        planner.finish()
        code = killed(planner, library, number, group, '--undo', 'first')
        if code != 0:
            planner.run('--undo', 'first')
        assert owners(planner, FIRST) == [HERE] * 3
        planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
        if code == 0:
            return
    assert False, 'it never ends'


def test_broken_off_and_undone(planner, library):
    """Undo does not need to finish the run first."""
    before = planner.state()
    for number in range(1, 1000, STRIDE):
        code = killed(planner, library, number, True)
        if code == 0:
            break
        state = planner.plan.with_name('plan.state')
        if state.exists() and 'first' in state.read_text():
            planner.run('--undo', 'first')
        if state.exists() and 'second' in state.read_text():
            planner.run('--undo', 'second')
        assert planner.state() == before
        planner.forget()
