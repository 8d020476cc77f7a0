/* lookup.c - look up the recipients of a plan's waves; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "array.h"
#include "change/job.h"
#include "plan/run.h"
#include "print.h"
#include "program.h"

/* The entry of a recipient. */
struct found {
    unsigned directory;
    char *dn, *address;
    unsigned long line;
    const struct wave *wave;
    bool checked; /* errors of its wave are reported */
};

struct lookup {
    struct plan_run *run;
    struct admin *admin;
    struct found *items;
    size_t count, room;
    int code;
};

/* ---- one wave ---- */

/* Move DN and address to the list. */
static bool
keep(struct lookup *lookup, const struct wave *wave, bool checked,
     struct people *people)
{
    for (size_t i = 0; i < people->count; i++) {
        struct person *person = &people->items[i];
        const struct found item = {
            person->directory, person->dn, person->address,
            person->line,      wave,       checked};

        if (!sdr_array_append(&lookup->items, &lookup->count, &lookup->room,
                              &item, sizeof item))
            return false;
        person->dn = person->address = NULL;
    }
    return true;
}

/* Unless CHECKED, an address without an entry is not an error: a person may
 * leave after the move. */
static void
look_up_wave(struct lookup *lookup, const struct wave *wave, bool checked)
{
    const struct sdr_config *config = lookup->run->config;
    char name[WAVE_NAME_MAX + 16];
    struct job job = {.config = config,
                      .name = name,
                      .plan = {.config = config,
                               .kind = CHANGE_MOVE,
                               .to = wave->to,
                               .from = wave->from,
                               .has_from = wave->from_text != NULL},
                      .file = wave->path,
                      .skip_done = !checked || wave->from_text == NULL,
                      .ignores_mistakes = !checked,
                      .admin = lookup->admin,
                      .code = EX_OK};

    snprintf(name, sizeof name, "plan: wave %s", wave->name);
    job_read(&job, 0, NULL);
    if (job.code == EX_OK && checked)
        job_plan(&job);
    else if (job.code == EX_OK)
        job_find(&job);
    if (job.code != EX_OK)
        lookup->code = job.code;
    if (!keep(lookup, wave, checked, &job.people))
        lookup->code = EX_TEMPFAIL;
    job_clear(&job);
}

/* True if execvp() will find the program. */
static bool
is_program(const char *name)
{
    const char *folders = getenv("PATH");
    char path[PATH_MAX];

    if (strchr(name, '/') != NULL)
        return program_is(name);
    return program_find(folders != NULL ? folders : "/bin:/usr/bin", name, path,
                        sizeof path);
}

static void
check_command(struct lookup *lookup, const struct wave *wave)
{
    struct sdr_error error;

    if (wave->words == NULL || is_program(wave->words[0]))
        return;
    sdr_error_set(&error, "plan: wave %s: command: there is no program %s",
                  wave->name, wave->words[0]);
    print_error_line(&error);
    lookup->code = EX_DATAERR;
}

/* ---- all waves ---- */

static int
compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    int order = x->directory != y->directory
                    ? (x->directory > y->directory ? 1 : -1)
                    : strcasecmp(x->dn, y->dn);

    if (order == 0)
        order = (x->wave > y->wave) - (x->wave < y->wave);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* job_find() reports an entry that is twice in one wave. */
static void
find_duplicates(struct lookup *lookup)
{
    struct sdr_error error;

    if (lookup->count > 1)
        qsort(lookup->items, lookup->count, sizeof *lookup->items, compare);
    for (size_t i = 1; i < lookup->count; i++) {
        const struct found *a = &lookup->items[i - 1], *b = a + 1;

        if (a->directory != b->directory || strcasecmp(a->dn, b->dn) != 0
            || a->wave == b->wave || !(a->checked || b->checked))
            continue;
        sdr_error_set(&error,
                      "plan: %s:%lu: %s: in wave %s, but the same entry is in "
                      "wave %s as %s, at %s:%lu",
                      b->wave->path, b->line, b->address, b->wave->name,
                      a->wave->name, a->address, a->wave->path, a->line);
        print_error_line(&error);
        lookup->code = EX_DATAERR;
    }
}

/* A wave that has changed something is not checked, so that it can continue. */
static bool
is_checked(const struct plan_run *run, const struct wave *wave,
           const struct wave *only)
{
    struct progress progress;

    if (only != NULL)
        return wave == only;
    progress_find(&progress, &run->state, wave->name);
    return progress.state == WAVE_NOT_BEGUN
           || (progress.state == WAVE_BEGUN && progress.fingerprint == NULL);
}

static void
look_up_all(struct lookup *lookup, const struct wave *only)
{
    const struct plan *plan = &lookup->run->plan;
    unsigned checked = 0;

    for (unsigned i = 0; i < plan->count; i++)
        checked += is_checked(lookup->run, &plan->waves[i], only);
    for (unsigned i = 0; i < plan->count && checked > 0; i++) {
        const struct wave *wave = &plan->waves[i];
        bool checks = is_checked(lookup->run, wave, only);

        if (checks)
            check_command(lookup, wave);
        look_up_wave(lookup, wave, checks);
        if (lookup->code != EX_OK && lookup->code != EX_DATAERR)
            return;
    }
    find_duplicates(lookup);
}

int
plan_look_up(struct plan_run *run, const struct wave *only)
{
    struct lookup lookup = {.run = run, .code = EX_TEMPFAIL};

    fflush(stdout);
    lookup.admin = admin_new(run->config, &run->credentials);
    if (lookup.admin != NULL) {
        lookup.code = EX_OK;
        look_up_all(&lookup, only);
    }
    if (lookup.code == EX_TEMPFAIL)
        fputs("sdrctl: plan: the recipients cannot be looked up now; try again "
              "later\n",
              stderr);
    else if (lookup.code != EX_OK)
        fputs("sdrctl: plan: fix what is reported above, and run the plan "
              "again\n",
              stderr);
    for (size_t i = 0; i < lookup.count; i++) {
        free(lookup.items[i].dn);
        free(lookup.items[i].address);
    }
    free(lookup.items);
    admin_free(&lookup.admin);
    return lookup.code;
}
