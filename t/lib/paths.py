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
    """The first value is for "check all": a number of rounds, or one of how many cases is run."""
    return much if os.environ.get('SDR_THOROUGH') else less


def prefix(server):
    """The folder that ./quickstart unpacked this server into."""
    return ROOT / 'build/root' / server


def library_path(server):
    """LD_LIBRARY_PATH for the libraries of an unpacked server."""
    lib = prefix(server) / 'usr/lib'
    return ':'.join(str(p) for p in [lib / server, *lib.glob('*-linux-gnu')] if p.is_dir())


@contextlib.contextmanager
def scratch():
    """A temporary folder that every user may enter; removed at the end.

    pytest's own folder does not do: a UNIX socket's path is limited to 107 characters, and the users sdr and
    postfix need access.
    """
    path = Path(tempfile.mkdtemp(prefix='sdr-', dir='/tmp'))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
