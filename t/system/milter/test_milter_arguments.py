"""test_milter_arguments.py - sdr-milter's command line, and which files it accepts

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import subprocess

import pytest

import paths
import world
from daemon import assert_clean, environment


# --- the command line ---

@pytest.fixture
def sdr_milter():
    """sdr_milter(argument...): run it to its end; exit code, output, errors."""
    def run(*arguments, **options):
        done = subprocess.run([paths.BUILD / 'milter/sdr-milter', *map(str, arguments)],
                              env=environment(), capture_output=True, text=True, timeout=300,
                              check=False, **options)
        assert_clean(done.stderr)
        return done.returncode, done.stdout, done.stderr
    return run


@pytest.fixture
def conf_file(scratch):
    """conf_file(**sections): a sound sdr.conf with changes, in a folder of its own."""
    folder = scratch / 'etc'
    folder.mkdir(mode=0o755)
    password = world.password_file(folder)

    def make(text=None, **sections):
        sections['directory_corp'] = {'uri': 'ldap://127.0.0.1:1', 'password-file': str(password),
                                      **sections.get('directory_corp', {})}
        sections['milter'] = {'socket': f'unix:{scratch}/milter.sock',
                              **sections.get('milter', {})}
        path = folder / 'sdr.conf'
        path.write_text(text or world.conf(**sections))
        path.chmod(0o644)
        return path
    return make


def test_sound_configuration(sdr_milter, conf_file):
    path = conf_file()
    assert sdr_milter('-c', path, '-t') == (0, f'{path}: no errors found\n', '')
    assert sdr_milter('--config', path, '--test', user='sdr', group='sdr')[0] == 0


def test_mistakes_are_reported_with_their_lines(sdr_milter, conf_file):
    path = conf_file(main={'loop-limit': '99', 'loop-limits': '5'},
                     directory_corp={'default-owner': 'nowhere', 'timeout': '0'})
    lines = path.read_text().splitlines()
    code, out, err = sdr_milter('-t', '-c', path)
    assert (code, out) == (78, '')
    reported = {int(number): text for number, text in
            re.findall(rf'^sdr-milter: {re.escape(str(path))}:(\d+): (.*)$', err, re.M)}
    assert list(reported) == sorted(reported) and len(reported) == len(err.splitlines())
    wrong = ['loop-limit = 99', 'loop-limits = 5', 'default-owner = nowhere', 'timeout = 0']
    assert sorted(reported) == sorted(1 + lines.index(line) for line in wrong)
    for number, text in reported.items():
        assert lines[number - 1].split(' = ')[0] in text


@pytest.mark.parametrize('stream', ['', 'nonsense', '8', '0:0', 'THAT:1', '1:THIS', 'THAT:THIS'])
def test_priorities_are_for_the_journal_alone(conf_file, scratch, stream):
    """A file replaces the journal in this test. Any other output has the program's name instead."""
    path = conf_file(main={'loop-limit': '99'})
    with open(scratch / 'log', 'w+', encoding='utf-8') as log:
        at = (scratch / 'log').stat()
        reported = stream.replace('THAT', str(at.st_dev)).replace('THIS', str(at.st_ino))
        subprocess.run([paths.BUILD / 'milter/sdr-milter', '-t', '-c', path], check=False, stderr=log,
                       env={**environment(), 'JOURNAL_STREAM': reported}, timeout=300)
        log.seek(0)
        lines = log.read().splitlines()
    begin = f'<3>{path}:' if stream == 'THAT:THIS' else f'sdr-milter: {path}:'
    assert lines and all(line.startswith(begin) for line in lines), lines


def test_all_syntax_errors_are_reported(sdr_milter, conf_file):
    path = conf_file('this-site = onprem\nno equal sign\n[site onprem\nrouting-domain = a.%d\n')
    code, _, err = sdr_milter('-t', '-c', path)
    assert code == 78
    assert f'{path}:2: ' in err and f'{path}:3: ' in err


@pytest.mark.parametrize('text', ['', '\n\n', '#\n', '=\n', '[]\n', '\0', '[site ]\n', 'a' * 70000])
def test_no_configuration_at_all(sdr_milter, conf_file, text):
    path = conf_file()
    path.write_text(text)
    code, _, err = sdr_milter('-t', '-c', path)
    assert code == 78
    assert str(path) in err


def test_missing_file(sdr_milter, scratch):
    code, _, err = sdr_milter('-t', '-c', scratch / 'nothing.conf')
    assert code == 78
    assert f'{scratch}/nothing.conf' in err and 'No such file' in err


def test_bad_configuration_does_not_serve(sdr_milter, conf_file, scratch):
    assert sdr_milter('-c', conf_file(main={'this-site': 'nowhere'}))[0] == 78
    assert not (scratch / 'milter.sock').exists()


@pytest.mark.parametrize('option', ['-h', '--help'])
def test_help(sdr_milter, option):
    code, out, err = sdr_milter(option)
    assert (code, err) == (0, '')
    assert all(name in out for name in ('--config', '--test', '--verbose', '--version', 'SIGUSR1', 'SIGHUP'))


@pytest.mark.parametrize('option', ['-V', '--version'])
def test_version(sdr_milter, option):
    code, out, err = sdr_milter(option)
    assert (code, err) == (0, '')
    assert re.fullmatch(r'sdr-milter \d\S*\n', out)


@pytest.mark.parametrize('arguments, reason', [
    (['-x'], "invalid option -- 'x'"),
    (['--bad'], "unrecognized option '--bad'"),
    (['-c'], "option requires an argument -- 'c'"),
    (['-t', 'more'], 'unexpected argument: more'),
    (['--test=1'], "option '--test' doesn't allow an argument"),
])
def test_bad_use(sdr_milter, arguments, reason):
    """One line with the program's name, and where to find help."""
    assert sdr_milter(*arguments) == (64, '', f"sdr-milter: {reason}\nsee 'sdr-milter --help'\n")


def test_next_hop_is_nothing_for_a_milter(sdr_milter, conf_file):
    code, _, err = sdr_milter('-t', '-c', conf_file(site_hosted=world.NEXT_HOP))
    assert code == 78
    assert '[site hosted]' in err and 'milter-route = pass' in err
    path = conf_file(site_hosted=world.NEXT_HOP, milter={'milter-route': 'pass'})
    assert sdr_milter('-t', '-c', path)[0] == 0


# --- what root reads ---

@pytest.mark.parametrize('name, mode', [('sdr.conf', 0o646), ('sdr.conf', 0o664), ('', 0o777),
                                        ('', 0o775), ('password', 0o642), ('password', 0o660)])
def test_writable_by_others(sdr_milter, conf_file, name, mode):
    path = conf_file()
    changed = path.parent / name
    changed.chmod(mode)
    code, _, err = sdr_milter('-t', '-c', path)
    assert code == 78
    assert str(changed) in err
    assert re.search('writable by nobody else|chmod 0640', err)


@pytest.mark.parametrize('name', ['sdr.conf', ''])
def test_not_roots_own(sdr_milter, conf_file, name):
    path = conf_file()
    subprocess.run(['chown', 'sdr', path.parent / name], check=True)
    code, _, err = sdr_milter('-t', '-c', path)
    assert code == 78
    assert 'must belong to root' in err


def test_secret_that_others_may_read(sdr_milter, conf_file):
    path = conf_file()
    path.with_name('password').chmod(0o644)
    for user in ('root', 'sdr'):
        code, _, err = sdr_milter('-t', '-c', path, user=user)
        assert code == 78
        assert 'chmod 0640' in err
