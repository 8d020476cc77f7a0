"""world.py - the company that most tests use

example.com is shared by this site, onprem, and the site hosted:

    alice   hosted
    dave    onprem
    bob     hosted, also robert@
    both    onprem and hosted
    held    hosted, being moved
    plain   names no owner: the directory's default-owner, onprem

SPDX-License-Identifier: BSD-2-Clause
"""
import base64
import shutil

import slapd

# Options of a site with a next hop.
NEXT_HOP = {'delivery': 'route', 'next-hop': 'mx.hosted.test:25'}

SOCKET = 'sdr/milter.sock'  # below the MTA's queue folder, and as the MTA sees it


def person(uid, **attributes):
    """LDIF of a person; attribute values are text or a list of it, None removes a default."""
    values = {
        'objectClass': ['inetOrgPerson', 'inetLocalMailRecipient', 'sdrRecipient'],
        'uid': uid, 'cn': uid, 'sn': uid, 'mail': f'{uid}@example.com', **attributes}
    lines = [f'dn: uid={uid},ou=people,{slapd.SUFFIX}']
    for name, value in values.items():
        lines += [ldif_line(name, v) for v in as_list(value)]
    return '\n'.join([*lines, '', ''])


def as_list(value):
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def ldif_line(name, value):
    if value.isascii():
        return f'{name}: {value}'
    return f'{name}:: {base64.b64encode(value.encode()).decode()}'


PEOPLE = ''.join([
    person('alice', sdrOwner='hosted'),
    person('dave', sdrOwner='onprem'),
    person('bob', sdrOwner='hosted', sdrAddress='robert@example.com'),
    person('both', sdrOwner=['onprem', 'hosted']),
    person('held', sdrOwner='hosted', sdrHold='TRUE'),
    person('plain'),
])

# The options of each section; conf() changes some of them.
CONF = {
    'main': {'this-site': 'onprem', 'recipient-delimiter': '+', 'loop-limit': '5'},
    'site onprem': {'routing-domain': 'onprem.%d'},
    'site hosted': {'routing-domain': 'hosted.%d'},
    'domain example.com': {'unknown': 'reject'},
    'directory corp': {
        'profile': 'sdr', 'search-base': slapd.SUFFIX, 'default-owner': 'onprem',
        'bind': 'simple', 'bind-dn': slapd.READER_DN, 'timeout': '20'},
    'milter': {'socket-group': 'postfix', 'socket-mode': '0660'},
}


def conf(**sections):
    """
    Text of an sdr.conf: CONF with changes.

    conf(main={'loop-limit': '2'}, directory_corp={'uri': [a, b], 'bind': None})
    A list repeats the option, None leaves it out; None for a section leaves that out.
    'directory_corp' stands for 'directory corp'; names with dots go in as conf(**{'site a.b': ...}).
    """
    wanted = {name: dict(options) for name, options in CONF.items()}
    for key, options in sections.items():
        name = key.replace('_', ' ', 1)
        wanted[name] = None if options is None else {**wanted.get(name, {}), **options}
    return '\n'.join(section(*item) for item in wanted.items() if item[1] is not None)


def conf_of_file(path, replica_path, **sections):
    """conf() with a replica and, instead of a server, the LDIF file at this path."""
    no_server = dict.fromkeys(['search-base', 'bind', 'bind-dn', 'timeout'])
    sections['directory_corp'] = {'uri': f'ldif:{path}', **no_server,
                                  **sections.get('directory_corp', {})}
    sections['replica'] = {'path': str(replica_path), **sections.get('replica', {})}
    return conf(**sections)


def section(name, options):
    head = [] if name == 'main' else [f'[{name}]']
    lines = [f'{key} = {v}' for key, value in options.items() for v in as_list(value)]
    return '\n'.join([*head, *lines, ''])


def password_file(folder, password=slapd.READER_PASSWORD, group='sdr'):
    """Write a file that only this group can read, as sdr.conf(5) requires for secrets."""
    path = folder / 'password'
    path.write_text(password + '\n')
    shutil.chown(path, 'root', group)
    path.chmod(0o640)
    return path
