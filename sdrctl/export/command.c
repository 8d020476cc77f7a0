/* command.c - sdrctl export: tables for a mail system without sdr
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses come from the replica. Each is decided as sdr would decide it at
 * the site of that system, except that "on hold" is ignored: that system cannot
 * hold mail.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "change/journal.h"
#include "change/wait.h"
#include "chosen.h"
#include "command.h"
#include "decision/source.h"
#include "export/export.h"
#include "log.h"
#include "print.h"
#include "replica_copy.h"
#include "usage.h"

static const struct option options[] = {
    {"for", required_argument, NULL, 'f'},
    {"site", required_argument, NULL, 's'},
    {"since", required_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static const struct export_format *const formats[] = {
    &export_csv,    &export_postfix,  &export_exim,
    &export_cpanel, &export_exchange, &export_google};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

struct job {
    struct export export;
    struct sdr_config config; /* with that site as this-site */
    struct sdr_source source;
    const struct export_format *format;
    struct journal_content journal;
    struct export_addresses addresses;
    size_t mistakes;
};

/* ---- one address ---- */

static void
report_mistake(struct job *job, const char *address, const char *reason)
{
    char text[2048], clean[2048];

    job->mistakes++;
    snprintf(text, sizeof text, "%s: not exported: %s", address, reason);
    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    fprintf(stderr, "sdrctl export: %s\n", clean);
}

/* Print the line for a verdict, or report why it cannot be exported. */
static void
put(struct job *job, const char *address, const struct sdr_verdict *verdict)
{
    struct export_line line = {.action = verdict->kind == SDR_COPY ? EXPORT_COPY
                                         : verdict->kind == SDR_REDIRECT
                                             ? EXPORT_REDIRECT
                                             : EXPORT_REMOVE,
                               .address = address,
                               .targets = verdict->targets,
                               .count = verdict->target_count};
    const char *fault = export_fault(job->format, address);

    if (line.action == EXPORT_REMOVE)
        line.count = 0;
    for (unsigned i = 0; fault == NULL && i < line.count; i++)
        fault = export_fault(job->format, line.targets[i].address);
    if (fault == NULL)
        fault = job->format->line(&job->export, &line);
    if (fault != NULL)
        report_mistake(job, address, fault);
}

static void
act(struct job *job, const char *address, const struct sdr_verdict *verdict)
{
    switch (verdict->kind) {
    case SDR_PASS:
        if (job->export.is_difference)
            put(job, address, verdict);
        return;
    case SDR_REDIRECT:
    case SDR_COPY:
        put(job, address, verdict);
        return;
    case SDR_ROUTE:
        report_mistake(job, address,
                       "its site is reached by a next hop, not by an address");
        return;
    case SDR_REJECT:
    case SDR_DEFER:
        report_mistake(job, address, verdict->reason);
        return;
    }
}

static void
decide(struct job *job, const char *address)
{
    const struct sdr_config *config = job->export.config;
    struct sdr_question question;
    struct sdr_verdict verdict;
    struct sdr_answer answer;

    if (sdr_route_begin(config, address, &question, &verdict) == SDR_NOTFOUND) {
        question.keys.count =
            1; /* only the address itself, without weaker keys */
        sdr_source_lookup(&job->source, &question.keys, NULL, &answer);
        if (answer.status == SDR_OK)
            answer.facts.hold = false;
        sdr_route_decide(config, &question, &answer, &verdict);
    }
    act(job, address, &verdict);
}

/* Export an address of the replica, which is unquoted and in the canonical
 * domain, in that domain and all its aliases. */
static void
export_address(struct job *job, const char *text)
{
    const struct sdr_config *config = job->export.config;
    const char *at = strrchr(text, '@');
    const struct sdr_name *name =
        at != NULL ? sdr_config_name(config, at + 1) : NULL;
    struct sdr_address address;

    if (at == text) {
        report_mistake(job, text, "a catch-all");
        return;
    }
    if (name == NULL
        || sdr_address_make(&address, text, (size_t)(at - text), at + 1)
               != SDR_OK) {
        report_mistake(job, text, "not an address");
        return;
    }
    for (unsigned d = 0; d < config->domain_count; d++) {
        struct sdr_address copy;
        char written[SDR_ADDRESS_MAX + 1];

        if (config->domains[d].canonical != name->split)
            continue;
        sdr_address_copy_at(&copy, &address, config->domains[d].ascii);
        sdr_address_format(&copy, written, sizeof written);
        decide(job, written);
    }
}

/* ---- all addresses ---- */

