/* check_replica.c - sdrctl check replica: can the copy be relied on?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "copy.h"

/* Addresses that are named as examples. */
enum { EXAMPLES = 3 };

struct visit {
    const struct sdr_config *config;
    struct sdr_replica *replica;
    enum sdr_finding worst;
};

/* ---- files ---- */

/* "sdr:Debian-exim, mode 0640"; numbers where there is no name. */
static void
describe(const struct stat *st, char *text, size_t size)
{
    const struct passwd *user = getpwuid(st->st_uid);
    const struct group *group = getgrgid(st->st_gid);
    char uid[16], gid[16];

    snprintf(uid, sizeof uid, "%u", (unsigned)st->st_uid);
    snprintf(gid, sizeof gid, "%u", (unsigned)st->st_gid);
    snprintf(text, size, "%s:%s, mode %04o", user != NULL ? user->pw_name : uid,
             group != NULL ? group->gr_name : gid,
             (unsigned)st->st_mode & 07777U);
}

/* A file or folder, the rights that its group needs to read the replica, and
 * those that would let others decide where mail goes. */
static bool
check_path(struct visit *visit, const char *subject, const char *path,
           mode_t needed, mode_t refused)
{
    char text[256];
    struct stat st;

    if (stat(path, &st) != 0) {
        tell_finding(&visit->worst, SDR_WRONG, subject,
                     "start sdr-sync; its log says more", "%s: %s", path,
                     strerror(errno));
        return false;
    }
    describe(&st, text, sizeof text);
    if ((st.st_mode & refused) != 0)
        tell_finding(&visit->worst, SDR_WRONG, subject,
                     "let nobody but its owner write to it (chmod go-w)",
                     "%s: %s: programs that run as root will not believe it",
                     path, text);
    else if ((st.st_mode & needed) != needed)
        tell_finding(
            &visit->worst, SDR_DOUBTFUL, subject,
            "give the group that the mail server's users are in these rights",
            "%s: %s: its group cannot read the replica", path, text);
    else
        tell_finding(&visit->worst, SDR_FINE, subject, NULL, "%s: %s", path,
                     text);
    return true;
}

/* False if there is nothing to look into. */
static bool
check_files(struct visit *visit)
{
    const char *path = visit->config->replica.path;
    char *copy = strdup(path), *lock = NULL;
    bool ok = copy != NULL && asprintf(&lock, "%s-lock", path) >= 0;

    if (ok) {
        ok = check_path(visit, "folder", dirname(copy), S_IXGRP,
                        S_IWGRP | S_IWOTH);
        ok = ok && check_path(visit, "file", path, S_IRGRP, S_IWGRP | S_IWOTH);
        ok =
            ok
            && check_path(visit, "lock file", lock, S_IRGRP | S_IWGRP, S_IWOTH);
    }
    free(copy);
    free(lock);
    return ok;
}

/* ---- one copy ---- */

static void
check_quality(struct visit *visit, const struct copy *copy)
{
    char meaning[256], age[64];

    copy_meaning(copy, meaning, sizeof meaning);
    copy_duration(copy->age, age, sizeof age);
    switch (copy->quality) {
    case COPY_FRESH:
        tell_finding(&visit->worst, SDR_FINE, "copy", NULL,
                     "%" PRIu64 " entries, %s %s ago: %s", copy->state.entries,
                     copy->state.from_a_file != 0 ? "file read"
                                                  : "last contact",
                     age, meaning);
        return;
    case COPY_STALE:
        tell_finding(&visit->worst, SDR_DOUBTFUL, "copy",
                     "see what hinders sdr-sync: sdrctl sync status",
                     "%" PRIu64 " entries, last contact %s ago: %s",
                     copy->state.entries, age, meaning);
        return;
    case COPY_EXPIRED:
        tell_finding(&visit->worst, SDR_WRONG, "copy",
                     "see what hinders sdr-sync: sdrctl sync status",
                     "too old, last contact %s ago: %s", age, meaning);
        return;
    case COPY_INCOMPLETE:
        tell_finding(
            &visit->worst, SDR_WRONG, "copy",
            "wait for sdr-sync, or see what hinders it: sdrctl sync status",
            "never read to the end: %s", meaning);
        return;
    case COPY_NONE:
        tell_finding(
            &visit->worst, SDR_WRONG, "copy",
            "let sdr-sync read the configuration (SIGUSR1), or start it",
            "%s: %s", copy->reason.text, meaning);
        return;
    }
}

