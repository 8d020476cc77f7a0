"""adldif.py - converts recipients written for slapd to the form of Active Directory

SPDX-License-Identifier: BSD-2-Clause
"""
import base64
import re

from slapd import SUFFIX

# inetOrgPerson becomes a user; users there have the attributes of the other classes anyway.
CLASSES = {'inetOrgPerson': 'user', 'sdrRecipient': 'sdrRecipient'}
# There, the first RDN names the entry, and the groups list their members.
LEFT_OUT = {'uid', 'cn', 'memberOf'}


def entries(ldif):
    """[(dn, [(attribute, value as octets)])] of LDIF content records."""
    lines = re.sub(r'\n ', '', re.sub(r'^#.*\n', '', ldif, flags=re.M)).split('\n\n')
    records = [[attribute(line) for line in block.splitlines() if line] for block in lines]
    return [(record[0][1].decode(), record[1:]) for record in records if record]


def attribute(line):
    name, _, value = line.partition(':')
    if value.startswith(':'):
        return name, base64.b64decode(value[1:])
    return name, value.strip().encode()


def write(dn, attributes):
    """One content record, with every value in base64: no value needs a special case."""
    lines = [f'{name}:: {base64.b64encode(value).decode()}'
             for name, value in [('dn', dn.encode()), *attributes]]
    return '\n'.join([*lines, '', ''])


def people(ldif):
    """The entries, followed by the groups they belong to."""
    members, text = {}, []
    for dn, attributes in entries(ldif):
        uid = next(value.decode() for name, value in attributes if name == 'uid')
        dn = dn.replace(f'uid={uid},', f'CN={uid},')
        for name, value in attributes:
            if name == 'memberOf':
                members.setdefault(value.decode(), []).append(('member', dn.encode()))
        own = map(as_user, filter(wanted, attributes))
        text.append(write(dn, [('sAMAccountName', uid.encode()), *own]))
    return ''.join([*text, *(group(dn, who) for dn, who in members.items())])


def wanted(attribute_value):
    name, value = attribute_value
    return name not in LEFT_OUT and (name != 'objectClass' or value.decode() in CLASSES)


def as_user(attribute_value):
    name, value = attribute_value
    return (name, CLASSES[value.decode()].encode()) if name == 'objectClass' else attribute_value


def group(dn, members):
    return write(dn, [('objectClass', b'group'), *members])


def person(name, **attributes):
    """LDIF of a user below ou=people; values are text or a list of it."""
    values = {'objectClass': 'user', 'sAMAccountName': name, 'mail': f'{name}@example.com',
              **attributes}
    return write(f'CN={name},OU=people,{SUFFIX}',
                 [(key, value.encode()) for key, some in values.items()
                  for value in ([some] if isinstance(some, str) else some or [])])
