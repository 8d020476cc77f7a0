"""works.py - the benchmarks: each takes Premises and rounds, and yields turns.Results

SPDX-License-Identifier: BSD-2-Clause
"""
import away
import concurrency
import exim_process
import memory
import one_recipient
import replica
import searches
import through_exim
import through_postfix
import through_sendmail

ALL = {
    'one-recipient': one_recipient.work,
    'exim-process': exim_process.work,
    'concurrency': concurrency.work,
    'memory': memory.work,
    'replica': replica.work,
    'postfix': through_postfix.work,
    'sendmail': through_sendmail.work,
    'exim': through_exim.work,
    'searches': searches.work,
    'away': away.work,
}
