"""checkmta.py - lets sdrctl check mta find the mail server of a test and its programs

SPDX-License-Identifier: BSD-2-Clause
"""
import os

from daemon import environment
from mta import POSTFIX
from postfix import LIBRARIES, SERVER
from sendmail import PROGRAMS


def programs(mta):
    """The environment in which the mail server's programs are found."""
    if mta.manners is POSTFIX:
        return {'PATH': f'{SERVER}/usr/sbin:{os.environ["PATH"]}', 'LD_LIBRARY_PATH': LIBRARIES}
    return {'PATH': f'{PROGRAMS}:{os.environ["PATH"]}', 'LD_PRELOAD': str(mta.folder / 'shim.so'),
            'ASAN_OPTIONS': environment()['ASAN_OPTIONS'] + ':verify_asan_link_order=0'}


def where(mta):
    if mta.manners is POSTFIX:
        return 'postfix', '--postfix-config', mta.folder / 'etc'
    return 'sendmail', '--sendmail-cf', mta.folder / 'sendmail.cf'
