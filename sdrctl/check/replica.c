/* replica.c - sdrctl check replica
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

#include "check/check.h"
#include "replica_copy.h"

/* The number of example addresses. */
enum { EXAMPLES = 3 };

struct replica_check {
    const struct sdr_config *config;
    struct sdr_replica *replica;
    enum check_result worst;
};

/* ---- files ---- */

/* Write "sdr:Debian-exim, mode 0640", with numbers for unknown IDs. */
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

/* Check a file or folder: the permissions that its group needs to read the
 * replica, and those that would let others change the routing. Returns false if
 * it does not exist. */
static bool
check_path(struct replica_check *state, const char *subject, const char *path,
           mode_t needed, mode_t refused)
{
    char text[256];
    struct stat st;

    if (stat(path, &st) != 0) {
        report_finding(&state->worst, CHECK_WRONG, subject,
                       "start sdr-sync, or see its log", "%s: %s", path,
                       strerror(errno));
        return false;
    }
    describe(&st, text, sizeof text);
    if ((st.st_mode & refused) != 0)
        report_finding(&state->worst, CHECK_WRONG, subject,
                       "allow only its owner to write to it (chmod go-w)",
                       "%s: %s: programs that run as root will not use it",
                       path, text);
    else if ((st.st_mode & needed) != needed)
        report_finding(&state->worst, CHECK_DOUBTFUL, subject,
                       "give it a group that the mail server's users are "
                       "members of, and mode g+r",
                       "%s: %s: its group cannot read the replica", path, text);
    else
        report_finding(&state->worst, CHECK_OK, subject, NULL, "%s: %s", path,
                       text);
    return true;
}

/* Check the files of the replica. Returns false if one does not exist. */
static bool
check_files(struct replica_check *state)
{
    const char *path = state->config->replica.path;
    char *copy = strdup(path), *lock = NULL;
    bool ok = copy != NULL && asprintf(&lock, "%s-lock", path) >= 0;

    if (ok) {
        ok = check_path(state, "folder", dirname(copy), S_IXGRP,
                        S_IWGRP | S_IWOTH);
        ok = ok && check_path(state, "file", path, S_IRGRP, S_IWGRP | S_IWOTH);
        ok =
            ok
            && check_path(state, "lock file", lock, S_IRGRP | S_IWGRP, S_IWOTH);
    }
    free(copy);
    free(lock);
    return ok;
}

/* ---- one directory ---- */

static void
check_quality(struct replica_check *state, const struct copy *copy)
{
    char meaning[256], age[64];

    copy_meaning(copy, meaning, sizeof meaning);
    copy_duration(copy->age, age, sizeof age);
    switch (copy->quality) {
    case COPY_FRESH:
        report_finding(
            &state->worst, CHECK_OK, "replica", NULL,
            "%" PRIu64 " entries, %s %s ago: %s", copy->state.entries,
            copy->state.from_a_file != 0 ? "file read" : "last contact", age,
            meaning);
        return;
    case COPY_STALE:
        report_finding(&state->worst, CHECK_DOUBTFUL, "replica",
                       "see sdrctl sync status for the reason",
                       "%" PRIu64 " entries, last contact %s ago: %s",
                       copy->state.entries, age, meaning);
        return;
    case COPY_EXPIRED:
        report_finding(&state->worst, CHECK_WRONG, "replica",
                       "see sdrctl sync status for the reason",
                       "too old, last contact %s ago: %s", age, meaning);
        return;
    case COPY_INCOMPLETE:
        report_finding(
            &state->worst, CHECK_WRONG, "replica",
            "wait for sdr-sync, or see sdrctl sync status for the reason",
            "incomplete: %s", meaning);
        return;
    case COPY_NONE:
        report_finding(
            &state->worst, CHECK_WRONG, "replica",
            "start sdr-sync, or make it reload the configuration (SIGUSR1)",
            "%s: %s", copy->reason.text, meaning);
        return;
    }
}

static void
check_troubles(struct replica_check *state, const struct copy *copy)
{
    if (copy->state.holding != 0)
        report_finding(&state->worst, CHECK_DOUBTFUL, "held back",
                       "check the directory; if the changes are intended: "
                       "sdrctl sync accept",
                       "%s of %" PRIu64
                       " entries: their old data are still used",
                       copy_held(&copy->state), copy->state.held);
    if (copy->status.failed != 0)
        report_finding(&state->worst, CHECK_DOUBTFUL, "sdr-sync", NULL, "%s",
                       copy->status.error);
}

