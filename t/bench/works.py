"""works.py - what is measured: each takes Premises and rounds, and yields turns.Results

SPDX-License-Identifier: BSD-2-Clause
"""
import away
import searches
import through_exim
import through_postfix
import through_sendmail

ALL = {
    'postfix': through_postfix.measure,
    'sendmail': through_sendmail.measure,
    'exim': through_exim.measure,
    'searches': searches.measure,
    'away': away.measure,
}
