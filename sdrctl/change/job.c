/* job.c - see job.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "log.h"

/* ---- errors: all are reported, and nothing is changed ---- */

/* LINE 0: from the command line. */
static void
report_of(const struct job *job, unsigned long line, const char *address,
          const char *text)
{
    char clean[2048];
    char both[2048];

    snprintf(both, sizeof both, "%s%s%s", address,
             address[0] != '\0' ? ": " : "", text);
    sdr_log_clean(clean, sizeof clean, both, strlen(both), "");
    fprintf(stderr, "sdrctl %s: ", job->name);
    if (line > 0)
        fprintf(stderr, "%s:%lu: ", job->batch.file, line);
    fprintf(stderr, "%s\n", clean);
}

static void
report_mistake(struct job *job, unsigned long line, const char *address,
               const char *text)
{
    if (job->ignores_mistakes)
        return;
    job->mistakes++;
    report_of(job, line, address, text);
}

static void
on_batch_mistake(void *arg, const struct batch *batch, unsigned long line,
                 const char *text)
{
    struct job *job = arg;

    report_mistake(job, line, line > 0 ? "" : batch->file, text);
}

/* Report an error that ends the run. */
static void
stop(struct job *job, enum sdr_status status, const struct sdr_error *error)
{
    char clean[sizeof error->text];

    sdr_log_clean(clean, sizeof clean, error->text, strlen(error->text), "");
    fprintf(stderr, "sdrctl %s: %s; nothing was changed\n", job->name, clean);
    job->code = sdr_status_exit(status);
}

/* ---- finding entries ---- */

static bool
is_server(const struct job *job, unsigned directory)
{
    return job->config->directories[directory].ldif_path == NULL;
}

/* The directory, to be searched. */
static enum sdr_status
open_entries(struct job *job, unsigned directory, struct entries *entries,
             struct sdr_error *error)
{
    struct ldif_directory *file;
    enum sdr_status status;

    *entries = (struct entries){NULL, NULL};
    if (is_server(job, directory))
        return admin_connect(job->admin, directory, &entries->connection,
                             error);
    status = admin_open_file(job->admin, directory, &file, error);
    if (status == SDR_OK)
        entries->file = ldif_directory_index(file);
    return status == SDR_INVALID ? SDR_CONFIG : status;
}

/* Find the entry with this address; several are an error. */
static void
find_one(struct job *job, const struct batch_line *line)
{
    size_t before = job->people.count;
    struct entries entries;
    struct sdr_error error = {""};
    enum sdr_status status = SDR_OK;

    for (unsigned d = 0; d < job->config->directory_count && status == SDR_OK;
         d++) {
        status = open_entries(job, d, &entries, &error);
        if (status == SDR_OK)
            status = person_find(&entries, job->config, d, line->address,
                                 &job->people, &error);
    }
    if (status == SDR_INVALID)
        report_mistake(job, line->line, line->address, error.text);
    else if (status != SDR_OK)
        stop(job, status, &error);
    else if (job->people.count == before)
        report_mistake(job, line->line, line->address,
                       "no entry with this address");
    else if (job->people.count > before + 1)
        report_mistake(job, line->line, line->address,
                       "several entries have this address: merge them first");
    else if (job->people.items[before].facts.unreadable)
        report_mistake(
            job, line->line, line->address,
            "found in a value with other text: correct the value first");
    for (size_t i = before; i < job->people.count; i++)
        job->people.items[i].line = line->line;
}

static void
find_all(struct job *job)
{
    for (size_t i = 0; i < job->batch.count && job->code == EX_OK; i++)
        find_one(job, &job->batch.items[i]);
}

/* Only servers know filters. */
static void
report_no_match(struct job *job)
{
    const struct sdr_config *config = job->config;
    char text[300];

    for (unsigned d = 0; d < config->directory_count; d++) {
        if (is_server(job, d))
            continue;
        snprintf(text, sizeof text,
                 "no entry of a server matches this filter; directory %.200s "
                 "is a file: use addresses",
                 config->directories[d].name);
        report_mistake(job, 0, job->filter, text);
        return;
    }
    report_mistake(job, 0, job->filter, "no entry matches this filter");
}

static void
find_by_filter(struct job *job)
{
    struct sdr_connection *connection;
    struct sdr_error error = {""};

    for (unsigned d = 0; d < job->config->directory_count && job->code == EX_OK;
         d++) {
        enum sdr_status status;

        if (!is_server(job, d))
            continue;
        status = admin_connect(job->admin, d, &connection, &error);
        if (status == SDR_OK)
            status = person_find_all(connection, job->config, d, job->filter,
                                     &job->people, &error);
        if (status != SDR_OK)
            stop(job, status, &error);
    }
    if (job->code == EX_OK && job->people.count == 0)
        report_no_match(job);
}

/* ---- planning changes ---- */

static int
compare_people(const void *a, const void *b)
{
    const struct person *x = *(const struct person *const *)a;
    const struct person *y = *(const struct person *const *)b;
    int order = x->directory != y->directory
                    ? (x->directory > y->directory ? 1 : -1)
                    : strcasecmp(x->dn, y->dn);

    return order != 0 ? order : (x > y) - (x < y);
}