/* ---- its content ---- */

/* Addresses with the same fault: how many, and examples. */
struct group_of {
    uint64_t count;
    char names[512];
};

/* The counts so far. An address counts once for each of its entries. */
struct census {
    uint64_t addresses;
    struct group_of orphans, strays, rivals, bad_values;
    /* the merged entries of one address */
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
add_doubt(struct census *census)
{
    char text[sizeof census->address + sizeof census->facts.dn + 4];

    snprintf(text, sizeof text, "%s in %s", census->address, census->facts.dn);
    add(&census->bad_values, text);
}

static void
end_address(struct census *census)
{
    if (census->found && census->facts.unreadable)
        add_doubt(census);
    else if (census->found && census->facts.disagree)
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
    if (facts->unreadable)
        ; /* counted at the end, if no other entry has the address */
    else if (facts->foreign_owner)
        add(&census->orphans, address);
    else if (facts->bad_routing || facts->outside)
        add(&census->strays, address);
    sdr_facts_merge(&census->facts, &census->found, facts);
}

static void
report_group(struct replica_check *state, const struct census *census,
             const struct group_of *group, const char *subject,
             const char *fine, const char *what, const char *advice)
{
    if (group->count == 0)
        report_finding(&state->worst, CHECK_OK, subject, NULL, "%s", fine);
    else
        report_finding(&state->worst,
                       group->count == census->addresses ? CHECK_WRONG
                                                         : CHECK_DOUBTFUL,
                       subject, advice,
                       "%" PRIu64 " of %" PRIu64
                       " addresses (%.1f %%) %s; mail for them is deferred: %s",
                       group->count, census->addresses,
                       100.0 * (double)group->count / (double)census->addresses,
                       what, group->names);
}

static void
report_census(struct replica_check *state, const struct census *census)
{
    report_group(state, census, &census->orphans, "owners", "all match a site",
                 "have an owner that matches no site",
                 "correct it in the directory, or add it to a site as "
                 "owner-value");
    report_group(state, census, &census->strays, "routing",
                 "all routing addresses belong to a site",
                 "have an invalid routing address, or one outside every site",
                 "correct it in the directory, or add its domain to a site as "
                 "accept-domain");
    report_group(state, census, &census->rivals, "addresses",
                 "no entries disagree", "are in several entries that disagree",
                 "list them with sdrctl dump, and correct the directory");
    report_group(
        state, census, &census->bad_values, "values",
        "all addresses can be read", "are in values with other text",
        "store each address in a value of its own, without other text");
}

static void
check_content(struct replica_check *state, unsigned directory)
{
    struct census *census = calloc(1, sizeof *census);
    struct sdr_error error = {"no memory"};

    if (census == NULL
        || sdr_replica_walk(state->replica, directory, on_row, census, &error)
               != SDR_OK) {
        report_finding(&state->worst, CHECK_WRONG, "content", NULL, "%s",
                       error.text);
    } else {
        end_address(census);
        report_census(state, census);
    }
    free(census);
}

static void
check_copy(struct replica_check *state, unsigned directory, time_t now)
{
    struct copy copy;

    copy_read(&copy, state->config, state->replica, directory, now);
    report_heading("replica of directory %s", copy.directory->name);
    check_quality(state, &copy);
    if (copy.quality == COPY_NONE)
        return;
    check_troubles(state, &copy);
    check_content(state, directory);
}

enum check_result
check_replica(const struct check *check)
{
    const struct sdr_config *config = check->config;
    struct replica_check state = {config, NULL, CHECK_OK};

    report_heading("replica %s", config->replica.path);
    if (!check_files(&state))
        return CHECK_WRONG;
    state.replica = sdr_replica_new(config);
    if (state.replica == NULL)
        return CHECK_UNREACHABLE;
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (is_chosen(&check->chosen, config->directories[i].name))
            check_copy(&state, i, time(NULL));
    }
    sdr_replica_free(&state.replica);
    return state.worst;
}
