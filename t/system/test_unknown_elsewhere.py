"""test_unknown_elsewhere.py - unknown = SITE without bounces to forged senders: the mail server asks
the site itself (doc/3-two-way.md)

SPDX-License-Identifier: BSD-2-Clause
"""
import re

import pytest

import paths
from mapped import use_map

CHAPTER = (paths.ROOT / 'doc/3-two-way.md').read_text(encoding='utf-8')
UNKNOWN = {'domain example.com': {'unknown': 'hosted'}}
NOBODY = ['nemo@example.com', 'nobody@example.com']
PEOPLE = ['jan@example.com', 'alice@example.com', 'dave@example.com', 'both@example.com']


def recipe(start):
    """The indented lines of the chapter from the one that begins so, to the next blank one."""
    lines = CHAPTER[CHAPTER.index(f'\n    {start}') + 1:].split('\n\n')[0].splitlines()
    return [line[4:] for line in lines]


@pytest.fixture
def sites(sink):
    """All mail arrives at the sink: it is each site. Unknown recipients have no mailbox at the other one."""
    sink.refuse = {person.replace('@', '@hosted.'): '550 5.1.1 Unknown' for person in NOBODY}
    return sink


def codes(sent):
    return [reply.code for reply in sent.rcpts]


def bounces(mta, sink, message_id):
    """The number of bounces to the forged sender."""
    mta.wait_empty()
    assert sink.recipients(message_id)['jan@hosted.example.com'] == 1
    return [t for t in list(sink.transactions) if t.mail == '' and 'sender@outside.test' in t.recipients]


@pytest.fixture
def mapped(postfix, new_milter, conf, scratch):
    options = use_map(postfix, scratch, milter=True)
    new_milter(conf(milter=options, **UNKNOWN)).start()
    return postfix


def test_postfix(mapped, sites):
    """Without the recipe there are bounces; with it there are none, and existing recipients get the mail."""
    people = [*NOBODY, 'jan@example.com']
    sent = mapped.send(people)
    assert codes(sent) == [250] * 3 and bounces(mapped, sites, sent.message_id)
    sites.transactions.clear()
    mapped.set(**dict(line.split(' = ', 1) for line in recipe('smtpd_recipient_restrictions')),
               address_verify_poll_delay='1s', address_verify_poll_count='100')
    sent = mapped.send([*NOBODY, *PEOPLE])
    assert codes(sent) == [550, 550, 250, 250, 250, 250]
    assert bounces(mapped, sites, sent.message_id) == []


def test_exim(new_exim, exim_conf, sites):
    exim = new_exim(exim_conf(**UNKNOWN), at_the_door=True).start()
    sent = exim.send([*NOBODY, 'jan@example.com'])
    assert codes(sent) == [250] * 3 and bounces(exim, sites, sent.message_id)
    exim.stop()
    sites.transactions.clear()
    change(exim, '\n'.join(f'  {line}' for line in recipe('deny')))
    exim.start()
    sent = exim.send([*NOBODY, *PEOPLE])
    assert codes(sent) == [550, 550, 250, 250, 250, 250]
    assert bounces(exim, sites, sent.message_id) == []


def change(exim, statement):
    """Put a statement into its ACL, where Debian includes check_rcpt_local."""
    configure = exim.configure

    def with_it():
        configure()
        path = exim.command[-1]
        text, count = re.subn('^  require verify = recipient$', lambda line: f'{statement}\n{line[0]}',
                              path.read_text(), flags=re.M)
        assert count == 1
        path.write_text(text)
    exim.configure = with_it


def test_site_that_does_not_answer(new_exim, exim_conf, sites):
    """No recipient is rejected because of it."""
    sites.refuse = {'nemo@hosted.example.com': '451 4.3.0 Later'}
    exim = new_exim(exim_conf(**UNKNOWN), at_the_door=True)
    change(exim, '\n'.join(f'  {line}' for line in recipe('deny')))
    exim.start()
    assert codes(exim.send(['nemo@example.com', 'jan@example.com'])) == [451, 250]
