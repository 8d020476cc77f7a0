/* show.c - sdrctl show: all that the directories say of a recipient now
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The directories themselves are asked, not their copy: whoever has just
 * changed something wants to see it.
 */
#include "show.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "sdrctl.h"

struct job {
    struct sdr *sdr;
    const struct sdr_config *config;
    struct sdr_replica *replica; /* NULL: none */
    struct live *lives;          /* by directory */
    struct finding *findings;    /* likewise */
    bool as_json;
    bool unknown, silent; /* so was one of them */
};

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

/* ---- one recipient ---- */

/* An entry found by a weaker key does not count beside one found by a
 * stronger. */
static void
weigh(struct shown *shown)
{
    shown->key = SDR_KEYS_MAX;
    for (unsigned i = 0; i < shown->config->directory_count; i++) {
        const struct finding *finding = &shown->findings[i];

        shown->silent |= finding->status == SDR_TEMPFAIL;
        if (finding->count > 0 && finding->facts.key < shown->key)
            shown->key = finding->facts.key;
    }
}

static void
ask_directories(const struct job *job, struct shown *shown)
{
    shown->findings = job->findings;
    for (unsigned i = 0; i < job->config->directory_count; i++)
        finding_make(&job->findings[i], job->config, i, &shown->question.keys,
                     &job->lives[i], job->replica);
    weigh(shown);
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
        ask_directories(job, &shown);
    }
    if (job->as_json)
        show_json(&shown);
    else
        show_text(&shown);
    job->silent |= shown.silent;
    job->unknown |= !shown.split || shown.key == SDR_KEYS_MAX;
    for (unsigned i = 0; shown.split && i < job->config->directory_count; i++)
        finding_clear(&job->findings[i]);
}

/* ---- the command ---- */

static bool
prepare(struct job *job)
{
    unsigned count = job->config->directory_count;

    job->lives = calloc(count, sizeof *job->lives);
    job->findings = calloc(count, sizeof *job->findings);
    if (job->lives == NULL || job->findings == NULL)
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
    free(job->findings);
    sdr_replica_free(&job->replica);
}

static int
show_all(struct job *job, int count, char **recipients)
{
    if (!prepare(job)) {
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
    int c, code;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return bad_use("show", "bad option");
        job.as_json = true;
    }
    if (optind == argc)
        return bad_use("show", "no address");
    code = show_all(&job, argc - optind, argv + optind);
    clean_up(&job);
    return code;
}
