"""works.py - what is measured: each takes Premises and rounds, and yields turns.Results

SPDX-License-Identifier: BSD-2-Clause
"""
import through_postfix

ALL = {
    'postfix': through_postfix.measure,
}