static void
check_troubles(struct visit *visit, const struct copy *copy)
{
    if (copy->state.holding != 0)
        tell_finding(
            &visit->worst, SDR_DOUBTFUL, "losses",
            "look at the directory; if it is right: sdrctl sync accept",
            "of %" PRIu64 " entries are held back: the old data stay in force "
            "for them",
            copy->state.held);
    if (copy->status.failed != 0)
        tell_finding(&visit->worst, SDR_DOUBTFUL, "sdr-sync", NULL, "%s",
                     copy->status.error);
}

/* ---- what is in it ---- */

/* Addresses that have something in common: how many, and the first of them. */
struct group_of {
    uint64_t count;
    char names[512];
};

/* What a walk has met so far; an address counts once for each entry. */
struct census {
    uint64_t addresses;
    struct group_of orphans, strays, rivals;
    /* the entries of one address, merged */
    char address[SDR_ADDRESS_MAX + 1];
    struct sdr_facts facts;
    bool found;
};

static void
add(struct group_of *group, const char *address)
{
    size_t used = strlen(group->names);

    group->count++;
    if (group->count <= EXAMPLES)
        snprintf(group->names + used, sizeof group->names - used, "%s%s",
                 used > 0 ? ", " : "", address);
    else if (group->count == EXAMPLES + 1)
        snprintf(group->names + used, sizeof group->names - used, ", ...");
}

static void
end_address(struct census *census)
{
    if (census->found && census->facts.disagree)
        add(&census->rivals, census->address);
    census->found = false;
}

static void
on_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    struct census *census = arg;

    if (!census->found || strcmp(census->address, address) != 0) {
        end_address(census);
        snprintf(census->address, sizeof census->address, "%s", address);
    }
    census->addresses++;
    if (facts->foreign_owner)
        add(&census->orphans, address);
    else if (facts->bad_routing || facts->outside)
        add(&census->strays, address);
    sdr_facts_merge(&census->facts, &census->found, facts);
}

static void
tell_group(struct visit *visit, const struct census *census,
           const struct group_of *group, const char *subject, const char *fine,
           const char *what, const char *advice)
{
    if (group->count == 0)
        tell_finding(&visit->worst, SDR_FINE, subject, NULL, "%s", fine);
    else
        tell_finding(&visit->worst,
                     group->count == census->addresses ? SDR_WRONG
                                                       : SDR_DOUBTFUL,
                     subject, advice,
                     "%" PRIu64 " of %" PRIu64
                     " addresses (%.1f %%) %s; mail for them is deferred: %s",
                     group->count, census->addresses,
                     100.0 * (double)group->count / (double)census->addresses,
                     what, group->names);
}

static void
tell_census(struct visit *visit, const struct census *census)
{
    tell_group(visit, census, &census->orphans, "owners",
               "every one of them is a site",
               "have an owner that no site answers to",
               "correct it in the directory, or add it to a site as "
               "owner-value");
    tell_group(visit, census, &census->strays, "routing",
               "every routing address lies in a site",
               "have a routing address that is none, or outside every site",
               "correct it in the directory, or add its domain to a site as "
               "accept-domain");
    tell_group(visit, census, &census->rivals, "addresses",
               "no two entries disagree about one",
               "are in several entries that disagree",
               "see them with sdrctl dump, and correct the directory");
}

static void
check_content(struct visit *visit, unsigned directory)
{
    struct census *census = calloc(1, sizeof *census);
    struct sdr_error error = {"no memory"};

    if (census == NULL
        || sdr_replica_walk(visit->replica, directory, on_row, census, &error)
               != SDR_OK) {
        tell_finding(&visit->worst, SDR_WRONG, "content", NULL, "%s",
                     error.text);
    } else {
        end_address(census);
        tell_census(visit, census);
    }
    free(census);
}

static void
check_copy(struct visit *visit, unsigned directory, time_t now)
{
    struct copy copy;

    copy_look(&copy, visit->config, visit->replica, directory, now);
    printf("replica of directory %s\n", copy.directory->name);
    check_quality(visit, &copy);
    if (copy.quality == COPY_NONE)
        return;
    check_troubles(visit, &copy);
    check_content(visit, directory);
}

enum sdr_finding
check_replica(const struct sdr_config *config, const struct chosen *chosen)
{
    struct visit visit = {config, NULL, SDR_FINE};

    printf("replica %s\n", config->replica.path);
    if (!check_files(&visit))
        return SDR_WRONG;
    visit.replica = sdr_replica_new(config);
    if (visit.replica == NULL)
        return SDR_SILENT;
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (is_chosen(chosen, &config->directories[i]))
            check_copy(&visit, i, time(NULL));
    }
    sdr_replica_free(&visit.replica);
    return visit.worst;
}
