"""mapped.py - an MTA that queries the lookup tables of sdr-milter

SPDX-License-Identifier: BSD-2-Clause
"""
import shutil
from collections import Counter

import paths
import world
from mta import POSTFIX

SOCKET = 'sdr/map.sock'  # below the MTA's queue folder
M4 = paths.ROOT / 'doc/sendmail-sdr.m4'

# Aliases: by address, and by name alone.
TEAM = ['alice@example.com', 'dave@example.com', 'both@example.com', 'bob@example.com']
SHORT = ['alice', 'smmta', 'both', 'bob']  # the second has an account on this machine
# The recipients of mail to each of these.
REACHED = Counter(['alice@hosted.example.com', 'dave@example.com', 'both@example.com',
                   'both@hosted.example.com', 'bob@hosted.example.com'])
FORWARD = 'alice@example.com\nboth@example.com\n'  # the file of user sdr
GONE = 'gone@elsewhere.test'


def use_map(mta, scratch, *, milter, hop_port=25):
    """
    Make mta use the tables, with or without the milter. It has an alias, team@onprem.test, and
    sdr@onprem.test has a .forward file. Returns the options that [milter] needs.

    hop_port   of every next hop
    """
    folder = make_forward(scratch)
    milters = [f'unix:{world.SOCKET}'] if milter else []
    if mta.manners is POSTFIX:
        use_in_postfix(mta, milters, folder)
    else:
        use_in_sendmail(mta, milters, folder, hop_port)
    return {'map-socket': f'unix:{mta.queue_folder / SOCKET}', 'rewrite': 'tables'}


def make_forward(scratch):
    folder = scratch / 'forward'
    folder.mkdir(mode=0o755)
    path = folder / 'sdr'
    path.write_text(FORWARD)
    path.chmod(0o644)
    shutil.chown(path, 'sdr')
    return folder


def use_in_postfix(postfix, milters, folder):
    table = f'socketmap:unix:{SOCKET}'
    postfix.set(
        smtpd_milters=' '.join(milters), non_smtpd_milters=' '.join(milters),
        virtual_alias_maps=f'{table}:route', relay_recipient_maps=f'{table}:recipient',
        transport_maps=f'{table}:transport',
        mydestination='onprem.test', local_recipient_maps='',
        alias_maps=f'inline:{{ {{team={",".join(TEAM)}}} {{short={",".join(SHORT)}}} }}',
        myorigin='example.com', forward_path=f'{folder}/$user')


def use_in_sendmail(sendmail, milters, folder, hop_port, socket=None):
    aliases = f'team: {",".join(TEAM)}\nshort: {",".join(SHORT)}\n'
    sendmail.set(milters=milters, aliases=aliases, mc=f"""\
define(`confFORWARD_PATH', `{folder}/$u')dnl
define(`SDR_LOCAL_DOMAIN', `example.com')dnl
define(`SDR_DOMAINS', `example.com onprem.example.com')dnl
define(`SDR_MAP_SOCKET', `{socket or sendmail.queue_folder / SOCKET}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {hop_port}')dnl
include(`{M4}')dnl
""")
