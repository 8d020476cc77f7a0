/* sync_accept.c - see sync_accept.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A file next to the replica has a line for each directory: its name and the
 * number of entries held back. sdr-sync reads and removes the file, and accepts
 * no more than that number.
 */
#include "sync_accept.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "print.h"

/* The time to wait for sdr-sync, which checks every second, in milliseconds. */
enum { PATIENCE_MS = 15000, NAP_MS = 100 };

struct job {
    const struct sdr_config *config;
    struct sdr_replica *replica;
    const struct chosen *chosen;
    char *path; /* path of the file */
    char *text; /* its content */
};

/* ---- what is held back ---- */

/* Set *HELD to the number of entries held back in the directory with this
 * index, 0 if it is not chosen. Returns false, after printing the error, if it
 * is not known. */
static bool
get_held(const struct job *job, unsigned directory, uint64_t *held)
{
    const struct sdr_directory_options *options =
        &job->config->directories[directory];
    struct sdr_record_state state;
    struct sdr_error error;

    *held = 0;
    if (!is_chosen(job->chosen, options->name))
        return true;
    if (sdr_replica_state(job->replica, directory, &state, &error) != SDR_OK) {
        sdr_error_prefix(&error, "directory %s", options->name);
        print_error_line(&error);
        return false;
    }
    *held = state.holding != 0 ? state.held : 0;
    return true;
}

/* Make the content of the file; empty if nothing is held back. */
static bool
make_text(struct job *job)
{
    size_t size = 0;
    FILE *out = open_memstream(&job->text, &size);
    bool ok = out != NULL;

    for (unsigned i = 0; ok && i < job->config->directory_count; i++) {
        uint64_t held;

        ok = get_held(job, i, &held);
        if (held > 0)
            fprintf(out, "%s %" PRIu64 "\n", job->config->directories[i].name,
                    held);
    }
    if (out != NULL && fclose(out) != 0)
        ok = false;
    return ok;
}

/* ---- the file ---- */

/* Let sdr-sync read the file, whatever user runs sdrctl. */
static bool
give_away(int fd, const char *path)
{
    char *copy = strdup(path);
    struct stat folder;
    bool ok =
        copy != NULL && stat(dirname(copy), &folder) == 0
        && (geteuid() != 0 || fchown(fd, folder.st_uid, folder.st_gid) == 0);

    free(copy);
    return ok && fchmod(fd, 0640) == 0;
}

static bool
write_out(int fd, const char *text)
{
    size_t len = strlen(text);

    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

/* Write a temporary file and rename it. */
static int
write_file(const struct job *job)
{
    char *aside = NULL;
    int fd = -1, code = EX_OK;

    if (asprintf(&aside, "%s-XXXXXX", job->path) < 0)
        return EX_TEMPFAIL;
    fd = mkstemp(aside);
    if (fd < 0 || !give_away(fd, aside) || !write_out(fd, job->text)
        || rename(aside, job->path) != 0) {
        code = errno == EACCES || errno == EPERM ? EX_NOPERM : EX_TEMPFAIL;
        fprintf(stderr, "sdrctl: %s: %s\n", job->path, strerror(errno));
        if (fd >= 0)
            unlink(aside);
    }
    if (fd >= 0)
        close(fd);
    free(aside);
    return code;
}

/* True once sdr-sync has read the file. */
static bool
is_accepted(const struct job *job)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += NAP_MS) {
        if (access(job->path, F_OK) != 0)
            return true;
        usleep(NAP_MS * 1000);
    }
    return false;
}

/* ---- the result ---- */

static int
report(const struct job *job)
{
    int code = EX_OK;

    for (unsigned i = 0; i < job->config->directory_count; i++) {
        const char *name = job->config->directories[i].name;
        uint64_t held;

        if (!is_chosen(job->chosen, name))
            continue;
        if (!get_held(job, i, &held)) {
            code = EX_TEMPFAIL;
        } else if (held > 0) {
            printf("directory %s: NOT accepted: changes of %" PRIu64
                   " entries are held back now; check the directory again\n",
                   name, held);
            code = EX_TEMPFAIL;
        } else {
            printf("directory %s: accepted; nothing is held back now\n", name);
        }
    }
    return code;
}

static int
run(struct job *job)
{
    int code;

    if (!make_text(job))
        return EX_TEMPFAIL;
    if (job->text[0] == '\0') {
        puts("nothing is held back");
        return EX_OK;
    }
    code = write_file(job);
    if (code != EX_OK)
        return code;
    if (!is_accepted(job)) {
        puts("sdr-sync does not seem to be running; it will accept them at its "
             "next start");
        return EX_TEMPFAIL;
    }
    return report(job);
}

int
accept_losses(const struct sdr_config *config, struct sdr_replica *replica,
              const struct chosen *chosen)
{
    struct job job = {config, replica, chosen, NULL, NULL};
    int code = EX_TEMPFAIL;

    if (asprintf(&job.path, "%s.accept", config->replica.path) >= 0)
        code = run(&job);
    free(job.path);
    free(job.text);
    return code;
}
