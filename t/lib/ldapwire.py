"""ldapwire.py - LDAP messages as octets (RFC 4511), as far as a faulty server needs them

SPDX-License-Identifier: BSD-2-Clause
"""
from dataclasses import dataclass

from sockets import read_exactly

BIND, BIND_ANSWER, UNBIND = 0x60, 0x61, 0x42
SEARCH, SEARCH_ENTRY, SEARCH_DONE = 0x63, 0x64, 0x65
COMPARE, COMPARE_ANSWER = 0x6e, 0x6f
ABANDON = 0x50
EXTENDED, EXTENDED_ANSWER = 0x77, 0x78
# The answer that ends each operation; other operations have no answer.
LAST_ANSWER = {BIND: BIND_ANSWER, SEARCH: SEARCH_DONE, COMPARE: COMPARE_ANSWER,
               EXTENDED: EXTENDED_ANSWER}

START_TLS = b'1.3.6.1.4.1.1466.20037'
DISCONNECTION = b'1.3.6.1.4.1.1466.20036'
SUCCESS, TIME_LIMIT, COMPARE_FALSE, NO_SUCH_OBJECT, UNAVAILABLE = 0, 3, 5, 32, 52


def tlv(tag, *contents):
    """Tag, length, value."""
    value = b''.join(contents)
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    size = len(value).to_bytes(4, 'big')
    return bytes([tag, 0x84]) + size + value


def message(number, operation):
    return tlv(0x30, tlv(0x02, number.to_bytes(2, 'big')), operation)


def result(tag, code, *more):
    """An LDAPResult without matched DN and text."""
    return tlv(tag, tlv(0x0a, bytes([code])), tlv(0x04), tlv(0x04), *more)


def entry(dn, **attributes):
    """A SearchResultEntry; attribute values are lists of text."""
    return tlv(SEARCH_ENTRY, tlv(0x04, dn.encode()), tlv(0x30, *(
        tlv(0x30, tlv(0x04, name.encode()), tlv(0x31, *(tlv(0x04, v.encode()) for v in values)))
        for name, values in attributes.items())))


def elements(octets):
    """[(tag, value)] of consecutive elements."""
    found = []
    while octets:
        size, begin = octets[1], 2
        if size & 0x80:
            begin += size & 0x7f
            size = int.from_bytes(octets[2:begin], 'big')
        found.append((octets[0], octets[begin:begin + size]))
        octets = octets[begin + size:]
    return found


@dataclass
class Search:
    """A SearchRequest; the filter is not decoded."""
    base: str
    whole: bool  # whether entries below the base are searched, too
    seconds: int  # the time limit
    filter: bytes
    attributes: list


def parse_search(octets):
    """The Search in a whole message."""
    _, operation = elements(parse(octets)[1])[0]  # controls may follow
    base, scope, _, _, seconds, _, query, attributes = elements(operation)
    return Search(base[1].decode(), scope[1] != b'\0', int.from_bytes(seconds[1], 'big'), query[1],
                  [name.decode() for _, name in elements(attributes[1])])


def read_message(peer):
    """One message as octets; b'' at the end."""
    head = read_exactly(peer, 2)
    if not head:
        return b''
    size = head[1]
    if size & 0x80:
        more = read_exactly(peer, size & 0x7f)
        head, size = head + more, int.from_bytes(more, 'big')
    body = read_exactly(peer, size)
    return head + body if body else b''


def parse(octets):
    """(message number, the operation's octets) of a whole message."""
    at = 2 + (octets[1] & 0x7f if octets[1] & 0x80 else 0)
    end = at + 2 + octets[at + 1]
    return int.from_bytes(octets[at + 2:end], 'big'), octets[end:]


def parse_number(octets):
    return parse(octets)[0]


def parse_tag(octets):
    return parse(octets)[1][0]
