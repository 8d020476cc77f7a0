"""sdrctl.py - the administrator's command

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import subprocess

import paths
from daemon import assert_clean, environment, without_leaks


def environ():
    """Do not look for leaks: sdrctl ends at once, and the check would double its run time."""
    return {**environment(), **without_leaks()}


def write_conf(folder, text):
    path = folder / 'sdr.conf'
    path.write_text(text, encoding='utf-8')
    return path


def run(conf, *arguments, input=None, env=None, before=()):
    """Run sdrctl; its CompletedProcess, output as text. Fails if a sanitizer reports an error. env: more
    variables; before: a command that runs sdrctl
    """
    done = subprocess.run([*before, paths.BUILD / 'sdrctl/sdrctl', '-c', conf, *arguments], text=True,
                          input=input, capture_output=True, env={**environ(), **(env or {})},
                          timeout=300, check=False)
    assert_clean(done.stderr)
    return done


ASKED = ['route', 'alice@example.com', 'nobody@example.com']


def compile(conf):  # pylint: disable=redefined-builtin
    """Run sdrctl compile; the path of the file that it writes."""
    done = run(conf, 'compile')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    return conf.with_name(f'{conf.name}.compiled')


def assert_routed(conf):
    """Alice is routed to her site, and "nobody" is certainly unknown."""
    said = run(conf, *ASKED).stdout
    assert 'redirect to alice@hosted' in said and '550 5.1.1' in said, said


def assert_deferred(conf):
    """Both are deferred; returns the reason."""
    said = run(conf, *ASKED).stdout
    assert ['451 4.4.3' in line for line in said.splitlines()] == [True, True], said
    return said.splitlines()[0]


class Conversation:
    """One sdrctl process that answers many queries and keeps its connections."""

    def __init__(self, conf):
        self._process = subprocess.Popen(
            [paths.BUILD / 'sdrctl/sdrctl', '-c', conf, 'route', '--json', '-'], text=True,
            env=environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def ask(self, recipient):
        """The answer as a dict."""
        print(recipient, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self):
        _, errors = self._process.communicate(timeout=300)
        assert_clean(errors)
