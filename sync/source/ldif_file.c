/* ldif_file.c - see ldif_file.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/ldif_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ldif/ldif_entries.h"
#include "same_file.h"
#include "source/ldif_import.h"
#include "config/file_owner.h"

enum {
    LOOK_EVERY = 1000, /* milliseconds */
    RETRY_AFTER = 5000,
    LOOKS_ONCE = 15
};

struct watch {
    struct stat seen;  /* at the last check */
    struct stat taken; /* the file last read, valid or not; or zero */
};

/* Returns true if the file has not been written for a second: it is the same as
 * at the last check, or its times are old enough. */
static bool
rests(const struct watch *watch, const struct stat *now)
{
    time_t then = time(NULL) - 2;

    return sdr_same_file(now, &watch->seen)
           || (now->st_mtim.tv_sec < then && now->st_ctim.tv_sec < then);
}

/* Read the file, whose current state is NOW. Returns SDR_NOTFOUND if it is
 * changing. */
static enum sdr_status
read_file(struct worker *worker, struct watch *watch, const struct stat *now,
          struct sdr_error *error)
{
    const char *path = worker_directory(worker)->ldif_path;
    struct stat after;
    char *text = NULL;
    size_t len = 0;
    enum sdr_status status =
        sdr_file_read(path, false, LDIF_MAX_OCTETS, &text, &len, error);

    if (status != SDR_OK)
        return status;
    if (stat(path, &after) < 0 || !sdr_same_file(now, &after))
        status = SDR_NOTFOUND;
    else
        status = ldif_import(worker, text, len, error);
    if (status == SDR_OK || status == SDR_INVALID)
        watch->taken = *now;
    free(text);
    return status;
}

/* Read the file if it is new and not being written. Returns SDR_NOTFOUND if it
 * was not read. */
static enum sdr_status
look(struct worker *worker, struct watch *watch, struct sdr_error *error)
{
    const char *path = worker_directory(worker)->ldif_path;
    struct stat now;
    bool at_rest;

    if (stat(path, &now) < 0) {
        sdr_error_set(error, "%s: %s", path, strerror(errno));
        memset(watch, 0, sizeof *watch);
        return SDR_CONFIG;
    }
    if (sdr_same_file(&now, &watch->taken))
        return SDR_NOTFOUND;
    at_rest = rests(watch, &now);
    watch->seen = now;
    return at_rest ? read_file(worker, watch, &now, error) : SDR_NOTFOUND;
}

static void
report(struct worker *worker, enum sdr_status status, struct sdr_error *error)
{
    if (status == SDR_OK) {
        worker_well(worker);
        return;
    }
    if (error->text[0] == '\0')
        sdr_error_set(error, "out of memory");
    worker_failed(worker, error);
}

void
ldif_run(struct worker *worker)
{
    struct watch watch;

    memset(&watch, 0, sizeof watch);
    worker->status = SDR_TEMPFAIL;
    for (unsigned looks = 1; !worker_stopping(worker); looks++) {
        struct sdr_error error = {""};
        enum sdr_status status = look(worker, &watch, &error);

        if (status == SDR_NOTFOUND && worker->once && looks == LOOKS_ONCE) {
            sdr_error_set(&error, "%s: still being written",
                          worker_directory(worker)->ldif_path);
            status = SDR_TEMPFAIL;
        }
        if (status != SDR_NOTFOUND) {
            report(worker, status, &error);
            worker->status = status;
            if (worker->once)
                return;
        }
        worker_sleep(worker, status == SDR_TEMPFAIL ? RETRY_AFTER : LOOK_EVERY);
    }
}