/* An entry can be changed only once in a run. */
static void
find_duplicates(struct job *job)
{
    const struct person **sorted =
        calloc(job->people.count + 1, sizeof *sorted);

    for (size_t i = 0; sorted != NULL && i < job->people.count; i++)
        sorted[i] = &job->people.items[i];
    if (sorted != NULL && job->people.count > 1)
        qsort(sorted, job->people.count, sizeof *sorted, compare_people);
    for (size_t i = 1; sorted != NULL && i < job->people.count; i++) {
        if (sorted[i]->directory == sorted[i - 1]->directory
            && strcasecmp(sorted[i]->dn, sorted[i - 1]->dn) == 0)
            report_mistake(job, sorted[i]->line, sorted[i]->address,
                           "listed twice");
    }
    free(sorted);
}

static void
plan_one(struct job *job, size_t i)
{
    const struct person *person = &job->people.items[i];
    struct change *change = changes_add(&job->changes);
    struct sdr_error error = {"no memory"};
    enum sdr_status status = SDR_TEMPFAIL;

    job->plan.needs_class = is_server(job, person->directory)
                                ? !admin_is_ad(job->admin, person->directory)
                                : person->has_class && !person->is_ad;
    if (change != NULL)
        status = plan_change(&job->plan, person, change, &error);
    if (status == SDR_OK && job->verify)
        status =
            verification_add(&job->verification, &job->plan, person, &error);
    if (status == SDR_OK)
        return;
    if (status == SDR_TEMPFAIL)
        stop(job, status, &error);
    else if (status == SDR_NOTFOUND && job->skip_done)
        job->skipped++;
    else
        report_mistake(job, person->line, person->address, error.text);
    if (change != NULL) {
        change_clear(change);
        job->changes.count--;
    }
}

/* ---- verify ---- */

static void
warn_catch_all(void *arg, const char *domain)
{
    const struct job *job = arg;

    fprintf(stderr,
            "sdrctl move: warning: site %s accepts any recipient in %s, so "
            "--verify proves nothing\n",
            job->to, domain);
}

/* Report the recipient with this index if the site did not accept it. True if
 * the site gave a final answer. */
static bool
report_verified(struct job *job, size_t index)
{
    const struct recipient *item = &job->verification.recipients.items[index];
    const struct person *person = job->verification.persons[index];
    const char *reply = item->reply != NULL ? item->reply : "";
    struct sdr_error text;

    switch (item->result) {
    case RECIPIENT_UNTRIED:
        return false;
    case RECIPIENT_ACCEPTED:
        return true;
    case RECIPIENT_REJECTED:
        sdr_error_set(&text, "site %s rejects %s: %s", job->to, item->address,
                      reply);
        report_mistake(job, person->line, person->address, text.text);
        return true;
    case RECIPIENT_DEFERRED:
        sdr_error_set(&text, "site %s temporarily refuses %s: %s", job->to,
                      item->address, reply);
        report_of(job, person->line, person->address, text.text);
        return false;
    }
    return false;
}

static void
verify(struct job *job)
{
    const struct sdr_site *site = &job->config->sites[job->plan.to];
    struct sdr_error error = {""};
    enum sdr_status status = verify_all(&job->verification, site, &job->network,
                                        warn_catch_all, job, &error);
    size_t unsure = 0;

    for (size_t i = 0; i < job->verification.recipients.count; i++)
        unsure += !report_verified(job, i);
    if (status == SDR_OK && unsure > 0)
        sdr_error_set(&error, "%zu temporarily refused", unsure);
    if (unsure == 0)
        return;
    sdr_error_prefix(&error, "site %s: not all recipients can be verified",
                     site->name);
    stop(job, SDR_TEMPFAIL, &error);
    if (job->mistakes > 0) /* errors that trying again will not fix */
        job->code = EX_DATAERR;
}

/* ---- the whole run ---- */

void
job_read(struct job *job, int count, char **addresses)
{
    for (int i = 0; i < count; i++) {
        if (!batch_add(&job->batch, addresses[i], 0))
            job->code = EX_TEMPFAIL;
    }
    if (job->file != NULL
        && !batch_read(&job->batch, job->file, on_batch_mistake, job)
        && job->mistakes == 0)
        job->mistakes = 1;
    if (job->file != NULL && job->batch.count == 0 && job->mistakes == 0) {
        report_mistake(job, 0, job->file, "no addresses");
    }
}

void
job_find(struct job *job)
{
    if (job->filter != NULL)
        find_by_filter(job);
    else
        find_all(job);
    if (job->code == EX_OK)
        find_duplicates(job);
}

void
job_plan(struct job *job)
{
    job_find(job);
    for (size_t i = 0; i < job->people.count && job->code == EX_OK; i++)
        plan_one(job, i);
    if (job->code == EX_OK && job->verification.count > 0)
        verify(job);
    if (job->code == EX_OK && job->mistakes > 0) {
        fprintf(stderr, "sdrctl %s: %zu error%s; nothing was changed\n",
                job->name, job->mistakes, job->mistakes > 1 ? "s" : "");
        job->code = EX_DATAERR;
    }
}

void
job_clear(struct job *job)
{
    verification_clear(&job->verification);
    changes_clear(&job->changes);
    people_clear(&job->people);
    batch_clear(&job->batch);
}
