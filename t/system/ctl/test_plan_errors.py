"""test_plan_errors.py - sdrctl plan with errors in the plan, in its recipients and in its state

SPDX-License-Identifier: BSD-2-Clause
"""
import pytest

import slapd
from planner import (BAD_USE, CONFIG, FIRST, GOOD, HELD_HERE, HERE, NAMES, NOT_NOW, OK, THERE, WAVES, WRONG,
                     addresses, owners, write_waves)


# --- a plan with errors ---

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
