/* ldif.h - a directory that is a file, without the program around it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store and the worker are played by this file. Time passes only in
 * worker_sleep().
 */
#ifndef LDIF_H
#define LDIF_H

#include "unit.h"

#include <fcntl.h>

#include "source/ldif_file.h"
#include "source/refresh.h"

#define ALICE                                                                  \
    "dn: uid=alice,dc=com\nmail: alice@example.com\nsdrOwner: hosted\n\n"
#define DAVE  "dn: uid=dave,dc=com\nmail: dave@example.com\n\n"
#define TAKEN "uid=alice,dc=com|HOSTED|alice\n"

#define LDIF_CONF                                                              \
    "this-site = onprem\n"                                                     \
    "[site onprem]\n"                                                          \
    "routing-domain = onprem.%d\n"                                             \
    "[site hosted]\n"                                                          \
    "routing-domain = hosted.%d\n"                                             \
    "[domain example.com]\n"                                                   \
    "[directory corp]\n"                                                       \
    "uri = ldif:@FILE@\n"                                                      \
    "default-owner = onprem\n"                                                 \
    "@MORE@\n"                                                                 \
    "[replica]\n"                                                              \
    "path = /nowhere\n"

/* ---- the others ---- */

static struct {
    char taken[4096];   /* "dn|HOSTED|local part" and so on, a line each */
    unsigned entries;   /* put since the refresh began */
    unsigned refreshes; /* that ended */
    struct store_mark mark;
    char complaint[600];
    unsigned well;
    enum sdr_status store_status;
    unsigned looks_left; /* before it is stopped */
    unsigned sleeps;     /* before the one in which this is done: */
    void (*while_reading)(void);
} now;

void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof)
{
    (void)proof;
    memset(refresh, 0, sizeof *refresh);
    refresh->worker = worker;
    now.entries = 0;
    now.taken[0] = '\0';
}

/* "directory=local part@domain": the local part. */
static inline void
add_local_part(char *line, size_t size, const struct entry_key *key)
{
    const char *octets = (const char *)key->key.octets + 2;
    const char *at = memchr(octets, '@', key->key.len - 2);
    size_t used = strlen(line);

    assert_non_null(at);
    snprintf(line + used, size - used, "|%.*s", (int)(at - octets), octets);
}

enum sdr_status
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error)
{
    size_t used = strlen(now.taken);

    (void)refresh;
    (void)error;
    snprintf(now.taken + used, sizeof now.taken - used, "%s%s", entry->dn,
             entry->reader.facts.owners == 2 ? "|HOSTED" : "");
    for (unsigned i = 0; i < entry->key_count; i++)
        add_local_part(now.taken, sizeof now.taken, &entry->keys[i]);
    strcat(now.taken, "\n");
    now.entries++;
    return SDR_OK;
}

enum sdr_status
refresh_end(struct refresh *refresh, bool sweep, const struct store_mark *mark,
            struct sdr_error *error)
{
    (void)refresh;
    assert_true(sweep);
    if (now.store_status != SDR_OK) {
        sdr_error_set(error, "no space left");
        return now.store_status;
    }
    now.mark = *mark;
    now.refreshes++;
    return SDR_OK;
}

void
refresh_clear(struct refresh *refresh)
{
    (void)refresh;
}

const struct sdr_directory_options *
worker_directory(const struct worker *worker)
{
    return &worker->config->directories[worker->directory];
}

bool
worker_stopping(struct worker *worker)
{
    return worker->stop;
}

void
worker_sleep(struct worker *worker, unsigned milliseconds)
{
    void (*while_reading)(void) = now.while_reading;

    assert_true(milliseconds >= 1000);
    if (now.sleeps > 0) {
        now.sleeps--;
    } else if (while_reading != NULL) {
        now.while_reading = NULL;
        while_reading();
    }
    if (now.looks_left-- == 0)
        worker->stop = true;
}

void
worker_failed(struct worker *worker, const struct sdr_error *error)
{
    (void)worker;
    snprintf(now.complaint, sizeof now.complaint, "%s", error->text);
}

void
worker_well(struct worker *worker)
{
    (void)worker;
    now.well++;
    now.complaint[0] = '\0';
}

/* ---- a folder, a file, a worker ---- */

static char folder[64], path[96];

static inline int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sdr-unit-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/people.ldif", folder);
    return 0;
}

static inline int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* The file has LEN octets, and has had them for AGE seconds. */
static inline void
write_file(const char *text, size_t len, long age)
{
    struct timespec times[2];

    unit_write(path, text, len, 0644);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Run it over the file, once or for LOOKS; MORE goes into the configuration. */
static inline enum sdr_status
run(unsigned looks, const char *more)
{
    struct worker worker;
    struct unit_lines mistakes;
    char *named = unit_replace(LDIF_CONF, "@FILE@", path);
    char *text = unit_replace(named, "@MORE@", more);
    struct sdr_config *config;

    if (unit_load(&config, text, &mistakes) != SDR_OK)
        fail_msg("%s", mistakes.text);
    memset(&worker, 0, sizeof worker);
    worker.config = config;
    worker.once = looks == 0;
    now.looks_left = looks == 0 ? 20 : looks;
    ldif_run(&worker);
    sdr_config_free(&config);
    free(text);
    free(named);
    return worker.status;
}

static inline enum sdr_status
run_on(const char *text, size_t len, const char *more)
{
    memset(&now, 0, sizeof now);
    write_file(text, len, 60);
    return run(0, more);
}

#endif
