"""hostinit.py - the first process of a Host (internet.py)

It runs in its own namespaces, makes the files of the host from those of this machine, and then acts as init:
it receives the system log and reaps zombies. At the end of its standard input it ends, and everything in the
host with it, so a host never outlives the test. Its argument is JSON: name, address of the resolver, folder
for the memory disk, servers (unpacked, to be laid over /usr and /etc), files (a folder to be laid over /),
programs {path in the host: path outside}.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from init import DEVICES, run, serve

# Hides any mail server of this machine.
NOT_OURS = ['/etc/postfix', '/etc/exim4', '/etc/mail', '/etc/ldap', '/etc/sdr', '/etc/unbound',
            '/etc/aliases', '/etc/default/postfix', '/var/spool/postfix', '/var/spool/exim4',
            '/var/spool/mqueue', '/var/lib/postfix', '/var/lib/exim4', '/var/lib/sdr',
            '/var/lib/sdrctl', '/var/lib/ldap', '/var/log/exim4', '/var/log/mail.log', '/var/mail']
# Folders that the packages create when they are installed: folder, owner, group, mode
FOLDERS = {
    'postfix': [('/var/spool/postfix', 'root', 'root', '755'),
                ('/var/lib/postfix', 'postfix', 'postfix', '755')],
    'exim': [('/var/spool/exim4', 'Debian-exim', 'Debian-exim', '750'),
             ('/var/log/exim4', 'Debian-exim', 'adm', '2750'), ('/var/lib/exim4', 'root', 'root', '755')],
    'sendmail': [('/var/spool/mqueue', 'root', 'root', '700'), ('/run/sendmail', 'root', 'root', '755')],
    'slapd': [('/var/lib/ldap', 'root', 'root', '700'), ('/run/slapd', 'root', 'root', '755')],
}
# Access rights that quickstart has taken away: program, group, mode
SETUID = {
    'postfix': [('/usr/sbin/postdrop', 'postdrop', '2755'), ('/usr/sbin/postqueue', 'postdrop', '2755')],
    'exim': [('/usr/sbin/exim4', 'root', '4755')],
    'mda': [('/usr/bin/procmail', 'mail', '6755')],
}


def mount(*arguments):
    run('mount', *arguments)


def lay_over(ram, top, lower=()):
    """Lay a writable layer over the folder: writing changes nothing outside."""
    for name in ('upper', 'work'):
        (ram / top / name).mkdir(parents=True)
    layers = ':'.join([*map(str, lower), f'/{top}'])
    mount('-t', 'overlay', 'overlay', '-o', f'lowerdir={layers},upperdir={ram}/{top}/upper,'
          f'workdir={ram}/{top}/work', f'/{top}')


def new_dev(ram):
    dev = ram / 'dev'
    for folder in (dev, dev / 'shm', dev / 'pts'):
        folder.mkdir()
    for name in DEVICES:
        (dev / name).touch()
        mount('--bind', f'/dev/{name}', dev / name)
    for number, name in enumerate(['stdin', 'stdout', 'stderr']):
        (dev / name).symlink_to(f'/proc/self/fd/{number}')
    (dev / 'fd').symlink_to('/proc/self/fd')
    mount('--rbind', dev, '/dev')


def make_files(spec):
    ram = Path(spec['ram'])
    ram.mkdir(exist_ok=True)
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', ram)
    servers = [Path(server) for server in spec['servers']]
    lay_over(ram, 'usr', [server / 'usr' for server in servers])
    lay_over(ram, 'etc')
    lay_over(ram, 'var')
    lay_over(ram, 'root')
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
    new_dev(ram)
    for path in map(Path, NOT_OURS):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for server in servers:
        if (server / 'etc').exists():
            run('cp', '-a', f'{server}/etc/.', '/etc')
    install('/var/mail', 'root', 'mail', '2775')
    for server in servers:
        for folder in FOLDERS.get(server.name, []):
            install(*folder)
        for program, group, mode in SETUID.get(server.name, []):
            run('chgrp', group, program)
            run('chmod', mode, program)
    for path, target in spec['programs'].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).unlink(missing_ok=True)
        Path(path).symlink_to(target)
    copy_files(Path(spec['files']), Path('/'))


def install(folder, owner, group, mode):
    run('install', '-d', '-o', owner, '-g', group, '-m', mode, folder)


def copy_files(source, target):
    """The files belong to root, as an administrator's would."""
    for path in sorted(source.rglob('*')):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        else:
            there.unlink(missing_ok=True)
            shutil.copyfile(path, there)


def name_it(spec):
    socket.sethostname(spec['name'])
    own = f"{spec['address']} {spec['name']} {spec['name'].partition('.')[0]}"
    for path, text in [('hosts', f'127.0.0.1 localhost\n{own}\n'), ('mailname', spec['name'] + '\n'),
                       ('hostname', spec['name'] + '\n'),
                       ('resolv.conf', f"nameserver {spec['resolver']}\n"),
                       ('nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\n'
                                         'hosts: files dns\nservices: files\nprotocols: files\n')]:
        file = Path('/etc') / path
        file.unlink(missing_ok=True)  # it may be a link to a file of another package
        file.write_text(text)
    aliases = Path('/etc/aliases')
    if not aliases.exists():
        aliases.write_text('postmaster: root\n')
    run('ip', 'link', 'set', 'lo', 'up')


def main():
    os.umask(0o022)
    spec = json.loads(sys.argv[1])
    make_files(spec)
    name_it(spec)
    serve()


main()
