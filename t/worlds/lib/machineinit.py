"""machineinit.py - the first process of a Machine (machine.py)

It lays what is written over the layers of a base, goes there, and then is init: it takes the
system log and buries the dead. It ends, and with it everything in the machine, when its standard
input does.

Its argument is JSON: ram, a folder for a memory disk; layers, the uppermost first; name; address;
resolver; shared, a folder that is the same inside.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'lib'))

from init import DEVICES, run, serve


def make_root(spec):
    ram = Path(spec['ram'])
    ram.mkdir()
    run('mount', '--make-rprivate', '/')
    run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', ram)
    for name in ('upper', 'work', 'root'):
        (ram / name).mkdir()
    root = ram / 'root'
    # Users of the machine need access to the shared folder.
    (ram / 'upper').chmod(0o755)
    run('mount', '-t', 'overlay', 'overlay', '-o',
        f"lowerdir={':'.join(spec['layers'])},upperdir={ram}/upper,workdir={ram}/work", root)
    run('mount', '-t', 'proc', 'proc', root / 'proc')
    run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', root / 'run')
    (root / 'run/lock').mkdir(mode=0o1777)
    (root / 'run/lock').chmod(0o1777)
    for name in DEVICES:
        (root / 'dev' / name).touch()
        run('mount', '--bind', f'/dev/{name}', root / 'dev' / name)
    shared = root / spec['shared'].lstrip('/')
    shared.mkdir(parents=True, exist_ok=True)
    run('mount', '--rbind', spec['shared'], shared)
    return root


def main():
    os.umask(0o022)
    spec = json.loads(sys.argv[1])
    root = make_root(spec)
    run('ip', 'link', 'set', 'lo', 'up')
    os.chroot(root)
    os.chdir('/')
    socket.sethostname(spec['name'].partition('.')[0])
    Path('/etc/resolv.conf').unlink(missing_ok=True)
    Path('/etc/resolv.conf').write_bytes(f"nameserver {spec['resolver']}\n".encode())
    serve()


main()
