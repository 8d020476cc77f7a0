/* show.c - sdrctl show: the entries of a recipient in the directories now
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Searches the directories themselves, not the replica, so that administrators
 * see what they have just changed.
 */
#include "show/show.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "command.h"
#include "usage.h"

struct job {
    struct sdr *sdr;
    const struct sdr_config *config;
    struct sdr_replica *replica; /* NULL: none */
    struct live *lives;          /* indexed by directory */
    struct lookup *lookups;      /* indexed by directory */
    bool as_json;
    bool unknown, silent; /* for any recipient so far */
};

/* ---- one recipient ---- */

/* Choose the strongest key that found an entry in any directory. */
static void
choose_key(struct shown *shown)
{
    shown->key = SDR_KEYS_MAX;
    for (unsigned i = 0; i < shown->config->directory_count; i++) {
        const struct lookup *lookup = &shown->lookups[i];

        shown->silent |= lookup->status == SDR_TEMPFAIL;
        if (lookup->count > 0 && lookup->facts.key < shown->key)
            shown->key = lookup->facts.key;
    }
}

static void
look_up(const struct job *job, struct shown *shown)
{
    shown->lookups = job->lookups;
    for (unsigned i = 0; i < job->config->directory_count; i++)
        lookup_make(&job->lookups[i], job->config, i, &shown->question.keys,
                    &job->lives[i], job->replica);
    choose_key(shown);
}

static void
show(struct job *job, const char *recipient)
{
    struct shown shown = {.config = job->config, .recipient = recipient};

    shown.split =
        sdr_route_begin(job->config, recipient, &shown.question, &shown.verdict)
        == SDR_NOTFOUND;
    if (shown.split) {
        sdr_decide(job->sdr, recipient, NULL, &shown.verdict);
        look_up(job, &shown);
    }
    if (job->as_json)
        show_json(&shown);
    else
        show_text(&shown);
    job->silent |= shown.silent;
    job->unknown |= !shown.split || shown.key == SDR_KEYS_MAX;
    for (unsigned i = 0; shown.split && i < job->config->directory_count; i++)
        lookup_clear(&job->lookups[i]);
}

/* ---- the command ---- */

static bool
set_up(struct job *job)
{
    unsigned count = job->config->directory_count;

    job->lives = calloc(count, sizeof *job->lives);
    job->lookups = calloc(count, sizeof *job->lookups);
    if (job->lives == NULL || job->lookups == NULL)
        return false;
    for (unsigned i = 0; i < count; i++)
        job->lives[i].directory = &job->config->directories[i];
    if (job->config->replica.path == NULL)
        return true;
    job->replica = sdr_replica_new(job->config);
    return job->replica != NULL;
}

static void
clean_up(struct job *job)
{
    for (unsigned i = 0; job->lives != NULL && i < job->config->directory_count;
         i++)
        live_close(&job->lives[i]);
    free(job->lives);
    free(job->lookups);
    sdr_replica_free(&job->replica);
}

static int
show_all(struct job *job, int count, char **recipients)
{
    if (!set_up(job)) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    for (int i = 0; i < count; i++)
        show(job, recipients[i]);
    if (job->silent)
        return EX_TEMPFAIL;
    return job->unknown ? EX_NOUSER : EX_OK;
}

int
command_show(struct sdr *sdr, int argc, char **argv)
{
    struct job job = {.sdr = sdr, .config = sdr_get_config(sdr)};
    int code;

    if (!read_json_option(argc, argv, "show", &job.as_json))
        return EX_USAGE;
    if (optind == argc)
        return usage_error("show", "expected an address");
    code = show_all(&job, argc - optind, argv + optind);
    clean_up(&job);
    return code;
}
