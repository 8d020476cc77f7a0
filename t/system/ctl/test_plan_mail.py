"""test_plan_mail.py - mail flows while a plan is killed, resumed and undone

SPDX-License-Identifier: BSD-2-Clause
"""
import random
import signal
import threading
from collections import Counter, defaultdict

import pytest

import paths
import world
from office import Office
from planner import FileAdministrator, Planner, addresses, kill_library, killed, owners
from proc import wait_for

WAVE_NAMES, MEMBERS = ('a', 'b', 'c'), paths.thorough(20, 8)
WAVES = {wave: [f'{wave}{n:02}' for n in range(MEMBERS)] for wave in WAVE_NAMES}
NAMES = sum(WAVES.values(), [])
PEOPLE = ''.join(map(world.person, NAMES))
OLD, NEW = 'onprem', 'hosted'
DEFERRED, NOT_NOW = (451, '4.2.1'), 75


class Flow(threading.Thread):
    """Sends to one after the other, at random, until it is stopped; notes who got what in which phases.

    phases  of each so far: {name: the sites that may get his mail}
    sent    (Message-ID, name, first phase, last phase) of what was accepted
    """

    def __init__(self, mta):
        super().__init__()
        self.mta, self.stopped, self.sent = mta, False, []
        self.phases = [{name: {OLD} for name in NAMES}]

    def run(self):
        choice = random.Random(1)
        while not self.stopped:
            name = choice.choice(NAMES)
            first = len(self.phases) - 1
            sent = self.mta.send(addresses([name]))
            if sent.rcpts[0].code == 250:
                self.sent.append((sent.message_id, name, first, len(self.phases) - 1))
            else:
                assert sent.rcpts[0].code == 451, sent.rcpts[0]

    def enter(self, names, *sites):
        """Begin a phase in which mail for these people may go to one of the sites; the others are unchanged.
        """
        self.phases.append({**self.phases[-1], **dict.fromkeys(names, set(sites))})

    def wait_for_some(self):
        seen = len(self.sent)
        wait_for(lambda: len(self.sent) > seen + 10 or not self.is_alive())
        assert self.is_alive()


def reply_to(mta, name):
    """(code, enhanced code), once the directory is asked."""
    def ask():
        reply = mta.send(addresses([name])).rcpts[0]
        return reply.text.split()[0] != '4.4.3' and (reply.code, reply.text.split()[0])
    return wait_for(ask)


@pytest.fixture
def library(scratch):
    return kill_library(scratch)


@pytest.fixture(params=['server', 'file'])
def planner(request, scratch, postfix, new_slapd, new_milter, stop_later):
    """A planner whose milter Postfix uses."""
    milter = {'socket': f'unix:{postfix.queue_folder / world.SOCKET}', 'socket-group': 'postfix'}
    if request.param == 'server':
        office = Office(scratch, new_slapd(PEOPLE), milter=milter)
        state = office.state
    else:
        office = FileAdministrator(scratch, PEOPLE, milter=milter)
        stop_later(office.people.sync.close)
        office.start()

        def state():
            return office.people.path.read_text().split('\n\n')
    new_milter(office.conf.read_text()).start()
    return Planner(scratch, office, state, WAVES)


@pytest.fixture
def flow(postfix, planner):
    thread = Flow(postfix)
    yield thread
    thread.stopped = True
    if thread.ident:
        thread.join()


def entries(planner, names):
    """The entries of these people in the directory."""
    return [entry for entry in planner.state() if any(f'mail: {name}@' in entry for name in names)]


def check_holds(planner, flow):
    """--status counts everybody on hold, and their mail is deferred."""
    held = [name for name, (_, hold) in zip(NAMES, owners(planner, NAMES)) if hold]
    views = planner.views().values()
    assert sum(view['held'] for view in views) == len(held)
    assert planner.ask_status().count('ON HOLD') == len([view for view in views if view['held']])
    if held and hasattr(planner.office, 'people'):
        planner.office.people.sync.caught_up()
    if held:
        assert reply_to(flow.mta, held[-1]) == DEFERRED
    return len(held)


def command_runs(planner):
    """The command was interrupted."""
    return any((step['step'], step['state']) == ('command', 'started')
               for view in planner.views().values() for step in view['steps'])


def run_killed(planner, library, choice, flow, *arguments):
    """Kill and resume it until it ends; returns how often somebody was on hold in between."""
    holds, ended = 0, 'undone' if arguments else 'done'
    for _ in range(500):
        repeat = ['--repeat'] if not arguments and planner.has_begun() and command_runs(planner) else []
        code = killed(planner, library, choice.randrange(2, paths.thorough(30, 90)), choice.random() < .5, *arguments, *repeat)
        assert code in (0, -signal.SIGKILL, NOT_NOW)
        if not planner.has_begun():
            continue
        holds += check_holds(planner, flow) > 0
        views = planner.views()
        if {views[wave]['state'] for wave in arguments[1:] or WAVE_NAMES} == {ended}:
            return holds
    raise AssertionError('it never ends')


def check_mail(flow, postfix, sink):
    """Each accepted message has reached one mailbox, once, and nothing else was sent."""
    wait_for(lambda: not postfix.queue() and not postfix.queue(), what='an empty queue')
    arrived = defaultdict(Counter)
    for transaction in sink.transactions:
        arrived[transaction.message_id].update(transaction.recipients)
    for message_id, name, first, last in flow.sent:
        sites = set().union(*(phase[name] for phase in flow.phases[first:last + 1]))
        boxes = {OLD: f'{name}@example.com', NEW: f'{name}@hosted.example.com'}
        assert dict(arrived.pop(message_id)) in [{boxes[site]: 1} for site in sites], (name, first, last)
    assert not arrived and 'status=bounced' not in postfix.log()


@pytest.mark.slow
@pytest.mark.whole
def test_killed_while_mail_flows(planner, library, flow, postfix, sink):
    """Nothing is lost, duplicated or bounced; everybody on hold is reported; undo restores the old entries.
    """
    before, choice = planner.state(), random.Random(NAMES[-1])
    planner.write(command='true')
    flow.start()
    flow.wait_for_some()
    flow.enter(NAMES, OLD, NEW)
    assert run_killed(planner, library, choice, flow) > 0
    flow.enter(NAMES, NEW)
    assert owners(planner, NAMES) == [(NEW, False)] * len(NAMES)
    flow.wait_for_some()
    for wave in WAVE_NAMES[1], WAVE_NAMES[0], WAVE_NAMES[2]:
        old = [entry for entry in before if any(f'mail: {name}@' in entry for name in WAVES[wave])]
        assert len(old) == MEMBERS and entries(planner, WAVES[wave]) != old
        flow.enter(WAVES[wave], OLD, NEW)
        run_killed(planner, library, choice, flow, '--undo', wave)
        flow.enter(WAVES[wave], OLD)
        assert entries(planner, WAVES[wave]) == old
        flow.wait_for_some()
    assert planner.state() == before and check_holds(planner, flow) == 0
    flow.stopped = True
    flow.join()
    check_mail(flow, postfix, sink)
