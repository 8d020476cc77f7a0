/* accept.c - see accept.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A file beside the replica says it, one line for each directory: its name, and
 * how many entries were held back when somebody looked. sdr-sync takes it away
 * when it has read it, and believes no more than that.
 */
#include "accept.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* How long to wait for sdr-sync, which looks every second (milliseconds). */
enum { PATIENCE_MS = 15000, NAP_MS = 100 };

struct job {
    const struct sdr_config *config;
    struct sdr_replica *replica;
    const struct chosen *chosen;
    char *path; /* of the file */
    char *text; /* in it */
};

/* ---- what is held back ---- */

/* Of the directory with this index, if it is chosen. False if that cannot be
 * told; why not is said. */
static bool
get_held(const struct job *job, unsigned directory, uint64_t *held)
{
    const struct sdr_directory_options *options =
        &job->config->directories[directory];
    struct sdr_record_state state;
    struct sdr_error error;

    *held = 0;
    if (!is_chosen(job->chosen, options))
        return true;
    if (sdr_replica_state(job->replica, directory, &state, &error) != SDR_OK) {
        fprintf(stderr, "sdrctl: directory %s: %s\n", options->name,
                error.text);
        return false;
    }
    *held = state.holding != 0 ? state.held : 0;
    return true;
}

/* Make the text of the file, empty if nothing is held back. */
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

/* sdr-sync must be able to read it, whoever we are. */
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

/* Write it beside, then rename it. */
static int
put(const struct job *job)
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

/* True when sdr-sync has taken it. */
static bool
is_taken(const struct job *job)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += NAP_MS) {
        if (access(job->path, F_OK) != 0)
            return true;
        usleep(NAP_MS * 1000);
    }
    return false;
}

/* ---- what became of it ---- */

static int
report(const struct job *job)
{
    int code = EX_OK;

    for (unsigned i = 0; i < job->config->directory_count; i++) {
        const char *name = job->config->directories[i].name;
        uint64_t held;

        if (!is_chosen(job->chosen, &job->config->directories[i]))
            continue;
        if (!get_held(job, i, &held)) {
            code = EX_TEMPFAIL;
        } else if (held > 0) {
            printf("directory %s: NOT accepted: by now the losses of %" PRIu64
                   " entries are held back; look again\n",
                   name, held);
            code = EX_TEMPFAIL;
        } else {
            printf("directory %s: nothing is held back any more\n", name);
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
    code = put(job);
    if (code != EX_OK)
        return code;
    if (!is_taken(job)) {
        puts("sdr-sync does not run, it seems: it will accept at its next run");
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
