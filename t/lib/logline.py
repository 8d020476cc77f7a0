"""logline.py - parses the log by the grammar in sdr-milter(8), DIAGNOSTICS

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import unicodedata
from dataclasses import dataclass

# The fields in their order; one with a '*' may be repeated.
FIELDS = ['rcpt', 'verdict', 'site', 'to*', 'next-hop', 'reply', 'status', 'source', 'reason', 'mapped']
QUOTED = {'rcpt', 'to', 'next-hop', 'reason', 'mapped'}
WORDS = {
    'verdict': 'pass|redirect|copy|route|reject|defer',
    'site': r'[^\s",]+(?:,[^\s",]+)*',
    'reply': r'[245]\d\d',
    'status': r'[245]\.\d+\.\d+',
    'source': 'directory|replica|none',
}
SUBJECT = r'(?:map [A-Za-z]+\d?|[!-~]+)'  # a lookup table, or a queue id
PLAIN = r'(?:[^"\\\x00-\x1f\x7f]|\\x[0-9A-F]{2})*'


def pattern(field):
    name = field.rstrip('*')
    value = f'"{PLAIN}"' if name in QUOTED else f'(?:{WORDS[name]})'
    return f'(?: {name}={value}){"*" if field.endswith("*") else "?"}'


DECISION = re.compile(''.join(map(pattern, FIELDS)))
HIDDEN = {'Cc', 'Cf', 'Zl', 'Zp'}
PRIORITY = re.compile(r'<([0-7])>')
FIELD = re.compile(rf'([a-z-]+)=(?:"({PLAIN})"|(\S+))')


@dataclass
class Decision:
    priority: int
    subject: str
    fields: dict  # values unescaped; those of "to" in a list


class BadLine(AssertionError):
    """A line differs from the manual."""


def unescape(value):
    octets = re.sub(rb'\\x(..)', lambda m: bytes([int(m[1], 16)]), value.encode())
    return octets.decode(errors='surrogateescape')


def decision(text):
    """The fields after the subject."""
    if not DECISION.fullmatch(f' {text}') or not text.startswith('rcpt="') or ' reason="' not in text:
        raise BadLine(text)
    fields = {}
    for name, quoted, word in FIELD.findall(text):
        value = word or unescape(quoted)
        if name == 'to':
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields


def parse(line):
    """A Decision; None for a line of another kind."""
    found = PRIORITY.match(line)
    if not found or any(unicodedata.category(c) in HIDDEN for c in line):
        raise BadLine(line)
    priority, text = int(found[1]), line[found.end():]
    if ' verdict=' not in text or priority == 7:
        return None
    subject, _, fields = text.partition(': ')
    if not re.fullmatch(SUBJECT, subject):
        raise BadLine(line)
    return Decision(priority, subject, decision(fields))


def decisions(log):
    """All Decisions in the log of a daemon; every line must match the grammar."""
    return [found for found in map(parse, log.splitlines()) if found]
