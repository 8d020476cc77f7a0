"""paths.py - where things are: the sources, the build, the unpacked servers

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get('SDR_BUILD', 'build')
SCHEMA = ROOT / 'ldap-schema'


def thorough(much, less):
    """For "check all" the first of them: how many rounds, or one of how many cases."""
    return much if os.environ.get('SDR_THOROUGH') else less


def prefix(server):
    """The folder that ./quickstart unpacked this server into."""
    return ROOT / 'build/root' / server


def library_path(server):
    """LD_LIBRARY_PATH for an unpacked server's own libraries."""
    lib = prefix(server) / 'usr/lib'
    return ':'.join(str(p) for p in [lib / server, *lib.glob('*-linux-gnu')] if p.is_dir())


@contextlib.contextmanager
def scratch():
    """A temporary folder that every user may enter; removed at the end.

    Not pytest's: a UNIX socket's path may have 107 characters, and sdr and
    postfix must get through to it.
    """
    path = Path(tempfile.mkdtemp(prefix='sdr-', dir='/tmp'))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
