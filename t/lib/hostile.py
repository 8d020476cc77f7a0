"""hostile.py - recipient addresses that an attacker may try

SPDX-License-Identifier: BSD-2-Clause
"""
import itertools
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import smtpclient
from mta import OUTSIDER

FORGED = 'victim@forged.test'  # must get no mail
KNOWN = {'alice', 'dave', 'bob', 'robert', 'both', 'plain', 'postmaster'}  # world.py's
OURS = {'example.com', 'onprem.example.com', 'hosted.example.com'}
SPLIT, HOSTS = ['example.com', 'onprem.example.com'], ['onprem.test', 'localhost', '[127.0.0.1]']
EVIL = 'evil.test'


class Trap:
    """A folder that every program may write to, with a file that every program may append to."""

    def __init__(self, folder):
        self.folder = folder / 'trap'
        self.folder.mkdir()
        self.folder.chmod(0o777)
        (self.folder / 'file').touch()
        (self.folder / 'file').chmod(0o666)
        (self.folder / 'list').write_text(f'x@{EVIL}\n')

    def payloads(self):
        program, file = f'{self.folder}/program', f'{self.folder}/file'
        return [f'|/bin/touch${{IFS}}{program}', f'|/usr/bin/touch {program}', file,
                f'{self.folder}/new', f':include:{self.folder}/list', f':INCLUDE:{self.folder}/list']

    def sprung(self):
        """The traces that payloads have left in it."""
        found = [path.name for path in self.folder.iterdir() if path.name not in ('file', 'list')]
        return found + ['file'] * bool((self.folder / 'file').stat().st_size)


def quoted(text):
    return '"' + re.sub(r'(["\\])', r'\\\1', text) + '"'


def spellings(local):
    """Forms of a payload as a local part, with quoting that a later program may remove again."""
    plain = [local] if re.fullmatch(r'[^\s"\\<>()@,;:]+', local) else []
    dashed = re.sub(r'([|/: $])', r'\\\1', local)
    return [*plain, quoted(local), f'"{dashed}"', quoted(f' {local}'), quoted(quoted(local)),
            quoted('\\' + local), f'"\\\\{local}"', dashed, f'"{local}"+x', f'x"{local}"',
            quoted(f'({local}){local}'), quoted(f'<{local}>'), quoted(f',{local}')]


def places(local):
    """Whole addresses, some of which only a second parser sees."""
    for domain in [*SPLIT, *HOSTS]:
        yield f'{local}@{domain}'
    yield local
    for host in HOSTS[:2]:
        yield f'{local}%example.com@{host}'
        yield f'{local}%{host}@example.com'
        yield f'@{host}:{local}@example.com'
    yield f'@example.com:{local}@onprem.test'
    yield f'example.com!{local}@onprem.test'
    yield f'{local}@EXAMPLE.com.'


def commands(trap):
    for payload in trap.payloads():
        for local in spellings(payload):
            yield from places(local)


def private_names(trap):
    """Private names of sdr-milter: old, new, guessed and truncated."""
    mac = '0123456789abcdef0123456789abcdef'
    for local in ['nobody', 'both', 'dave', 'x@evil.test', *map(quoted, trap.payloads())]:
        code = re.sub('[^a-z0-9.-]', lambda found: f'={ord(found[0]):02x}', local)
        for name in (f'sdr-copy.{local}.=.example.com', f'sdr-copy.{local}.=.onprem.example.com',
                     f'sdr-copy.{mac}.{code}=40example.com', f'sdr-copy.{code}=40example.com',
                     f'SDR-Copy.{mac.upper()}.{code}=40Example.COM', f'sdr-copy.{local}.=.{EVIL}',
                     f'sdr-copy.{mac[:16]}.{code}=40example.com', f'sdr-copy.{mac}.{code}=40{EVIL}'):
            for spelled in (name, quoted(name), f'\\{name}', f'{name}+x', quoted(f' {name}'),
                            f'"sdr-copy".{name[9:]}', f'"sdr-copy.{mac}".{code}'):
                yield spelled
                for place in 'onprem.test', 'localhost', '[127.0.0.1]', 'example.com':
                    yield f'{spelled}@{place}'
            yield f'{name}%onprem.test@localhost'
            yield f'@localhost:{name}@onprem.test'


def relays():
    for local in 'x', '"x y"', 'alice':
        yield from (f'{local}@{EVIL}', f'{local}%{EVIL}@example.com', f'{local}%{EVIL}@onprem.test',
                    f'@example.com:{local}@{EVIL}', f'@onprem.test,@example.com:{local}@{EVIL}',
                    f'{EVIL}!{local}@example.com', f'{EVIL}!{local}', f'"{local}@{EVIL}"@example.com',
                    f'"{local}@{EVIL}"', f'{local}@{EVIL}@example.com', f'{local}@example.com@{EVIL}',
                    f'{local}%{EVIL}%example.com@onprem.test', f'x@example.com, {local}@{EVIL}',
                    f'{local}@{EVIL}>, <alice@example.com', f'"alice@example.com,{local}@{EVIL}"')


def strangers():
    """Unknown recipients, written in unusual ways."""
    for local in ['nobody', 'NOBODY', '"nobody"', 'nobody+x', '"no body"', 'nobody..x', '.nobody',
                  'nobody.', 'nobody""', r'\nobody', 'nobody(x)', '"alice"x', 'alice alice', '"a\\',
                  'alice@x', 'alice%x', '"alice%x"', 'x!alice', 'alice=x', '-nobody', '~nobody', '*',
                  '@', '', '"', '""', 'alice\t', 'al\x01ice', 'x:alice', 'alice;', '$nobody', 'a,b']:
        yield from places(local)


def all_recipients(trap):
    """Each once."""
    everything = itertools.chain(commands(trap), private_names(trap), relays(), strangers())
    return list(dict.fromkeys(everything))


class Session:
    """SMTP as an outside client that pipelines many commands."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), 300, (OUTSIDER, 0))
        self.input = self.socket.makefile('rb')
        self.replies(1)
        self.say('EHLO client.test')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def say(self, *lines):
        """The reply codes."""
        self.socket.sendall(b''.join(smtpclient.octets(line) + b'\r\n' for line in lines))
        return self.replies(len(lines))

    def replies(self, count):
        codes = []
        while len(codes) < count:
            line = self.input.readline()
            assert line, f'closed after {len(codes)} of {count} replies'
            if line[3:4] != b'-':
                codes.append(int(line[:3]))
        return codes


def attack(port, recipients, in_one=50, at_once=4):
    """Send a message to all recipients that are accepted, a few per session, and this many sessions at once."""
    batches = [recipients[start:start + in_one] for start in range(0, len(recipients), in_one)]
    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(attack_with, port, batch) for batch in batches]:
            done.result()


def attack_with(port, recipients):
    with Session(port) as session:
        assert session.say(f'MAIL FROM:<{FORGED}>') == [250]
        codes = session.say(*(f'RCPT TO:<{recipient}>' for recipient in recipients))
        if any(code // 100 == 2 for code in codes):
            assert session.say('DATA') == [354]
            session.say(f'Message-ID: <{os.urandom(8).hex()}@client.test>\r\n\r\nHello\r\n.')


def split(address):
    """(local part without quotes, extension and case; domain)"""
    local, _, domain = address.rpartition('@')
    if not domain or not local:
        local, domain = local or domain, ''
    bare = re.sub(r'\\(.)', r'\1', local.strip('"')).lower()
    return bare.partition('+')[0], domain.lower()
