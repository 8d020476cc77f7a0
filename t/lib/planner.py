"""planner.py - sdrctl plan, run by an administrator

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import subprocess
from pathlib import Path

import paths
import sdrctl
import world
from daemon import environment
from office import Administrator
from peoplefile import PeopleFile
from proc import run, wait_for

OK, BAD_USE, WRONG, NO_JOURNAL, NOT_NOW, CONFIG = 0, 64, 65, 66, 75, 78  # exit codes
NAMES = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay']
FIRST, SECOND = NAMES[:3], NAMES[3:]
WAVES = {'first': FIRST, 'second': SECOND}
PEOPLE = ''.join([
    *map(world.person, NAMES), world.person('gus', sdrAddress=['gustav@example.com', 'gg@example.com']),
    world.person('one', mail='both@example.com'), world.person('two', mail='both@example.com')])
# What owners() returns for a person
HERE, THERE = ('onprem', False), ('hosted', False)
HELD_HERE, HELD_THERE = ('onprem', True), ('hosted', True)
# A plan without errors, but for its recipients
GOOD = '[wave first]\nrecipients = first\nto = hosted\nverify = no\n'


def addresses(names):
    return [f'{name}@example.com' for name in names]


def write_waves(planner, **waves):
    for name, lines in waves.items():
        (planner.folder / name).write_text('\n'.join(lines) + '\n')


class Planner:
    """Runs a plan with these waves: {name: the people who move}."""

    def __init__(self, folder, office, state, waves):
        self.folder, self.office, self.state, self.waves = folder, office, state, waves
        self.plan = folder / 'plan'
        for name, members in waves.items():
            (folder / name).write_text('\n'.join(addresses(members)) + '\n')
        self.write()

    def write(self, **options):
        """Write the plan, with these options for every wave."""
        options = {'to': 'hosted', 'from': 'onprem', 'verify': 'no', **options}
        lines = [f'{key} = {value}' for key, value in options.items() if value is not None]
        self.plan.write_text('\n'.join(
            '\n'.join([f'[wave {name}]', f'recipients = {name}', *lines, '']) for name in self.waves))

    def run(self, *arguments, code=OK, **options):
        return self.office.run('plan', *arguments, self.plan, code=code, **options)

    def finish(self):
        """Run the plan to its end."""
        assert self.run().count('all waves are done\n') == 1

    def start(self, *arguments, **options):
        return subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', self.office.conf, 'plan', *arguments,
                                 self.plan], text=True, env=environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, **options)

    def command(self, text):
        """The path of a program that a wave runs."""
        path = self.folder / 'command'
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)
        return path

    def ask_status(self, *arguments):
        """The output of --status, once the directory answers who is on hold."""
        def ask():
            done = sdrctl.run(self.office.conf, 'plan', '--status', *arguments, self.plan)
            assert done.returncode in (OK, NOT_NOW), done.stdout + done.stderr
            return done.returncode == OK and done.stdout
        return wait_for(ask)

    def views(self):
        """The state of each wave, by its name."""
        views = [json.loads(line) for line in self.ask_status('--json').splitlines()]
        return {view['wave']: view for view in views}

    def status(self, wave='first'):
        """(state, {step: state}, number of people on hold) of the wave."""
        view = self.views()[wave]
        return view['state'], {step['step']: step['state'] for step in view['steps']}, view['held']

    def has_begun(self):
        return self.plan.with_name('plan.state').exists()

    def forget(self):
        """As if it had never run."""
        self.plan.with_name('plan.state').unlink(missing_ok=True)
        for journal in self.office.journals.iterdir():
            journal.unlink()

    def events(self):
        lines = self.plan.with_name('plan.state').read_text().splitlines()[2:]
        return [' '.join(line.split()[1:4]) for line in lines]

    def journal_count(self):
        return len(list(self.office.journals.iterdir()))


class FileAdministrator(Administrator):
    """A planner whose directory is a file that sdr-sync reads."""

    def __init__(self, folder, text, **sections):
        super().__init__(folder)
        self.people = PeopleFile(folder, text, main={'journal-directory': str(self.journals)},
                                 replica={'max-removed': '100', 'max-moved': '100'}, **sections)
        self.conf = self.people.conf

    def start(self):
        self.people.sync.start()
        self.people.sync.caught_up()
        return self


def owners(planner, names):
    """(first owner, whether it is on hold) of each entry."""
    lines = sdrctl.run(planner.office.conf, 'show', '--json', *addresses(names)).stdout.splitlines()
    entries = [json.loads(line)['directories'][0]['entries'][0] for line in lines]
    return [(entry['sites'][0], entry['hold']) for entry in entries]


def kill_library(folder):
    """The path of killed.c, compiled."""
    path = folder / 'killed.so'
    run(['cc', '-O', '-Wall', '-shared', '-fPIC', '-o', path, Path(__file__).with_name('killed.c')])
    return path


def killed(planner, library, number, group, *arguments):
    """Run the plan, and kill it, or its process group, before that call, see killed.c. Returns its exit code
    after all processes have ended."""
    preload = ':'.join([*filter(None, [environment().get('LD_PRELOAD')]), str(library)])
    process = subprocess.Popen([paths.BUILD / 'sdrctl/sdrctl', '-c', planner.office.conf, 'plan', *arguments,
                                planner.plan], start_new_session=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               env={**environment(), 'LD_PRELOAD': preload, 'KILLED_AT': str(number),
                                    **({'KILLED_GROUP': '1'} if group else {})})
    code = process.wait()
    if planner.has_begun():
        wait_for(lambda: 'a process works' not in planner.ask_status())
    return code
