"""sdrctl.py - the administrator's command

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import subprocess

import paths
from daemon import assert_clean, environment, without_leaks


def environ():
    """It ends at once: what it has not freed harms nobody, and to look for that doubles its time."""
    return {**environment(), **without_leaks()}


def write_conf(folder, text):
    path = folder / 'sdr.conf'
    path.write_text(text, encoding='utf-8')
    return path


def run(conf, *arguments, input=None, env=None, before=()):
    """Its CompletedProcess, output as text; no sanitizer has spoken.

    env: more of it; before: a command that runs it
    """
    done = subprocess.run([*before, paths.BUILD / 'sdrctl/sdrctl', '-c', conf, *arguments], text=True,
                          input=input, capture_output=True, env={**environ(), **(env or {})},
                          timeout=300, check=False)
    assert_clean(done.stderr)
    return done


ASKED = ['route', 'alice@example.com', 'nobody@example.com']


def compile(conf):  # pylint: disable=redefined-builtin
    """What it writes: the path of it."""
    done = run(conf, 'compile')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    return conf.with_name(f'{conf.name}.compiled')


def assert_routed(conf):
    """Alice is found where she is, and nobody is surely not there."""
    said = run(conf, *ASKED).stdout
    assert 'redirect to alice@hosted' in said and '550 5.1.1' in said, said


def assert_deferred(conf):
    """Both are; why."""
    said = run(conf, *ASKED).stdout
    assert ['451 4.4.3' in line for line in said.splitlines()] == [True, True], said
    return said.splitlines()[0]


class Conversation:
    """One sdrctl that is asked again and again, so that it keeps its connections."""

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
