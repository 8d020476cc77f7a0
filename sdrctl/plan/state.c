/* state.c - see state.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "array.h"
#include "change/journal_file.h"
#include "plan/lock.h"

#define FIRST_LINE "# sdrctl plan 1"
#define ID_START   "# id: "

/* The first line of any version. */
#define FIRST_WORDS "# sdrctl plan "

const char *const step_names[ALL_STEPS] = {
    [STEP_VERIFY] = "verify",   [STEP_HOLD] = "hold",
    [STEP_COMMAND] = "command", [STEP_MOVE] = "move",
    [STEP_PROOF] = "proof",     [STEP_RELEASE] = "release",
    [STEP_UNDO] = "undo",
};

const char *const event_names[EVENTS] = {
    [EVENT_STARTED] = "started", [EVENT_DONE] = "done",
    [EVENT_FAILED] = "failed",   [EVENT_ACCEPTED] = "accepted",
    [EVENT_UNDONE] = "undone",   [EVENT_LEFT_OUT] = "left-out",
    [EVENT_REPEAT] = "repeat",
};

bool
is_wave_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > WAVE_NAME_MAX || name[0] == '-')
        return false;
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && strchr("-_.", *name) == NULL)
            return false;
    }
    return true;
}

static enum sdr_status
failed(const struct state *state, struct sdr_error *error)
{
    sdr_error_set(error, "%s: %s", state->path, strerror(errno));
    return SDR_TEMPFAIL;
}

/* ---- reading ---- */

