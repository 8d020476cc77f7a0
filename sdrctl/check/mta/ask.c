/* ask.c - the output of other programs, and the content of files
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/clock.h"
#include "program.h"

enum { TEXT_MAX = 4 << 20, ARGUMENTS_MAX = 16 };

bool
find_program(const char *name, char path[PROGRAM_SIZE])
{
    static const char usual[] = "/usr/sbin:/usr/local/sbin:/usr/lib/sendmail:"
                                "/usr/exim/bin";
    const char *folders = getenv("PATH");

    return (folders != NULL && program_find(folders, name, path, PROGRAM_SIZE))
           || program_find(usual, name, path, PROGRAM_SIZE);
}

/* ---- the child ---- */

static int
open_text(const char *input)
{
    int fd = memfd_create("sdrctl", MFD_CLOEXEC);
    size_t len = input == NULL ? 0 : strlen(input);

    if (fd >= 0 && len > 0 && pwrite(fd, input, len, 0) != (ssize_t)len) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Start a program. The child calls async-signal-safe functions only. It leads
 * its own process group, so that its children can be killed with it. Returns
 * its process ID, or -1. */
static pid_t
start(const char *const *argv, const int files[3])
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    if (dup2(files[0], 0) == 0 && dup2(files[1], 1) == 1
        && dup2(files[2], 2) == 2) {
        signal(SIGPIPE, SIG_DFL);
        execv(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(127);
}

/* Wait for the child. Returns false if it was killed, after TIMEOUT seconds or
 * more than TEXT_MAX octets of output. */
static bool
wait_for(pid_t pid, int out, unsigned timeout, int *status)
{
    int64_t deadline = sdr_clock() + (int64_t)timeout * 1000;
    struct stat st;

    while (waitpid(pid, status, WNOHANG) == 0) {
        if (sdr_clock() >= deadline
            || (fstat(out, &st) == 0 && st.st_size > TEXT_MAX)) {
            kill(pid, SIGKILL);
            kill(-pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
        poll(NULL, 0, 1);
    }
    return true;
}

static void *
must(void *memory)
{
    if (memory == NULL)
        err(EX_TEMPFAIL, "no memory");
    return memory;
}

/* Read a regular file, up to TEXT_MAX octets, and append two NULs. The caller
 * frees it. */
static char *
read_all(int fd, size_t *len)
{
    struct stat st = {0};
    size_t max = fstat(fd, &st) == 0 && st.st_size < TEXT_MAX
                     ? (size_t)st.st_size
                     : TEXT_MAX;
    char *text = must(calloc(1, max + 2));
    ssize_t n;

    for (*len = 0; *len < max; *len += (size_t)n) {
        n = pread(fd, text + *len, max - *len, (off_t)*len);
        if (n <= 0)
            break;
    }
    return text;
}

/* ---- replies ---- */

/* Set the exit code and the reason: the first fatal error on standard error, or
 * else the first line. */
static void
explain(struct reply *reply, const char *name, bool in_time, int status,
        char *words)
{
    char *fatal = strstr(words, "fatal: ");
    const char *line = fatal != NULL ? fatal + strlen("fatal: ") : words;
    bool exited = in_time && WIFEXITED(status);

    reply->fatal = fatal != NULL;
    reply->code = exited ? WEXITSTATUS(status) : -1;
    if (exited)
        snprintf(reply->why, sizeof reply->why,
                 "%s ends with exit code %d%s%.*s", name, reply->code,
                 *line != '\0' ? ": " : "", (int)strcspn(line, "\n"), line);
    else
        snprintf(reply->why, sizeof reply->why, "%s %s", name,
                 in_time ? "crashes" : "takes too long");
}

static void
run(const char *const *argv, const char *input, unsigned timeout,
    struct reply *reply)
{
    int files[3] = {open_text(input), open_text(NULL), open_text(NULL)};
    bool opened = files[0] >= 0 && files[1] >= 0 && files[2] >= 0;
    pid_t pid = opened ? start(argv, files) : -1;
    int status = 0;

    if (pid > 0) {
        bool in_time = wait_for(pid, files[1], timeout, &status);
        size_t len;
        char *words = read_all(files[2], &len);

        reply->text = read_all(files[1], &reply->len);
        explain(reply, argv[0], in_time, status, words);
        free(words);
    } else {
        reply->code = -1;
        snprintf(reply->why, sizeof reply->why, "%s cannot be started",
                 argv[0]);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (files[i] >= 0)
            close(files[i]);
    }
}

/* Find or add the reply to a question, which is taken over. The text of a new
 * reply is NULL. */
static struct reply *
find_reply(struct mta *mta, char *question)
{
    struct reply *reply = mta->replies;

    while (reply != NULL && strcmp(reply->question, question) != 0)
        reply = reply->next;
    if (reply != NULL) {
        free(question);
        return reply;
    }
    reply = must(calloc(1, sizeof *reply));
    reply->question = question;
    reply->next = mta->replies;
    mta->replies = reply;
    return reply;
}

/* Split the text of a reply into lines. A missing text becomes empty. */
static const struct reply *
keep(struct reply *reply)
{
    if (reply->text == NULL)
        reply->text = must(calloc(1, 2));
    for (size_t i = 0; i < reply->len; i++) {
        if (reply->text[i] == '\n')
            reply->text[i] = '\0';
    }
    return reply;
}

const struct reply *
ask(struct mta *mta, const char *input, const char *program, ...)
{
    const char *argv[ARGUMENTS_MAX + 1] = {program};
    char *question = NULL;
    size_t size;
    FILE *out = must(open_memstream(&question, &size));
    struct reply *reply;
    va_list arguments;

    fprintf(out, "%s\n%s", input == NULL ? "" : input, program);
    va_start(arguments, program);
    for (unsigned i = 1; i < ARGUMENTS_MAX; i++) {
        argv[i] = va_arg(arguments, const char *);
        if (argv[i] == NULL)
            break;
        fprintf(out, "\n%s", argv[i]);
    }
    va_end(arguments);
    fclose(out);
    reply = find_reply(mta, must(question));
    if (reply->text != NULL)
        return reply;
    run(argv, input, mta->timeout, reply);
    return keep(reply);
}

const struct reply *
read_lines(struct mta *mta, const char *path)
{
    struct reply *reply = find_reply(mta, must(strdup(path)));
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        reply->code = errno;
    else if (!S_ISREG(st.st_mode))
        reply->code = EINVAL;
    else if (reply->text == NULL)
        reply->text = read_all(fd, &reply->len);
    if (fd >= 0)
        close(fd);
    snprintf(reply->why, sizeof reply->why, "%s: %s", path,
             strerror(reply->code));
    return keep(reply);
}

void
forget_replies(struct mta *mta)
{
    while (mta->replies != NULL) {
        struct reply *reply = mta->replies;

        mta->replies = reply->next;
        free(reply->question);
        free(reply->text);
        free(reply);
    }
}

/* ---- lines ---- */

const char *
next_line(const struct reply *reply, const char *line)
{
    const char *next = line == NULL ? reply->text : line + strlen(line) + 1;

    return next < reply->text + reply->len ? next : NULL;
}

bool
has_text(const struct reply *reply, const char *text)
{
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        if (strstr(line, text) != NULL)
            return true;
    }
    return false;
}

const char *
find_line(const char *line, const char *start)
{
    size_t len = strlen(start);

    for (; *line != '\0'; line += strlen(line) + 1) {
        if (strncmp(line, start, len) == 0)
            return line + len;
    }
    return NULL;
}