/* Refuse to export from a replica that may lack entries. */
static enum sdr_status
check_replica(const struct job *job, struct sdr_error *error)
{
    for (unsigned d = 0; d < job->config.directory_count; d++) {
        struct copy copy;

        copy_read(&copy, &job->config, job->source.replica, d, time(NULL));
        if (copy.quality == COPY_FRESH || copy.quality == COPY_STALE)
            continue;
        if (copy.quality == COPY_NONE)
            *error = copy.reason;
        else
            sdr_error_set(error, "the replica is %s; see sdrctl sync status",
                          copy_quality_name(copy.quality));
        sdr_error_prefix(error, "directory %s",
                         job->config.directories[d].name);
        return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

static enum sdr_status
check_since(const struct job *job, struct sdr_error *error)
{
    size_t lacks =
        replica_lacks(&job->config, job->source.replica, &job->journal.changes);

    if (lacks == 0)
        return SDR_OK;
    sdr_error_set(error,
                  "the replica does not have %zu of the journal's %zu changes "
                  "yet, or these people were changed again since: then name "
                  "the later journal, or export all",
                  lacks, job->journal.changes.count);
    return SDR_TEMPFAIL;
}

static enum sdr_status
export_all(struct job *job, struct sdr_error *error)
{
    bool difference = job->export.is_difference;
    enum sdr_status status = check_replica(job, error);

    if (status == SDR_OK && difference)
        status = check_since(job, error);
    if (status == SDR_OK)
        status = export_addresses_read(
            &job->addresses, &job->config, job->source.replica,
            difference ? &job->journal.changes : NULL, error);
    if (status != SDR_OK)
        return status;
    job->format->begin(&job->export);
    for (size_t i = 0; i < job->addresses.count; i++)
        export_address(job, job->addresses.items[i]);
    return SDR_OK;
}

static int
run(struct job *job)
{
    struct sdr_error error = {""};
    enum sdr_status status = export_all(job, &error);

    export_addresses_clear(&job->addresses);
    if (status != SDR_OK) {
        print_error_line(&error);
        return sdr_status_exit(status);
    }
    if (job->mistakes == 0)
        return EX_OK;
    fprintf(stderr, "sdrctl export: %zu not exported\n", job->mistakes);
    return EX_DATAERR;
}

/* ---- the command line ---- */

static bool
find_format(struct job *job, const char *name, struct sdr_error *error)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (name != NULL && strcasecmp(formats[i]->name, name) == 0)
            job->format = formats[i];
    }
    if (job->format != NULL)
        return true;
    sdr_error_set(error, "expected --for csv, postfix, exim, cpanel, exchange "
                         "or google");
    return false;
}

static bool
find_site(struct job *job, const char *name, struct sdr_error *error)
{
    int site = name != NULL ? sdr_config_find_site(&job->config, name)
                            : (int)job->config.this_site;

    if (site < 0) {
        set_unknown(error, "site", name, &job->config, site_names);
        sdr_error_prefix(error, "--site");
        return false;
    }
    job->config.this_site = (unsigned)site;
    return true;
}

/* Read the journal at PATH, or of that name in journal-directory. Returns an
 * exit code. */
static int
read_journal(struct job *job, const char *path)
{
    char whole[4096];
    struct sdr_error error;
    enum sdr_status status;

    snprintf(whole, sizeof whole, "%s%s%s",
             strchr(path, '/') == NULL ? job->config.journal_directory : "",
             strchr(path, '/') == NULL ? "/" : "", path);
    status = journal_read(&job->journal, &job->config, whole, &error);
    if (status != SDR_OK) {
        print_error_line(&error);
        return status == SDR_NOTFOUND ? EX_NOINPUT : sdr_status_exit(status);
    }
    changes_drop_not_made(&job->journal.changes);
    job->export.is_difference = true;
    return EX_OK;
}

static int
export_from_replica(struct job *job, const char *since)
{
    struct sdr_replica *replica;
    int code = since != NULL ? read_journal(job, since) : EX_OK;

    if (code != EX_OK)
        return code;
    replica = sdr_replica_new(&job->config);
    job->source =
        (struct sdr_source){.config = &job->config, .replica = replica};
    code = replica != NULL ? run(job) : EX_TEMPFAIL;
    sdr_replica_free(&replica);
    if (since != NULL)
        journal_content_clear(&job->journal);
    return code;
}

int
command_export(struct sdr *sdr, int argc, char **argv)
{
    struct job job = {.config = *sdr_get_config(sdr)};
    const char *format = NULL, *site = NULL, *since = NULL;
    struct sdr_error error;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return usage_hint("export");
        *(c == 'f' ? &format : c == 's' ? &site : &since) = optarg;
    }
    if (optind < argc)
        return usage_error("export", "unexpected argument: %s", argv[optind]);
    if (!find_format(&job, format, &error) || !find_site(&job, site, &error))
        return usage_error("export", "%s", error.text);
    job.export.config = &job.config;
    if (job.config.replica.path == NULL)
        return report_no_replica(&job.config);
    return export_from_replica(&job, since);
}
