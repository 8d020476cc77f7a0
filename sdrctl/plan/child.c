/* child.c - see child.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { STEP_NS = 100 * 1000 * 1000 };

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_COUNT = sizeof signals / sizeof signals[0] };

static void
set_signals(void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};

    for (int i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &action, NULL);
}

/* Without SA_RESTART, so that a signal ends a wait. */
void
child_catch_signals(void)
{
    set_signals(on_signal);
    signal(SIGPIPE, SIG_IGN); /* record what was done even if nobody reads */
}

bool
child_interrupted(void)
{
    return interrupted != 0;
}

/* Wait until no process of the group is left. */
static void
wait_for_group(pid_t group)
{
    const struct timespec step = {.tv_nsec = STEP_NS};

    while (kill(-group, 0) == 0)
        nanosleep(&step, NULL);
}

/* SIGTERM goes to WHOM: a process, or a group if it is negative. A signal
 * between the check and waitpid() is passed on after the next signal. */
static int
wait_for(pid_t pid, pid_t whom, struct sdr_error *error)
{
    bool passed_on = false;
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            sdr_error_set(error, "waitpid: %s", strerror(errno));
            return -1;
        }
        if (interrupted && !passed_on)
            kill(whom, SIGTERM);
        passed_on = interrupted != 0;
    }
    if (whom < 0 && passed_on)
        wait_for_group(pid);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    sdr_error_set(error, "ended by signal %d (%s)", WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    return -1;
}

static pid_t
start(struct sdr_error *error)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
        sdr_error_set(error, "fork: %s", strerror(errno));
    return pid;
}

int
child_run(int (*function)(void *arg), void *arg, struct sdr_error *error)
{
    pid_t pid = start(error);
    int code;

    if (pid != 0)
        return pid < 0 ? -1 : wait_for(pid, pid, error);
    set_signals(SIG_DFL); /* a step sets its own handlers */
    code = function(arg);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("sdrctl: standard output");
        code = EX_IOERR;
    }
    _exit(code);
}

static void
execute(char **words)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    setpgid(0, 0);
    set_signals(SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        perror("sdrctl: /dev/null");
    else
        execvp(words[0], words);
    fprintf(stderr, "sdrctl: %s: %s\n", words[0], strerror(errno));
    _exit(EX_UNAVAILABLE);
}

int
child_execute(char **words, struct sdr_error *error)
{
    pid_t pid = start(error);

    if (pid == 0)
        execute(words);
    if (pid < 0)
        return -1;
    setpgid(pid, pid); /* here, too: a signal may come before the child does */
    return wait_for(pid, -pid, error);
}
