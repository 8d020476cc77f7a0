"""An outside client tries recipients that would relay, run programs, write files or cause bounces

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import hostile
import paths
import world
from debianexim import DebianExim
from mapped import M4, SOCKET
from proc import wait_for
from sink import Sink
from slapd import SUFFIX

CATCH_ALL = world.person('all', mail=None, sdrAddress='@example.com', sdrOwner='onprem')


@pytest.fixture
def trap(scratch):
    return hostile.Trap(scratch)


@pytest.fixture
def attack(mta, sink, trap):
    """
    attack(step): whom an outsider's mail has reached, after he has tried one in step

    bounces  whether he may be notified of failures
    """
    recipients = hostile.all_recipients(trap)

    def run(step=1, bounces=False):
        sink.transactions.clear()
        hostile.attack(mta.port, ['alice@example.com', *recipients[::step]])
        mta.wait_empty(120)
        assert not trap.sprung()
        bounced = [reasons(t) for t in sink.transactions if hostile.FORGED in t.recipients]
        assert bounces or not bounced
        reached = {r for t in sink.transactions for r in t.recipients} - {hostile.FORGED}
        assert 'alice@hosted.example.com' in reached
        assert not [r for r in reached if not is_allowed(r)]
        return reached
    return run


def reasons(bounce):
    """The reply for each recipient."""
    text = bounce.data.decode('latin-1')
    return re.findall(r'^(?:Final-Recipient: |Diagnostic-Code: |\d\d\d ).*', text, re.M)


def is_allowed(recipient):
    """Mail for the split domain, or for an account of this host."""
    _, domain = hostile.split(recipient)
    return domain in {*hostile.OURS, 'onprem.test', 'localhost', '[127.0.0.1]', ''}


def unknown_among(recipients):
    people = {hostile.split(r) for r in recipients}
    return [local for local, domain in people if domain in hostile.OURS and local not in hostile.KNOWN]


@pytest.fixture
def try_all(attack, slapd):
    """
    try_all(configure): with every policy about unknown recipients; configure(**sections) of sdr.conf

    prepare  lets the MTA have a mailbox for everybody; None: it has none for some
    """
    def run(configure, prepare=None):
        configure()
        assert not unknown_among(attack())
        for policy in 'pass', 'onprem':
            configure(**{'domain example.com': {'unknown': policy}})
            attack(7)
        configure()
        slapd.add(CATCH_ALL)
        attack(6)
        if prepare:
            prepare()
        slapd.modify(f'dn: uid=all,ou=people,{SUFFIX}\nchangetype: modify\n'
                     'add: sdrOwner\nsdrOwner: hosted\n')
        attack(5, bounces=not prepare)
    return run


@pytest.fixture
def daemon(new_milter, conf, mta):
    """daemon(tables): sdr-milter, and what configures it."""
    def make(tables):
        milter = {'rewrite': 'tables', 'map-socket': f'unix:{mta.queue_folder / SOCKET}'}
        server = new_milter(conf(milter=milter if tables else {})).start()

        def configure(**sections):
            server.configure(conf(milter=milter if tables else {}, **sections))
            server.reload()
        return configure
    return make


def nothing():
    pass


# ---- Sendmail ----

SHELL = "define(`LOCAL_SHELL_PATH', `/bin/sh')dnl\n"
BEHIND = SHELL + "FEATURE(`mailertable', `{mailertable}')dnl\n"
HERE = SHELL + "LOCAL_DOMAIN(`example.com onprem.example.com')dnl\n"
RULES = """\
define(`SDR_DOMAINS', `example.com onprem.example.com')dnl
define(`SDR_MAP_SOCKET', `{map_socket}')dnl
include(`{m4}')dnl
"""
LOCAL_RULES = "define(`SDR_LOCAL_DOMAIN', `example.com')dnl\n" + RULES
EVERYBODY = "define(`LUSER_RELAY', `local:root')dnl\n"
ALIASES = ''.join(f'{name}: root\n' for name in ('alice', 'bob', 'dave', 'plain', 'both', 'robert'))


@pytest.mark.parametrize('mc, tables', [
    pytest.param(BEHIND, False, id='milter, mailboxes behind'),
    pytest.param(HERE, False, id='milter, mailboxes here'),
    pytest.param(BEHIND + RULES, True, id='tables, mailboxes behind'),
    pytest.param(HERE + LOCAL_RULES, True, id='tables, mailboxes here'),
    pytest.param(HERE + RULES, True, id='tables, mailboxes here, no SDR_LOCAL_DOMAIN'),
])
def test_sendmail(sendmail, daemon, try_all, mc, tables):
    table = sendmail.map('mailertable', {'example.com': 'relay:[127.0.0.1]'})
    mc = mc.format(mailertable=table, m4=M4, map_socket=sendmail.queue_folder / SOCKET)
    sendmail.set(mc=mc, aliases=ALIASES)
    try_all(daemon(tables), lambda: sendmail.set(mc=mc + EVERYBODY))


# ---- Postfix ----

TABLE = f'socketmap:unix:{SOCKET}'
POSTFIX_BEHIND = {'relay_recipient_maps': f'{TABLE}:recipient', 'virtual_alias_maps': f'{TABLE}:route'}
POSTFIX_HERE = {'virtual_mailbox_domains': 'example.com', 'relay_domains': 'onprem.example.com',
                'virtual_mailbox_maps': '', 'relay_recipient_maps': ''}


@pytest.mark.parametrize('main, tables', [
    pytest.param({}, False, id='milter, mailboxes behind'),
    pytest.param(POSTFIX_HERE, False, id='milter, mailboxes here'),
    pytest.param(POSTFIX_BEHIND, True, id='tables, mailboxes behind'),
    pytest.param({**POSTFIX_HERE, **POSTFIX_BEHIND, 'virtual_mailbox_maps': f'{TABLE}:recipient'}, True,
                 id='tables, mailboxes here'),
])
def test_postfix(postfix, daemon, try_all, sink, main, tables):
    """This host's accounts and their aliases exist there, too."""
    to_sink = f'smtp:[127.0.0.1]:{sink.port}'
    postfix.set(mydestination='onprem.test, localhost', mailbox_transport=to_sink,
                virtual_transport=to_sink, alias_maps='inline:{ {team=alice@example.com} }', **main)
    try_all(daemon(tables), nothing)


# ---- Exim ----

PATIENT = 'smtp_max_synprot_errors = 1000\nsmtp_max_unknown_commands = 1000\n'


class PatientExim(DebianExim):
    """An Exim that never closes our connection because of errors."""

    @staticmethod
    def _snippet(name):
        return DebianExim._snippet(name) + (PATIENT if name == 'sdr-macros' else '')


@pytest.fixture
def next_machine(stop_later):
    """A sink whose address Exim does not take for its own."""
    server = Sink('127.0.0.20')
    stop_later(server.stop)
    return server.start()


@pytest.fixture(params=['hubbed smarthost', 'smarthost'])
def exim(request, scratch, next_machine, exim_conf, stop_later):
    """Debian's Exim, set up as doc/install.md says, with the mailboxes behind it or here."""
    server = PatientExim(scratch / 'debian', next_machine, exim_conf(), split=True, world=request.param)
    stop_later(server.stop)
    return server.start()


@pytest.mark.parametrize('first', range(4))
def test_exim(exim, next_machine, trap, first):
    """Tries a sample: all of them would take minutes with Exim."""
    recipients = hostile.all_recipients(trap)
    step = len(recipients) // paths.thorough(450, 150)
    hostile.attack(exim.port, ['alice@example.com', *recipients[first::step]])
    wait_for(lambda: not exim.queue(), 120, 'an empty queue')
    assert not trap.sprung()
    reached = {r for t in next_machine.transactions for r in t.recipients}
    assert 'alice@hosted.example.com' in reached
    assert not [r for r in reached if not is_allowed(r)]
    assert not unknown_among(reached)