static int
find_name(const char *const *names, int count, const char *name)
{
    int i = 0;

    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static bool
keep_record(struct state *state, const struct record *record, const char *text)
{
    struct record copy = *record;

    copy.text = strdup(text);
    if (copy.text != NULL
        && sdr_array_append(&state->records, &state->count, &state->room, &copy,
                            sizeof copy))
        return true;
    free(copy.text);
    return false;
}

/* Read a line, without its line feed. */
static enum sdr_status
read_record(struct state *state, const char *line)
{
    struct record record;
    char step[16], event[16];
    int end = 0, s, e;

    if (sscanf(line, "%31s %64s %15s %15s%n", record.time, record.wave, step,
               event, &end)
        != 4)
        return SDR_INVALID;
    s = find_name(step_names, ALL_STEPS, step);
    e = find_name(event_names, EVENTS, event);
    if (s == ALL_STEPS || e == EVENTS || !is_wave_name(record.wave))
        return SDR_INVALID;
    record.step = (enum step)s;
    record.event = (enum event)e;
    return keep_record(state, &record, line + end + (line[end] == ' '))
               ? SDR_OK
               : SDR_TEMPFAIL;
}

static enum sdr_status
read_first_line(const struct state *state, const char *line, size_t len,
                struct sdr_error *error)
{
    bool is_text = strlen(line) == len;

    if (is_text && strcmp(line, FIRST_LINE) == 0)
        return SDR_OK;
    if (is_text && strncmp(line, FIRST_WORDS, strlen(FIRST_WORDS)) == 0)
        sdr_error_set(error,
                      "%s:1: format %s, of another version of sdrctl; this one "
                      "knows format 1",
                      state->path, line + strlen(FIRST_WORDS));
    else
        sdr_error_set(error,
                      "%s:1: not the state of a plan; move the file away",
                      state->path);
    return SDR_INVALID;
}

static enum sdr_status
read_id(struct state *state, const char *line)
{
    const char *id = line + strlen(ID_START);

    if (strncmp(line, ID_START, strlen(ID_START)) != 0
        || strlen(id) != PLAN_ID_SIZE - 1
        || strspn(id, "0123456789abcdef") != PLAN_ID_SIZE - 1)
        return SDR_INVALID;
    memcpy(state->id, id, PLAN_ID_SIZE);
    state->has_id = true;
    return SDR_OK;
}

/* LEN octets, then a NUL, without the line feed. */
static enum sdr_status
read_line(struct state *state, unsigned long number, const char *line,
          size_t len, struct sdr_error *error)
{
    enum sdr_status status = SDR_INVALID;

    if (number == 1)
        return read_first_line(state, line, len, error);
    if (strlen(line) == len)
        status = number == 2 ? read_id(state, line) : read_record(state, line);
    if (status == SDR_INVALID)
        sdr_error_set(error, "%s:%lu: not a line of sdrctl plan", state->path,
                      number);
    else if (status != SDR_OK)
        sdr_error_set(error, "no memory");
    return status;
}

/* The process ended before it had written the whole last line. So it did
 * nothing after that, and the line is ignored. If it is the first line, make
 * sure that the file is a state. */
static enum sdr_status
check_rest(const struct state *state, const char *line, size_t len,
           struct sdr_error *error)
{
    if (strlen(line) == len && strncmp(line, FIRST_LINE, len) == 0)
        return SDR_OK;
    return read_first_line(state, line, len, error);
}

/* Set *END to the end of the last whole line. */
static enum sdr_status
read_lines(struct state *state, FILE *file, off_t *end, struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;
    unsigned long number = 0;
    char *line = NULL;
    size_t size = 0;
    ssize_t len = 0;

    *end = 0;
    while (status == SDR_OK && (len = getline(&line, &size, file)) > 0
           && line[len - 1] == '\n') {
        line[len - 1] = '\0';
        *end += len;
        status = read_line(state, ++number, line, (size_t)len - 1, error);
    }
    if (status == SDR_OK && ferror(file))
        status = failed(state, error);
    else if (status == SDR_OK && number == 0 && len > 0)
        status = check_rest(state, line, (size_t)len, error);
    free(line);
    return status;
}

static enum sdr_status
read_all(struct state *state, off_t *end, struct sdr_error *error)
{
    int copy = dup(state->fd);
    FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
    enum sdr_status status;

    if (file == NULL) {
        if (copy >= 0)
            close(copy);
        return failed(state, error);
    }
    rewind(file);
    status = read_lines(state, file, end, error);
    fclose(file);
    return status;
}

/* ---- writing ---- */

/* A write to a regular file is only short if the disk is full. */
static bool
write_line(struct state *state, const char *line)
{
    size_t len = strlen(line);

    errno = ENOSPC;
    return write(state->fd, line, len) == (ssize_t)len
           && fdatasync(state->fd) == 0;
}

static bool
write_head(struct state *state)
{
    char head[sizeof FIRST_LINE + PLAN_ID_SIZE + 16];

    snprintf(head, sizeof head, FIRST_LINE "\n" ID_START "%s\n", state->id);
    return write_line(state, head);
}

bool
state_add(struct state *state, const char *wave, enum step step,
          enum event event, const char *text, struct sdr_error *error)
{
    struct record record = {.step = step, .event = event};
    time_t now = time(NULL);
    char *line = NULL;
    struct tm tm;
    bool ok;

    gmtime_r(&now, &tm);
    strftime(record.time, sizeof record.time, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(record.wave, sizeof record.wave, "%s", wave);
    if (asprintf(&line, "%s %s %s %s%s%s\n", record.time, wave,
                 step_names[step], event_names[event],
                 text[0] != '\0' ? " " : "", text)
        < 0) {
        sdr_error_set(error, "no memory");
        return false;
    }
    ok = write_line(state, line) && keep_record(state, &record, text);
    if (!ok)
        failed(state, error);
    free(line);
    return ok;
}

/* ---- opening and closing ---- */

static bool
make_id(char id[PLAN_ID_SIZE], const char *path)
{
    unsigned char digest[32];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, path, strlen(path), digest) != 0)
        return false;
    for (size_t i = 0; i < (PLAN_ID_SIZE - 1) / 2; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static bool
begin(struct state *state, const char *path, struct sdr_error *error)
{
    *state = (struct state){.fd = -1};
    if (asprintf(&state->path, "%s.state", path) < 0)
        state->path = NULL;
    if (state->path != NULL && make_id(state->id, path))
        return true;
    sdr_error_set(error, "no memory");
    return false;
}

static enum sdr_status
refuse_locked(const struct state *state, struct sdr_error *error)
{
    char holders[128];

    lock_holders(state->fd, holders, sizeof holders);
    sdr_error_set(error,
                  "%s: another process works on this plan:%s; it may be a step "
                  "that still runs although sdrctl was killed",
                  state->path, holders[0] != '\0' ? holders : " unknown");
    return SDR_TEMPFAIL;
}

/* Find out whether there is a file. */
static enum sdr_status
find_file(const struct state *state, struct sdr_error *error)
{
    int fd;
    enum sdr_status status = journal_file_open(state->path, &fd, error);

    if (status == SDR_OK)
        close(fd);
    return status;
}

enum sdr_status
state_open(struct state *state, const char *path, bool create,
           struct sdr_error *error)
{
    enum sdr_status status;
    off_t end;

    if (!begin(state, path, error))
        return SDR_TEMPFAIL;
    status = create ? SDR_OK : find_file(state, error);
    if (status == SDR_OK)
        status = journal_file_open_to_append(state->path, &state->fd, error);
    if (status != SDR_OK)
        return status;
    if (!lock_take(state->fd))
        return refuse_locked(state, error);
    status = read_all(state, &end, error);
    if (status != SDR_OK)
        return status;
    if (ftruncate(state->fd, end) != 0)
        return failed(state, error);
    if (!state->has_id && (ftruncate(state->fd, 0) != 0 || !write_head(state)))
        return failed(state, error);
    return SDR_OK;
}

enum sdr_status
state_open_to_read(struct state *state, const char *path, bool *runs,
                   struct sdr_error *error)
{
    enum sdr_status status;
    off_t end;

    *runs = false;
    if (!begin(state, path, error))
        return SDR_TEMPFAIL;
    status = journal_file_open(state->path, &state->fd, error);
    if (status != SDR_OK) {
        state->fd = -1;
        return status == SDR_NOTFOUND ? SDR_OK : status;
    }
    *runs = flock(state->fd, LOCK_SH | LOCK_NB) != 0;
    return read_all(state, &end, error);
}

void
state_unlock(const struct state *state)
{
    if (state->fd >= 0)
        flock(state->fd, LOCK_UN);
}

void
state_close(struct state *state)
{
    if (state->fd >= 0)
        close(state->fd);
    for (size_t i = 0; i < state->count; i++)
        free(state->records[i].text);
    free(state->records);
    free(state->path);
    *state = (struct state){.fd = -1};
}
