/* program.c - see program.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum { OUTPUT_MAX = 4 << 20 };

static const char usual[] = "/usr/sbin:/usr/local/sbin:/usr/lib/sendmail:"
                            "/usr/exim/bin";

static bool
find_in(const char *folders, const char *name, char *path)
{
    while (*folders != '\0') {
        size_t len = strcspn(folders, ":");
        int n = snprintf(path, PROGRAM_PATH_SIZE, "%.*s/%s", (int)len, folders,
                         name);

        if (len > 0 && n < PROGRAM_PATH_SIZE && access(path, X_OK) == 0)
            return true;
        folders += len;
        folders += *folders == ':';
    }
    return false;
}

bool
program_find(const char *name, char path[PROGRAM_PATH_SIZE])
{
    const char *folders = getenv("PATH");

    return (folders != NULL && find_in(folders, name, path))
           || find_in(usual, name, path);
}

/* ---- the child ---- */

/* Only what may be called after a fork. Does not return. */
static void
become(const char *const *argv, const int out[2], const int err[2])
{
    int null = open("/dev/null", O_RDONLY);

    if (null >= 0 && dup2(null, 0) == 0 && dup2(out[1], 1) == 1
        && dup2(err[1], 2) == 2) {
        signal(SIGPIPE, SIG_DFL);
        execv(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(127);
}

static pid_t
start(const char *const *argv, int *out, int *err)
{
    int outs[2], errs[2];
    pid_t pid = -1;

    if (pipe2(outs, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(errs, O_CLOEXEC) == 0) {
        pid = fork();
        if (pid == 0)
            become(argv, outs, errs);
        close(errs[1]);
        if (pid > 0)
            *err = errs[0];
        else
            close(errs[0]);
    }
    close(outs[1]);
    if (pid > 0)
        *out = outs[0];
    else
        close(outs[0]);
    return pid;
}

/* ---- its output ---- */

struct output {
    int fd;
    char *text;
    size_t len, max;
    bool ended;
};

/* Read what is there; what does not fit is thrown away. */
static void
take(struct output *output)
{
    char waste[4096];
    bool full = output->len == output->max;
    ssize_t n = full ? read(output->fd, waste, sizeof waste)
                     : read(output->fd, output->text + output->len,
                            output->max - output->len);

    if (n > 0 && !full)
        output->len += (size_t)n;
    if (n == 0 || (n < 0 && errno != EINTR))
        output->ended = true;
}

/* False if it has not closed both of them in time. */
static bool
collect(struct output *out, struct output *err, unsigned timeout)
{
    int64_t deadline = sdr_clock() + (int64_t)timeout * 1000, left;

    while (!out->ended && (left = deadline - sdr_clock()) > 0) {
        struct pollfd waiting[2] = {
            {.fd = out->fd, .events = POLLIN},
            {.fd = err->ended ? -1 : err->fd, .events = POLLIN}};

        if (poll(waiting, 2, (int)left) <= 0)
            continue;
        if (waiting[0].revents != 0)
            take(out);
        if (waiting[1].revents != 0)
            take(err);
    }
    return out->ended;
}

/* SDR_OK if it ended well. */
static enum sdr_status
reap(pid_t pid, bool in_time, const char *name, const char *words,
     struct sdr_error *error)
{
    int status = 0;

    if (!in_time)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return SDR_OK;
    if (!in_time)
        sdr_error_set(error, "%s takes too long", name);
    else if (WIFEXITED(status))
        sdr_error_set(error, "%s ends with exit code %d%s%s", name,
                      WEXITSTATUS(status), words[0] != '\0' ? ": " : "", words);
    else
        sdr_error_set(error, "%s crashes", name);
    return SDR_TEMPFAIL;
}

enum sdr_status
program_run(const char *const *argv, unsigned timeout, char **text,
            struct sdr_error *error)
{
    char words[256] = "";
    struct output out = {.text = malloc(OUTPUT_MAX + 1), .max = OUTPUT_MAX};
    struct output err = {.text = words, .max = sizeof words - 1};
    enum sdr_status status = SDR_TEMPFAIL;
    pid_t pid = out.text == NULL ? -1 : start(argv, &out.fd, &err.fd);

    *text = NULL;
    if (pid > 0) {
        bool in_time = collect(&out, &err, timeout);

        close(out.fd);
        close(err.fd);
        out.text[out.len] = words[err.len] = '\0';
        words[strcspn(words, "\n")] = '\0';
        status = reap(pid, in_time, argv[0], words, error);
    } else {
        sdr_error_set(error, "%s cannot be started", argv[0]);
    }
    if (status == SDR_OK)
        *text = out.text;
    else
        free(out.text);
    return status;
}

char *
next_line(char **at)
{
    char *line = *at, *end;

    if (line == NULL || *line == '\0')
        return NULL;
    end = strchr(line, '\n');
    *at = end == NULL ? NULL : end + 1;
    if (end != NULL)
        *end = '\0';
    return line;
}
