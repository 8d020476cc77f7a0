"""init.py - shared by the init processes of a Host and a Machine

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import selectors
import socket
import subprocess
import sys
from pathlib import Path

DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']


def run(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f'{argv}: {done.stdout}{done.stderr}')


def serve():
    """
    Serve the system log and reap zombies, until the end of standard input.
    """
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    Path('/dev/log').unlink(missing_ok=True)
    log.bind('/dev/log')
    os.chmod('/dev/log', 0o666)
    watched = selectors.DefaultSelector()
    watched.register(log, selectors.EVENT_READ)
    watched.register(sys.stdin, selectors.EVENT_READ)
    print('ready', flush=True)
    with open('/var/log/mail.log', 'ab', buffering=0) as out:
        while True:
            for key, _ in watched.select(1):
                if key.fileobj is sys.stdin:
                    return
                out.write(re.sub(rb'^<\d+>', b'', log.recv(65536).rstrip(b'\0\n')) + b'\n')
            bury()


def bury():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
