/* history.c - sdrctl history: the content of the journals
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "change/change_show.h"
#include "change/journal.h"
#include "change/journal_file.h"
#include "json.h"
#include "command.h"
#include "print.h"
#include "usage.h"

struct job {
    const struct sdr_config *config;
    const char *address; /* NULL: all runs */
    bool as_json;
};

/* ---- text ---- */

static void
print_change(const struct journal_content *content, const struct change *change)
{
    print_clean(content->date);
    putchar(' ');
    print_clean(change->address);
    change_show(change);
    if (!change->has_result)
        fputs(" (interrupted, it is not known whether it was made)", stdout);
    else if (change->not_made)
        fputs(" (not made)", stdout);
    fputs(" by ", stdout);
    print_clean(content->administrator);
    putchar('\n');
}

static void
print_run(const struct journal_content *content, const char *path)
{
    print_clean(content->date);
    putchar(' ');
    print_clean(content->command);
    printf(": %zu change%s by ", content->changes.count,
           content->changes.count == 1 ? "" : "s");
    print_clean(content->administrator);
    fputs("\n    ", stdout);
    print_clean(path);
    putchar('\n');
}

static bool
same_address(const char *a, const char *b)
{
    struct sdr_address x, y;

    return sdr_address_parse(&x, a) == SDR_OK
           && sdr_address_parse(&y, b) == SDR_OK && sdr_address_same(&x, &y);
}

/* ---- JSON ---- */

static json_t *
make_run(const struct journal_content *content, const char *path)
{
    json_t *object = json_object();

    json_object_set_new(object, "date", make_string(content->date));
    json_object_set_new(object, "administrator",
                        make_string(content->administrator));
    json_object_set_new(object, "command", make_string(content->command));
    json_object_set_new(object, "journal", make_string(path));
    return object;
}

static void
print_run_json(const struct journal_content *content, const char *path)
{
    json_t *object = make_run(content, path);

    json_object_set_new(object, "changes",
                        json_integer((json_int_t)content->changes.count));
    print_object(object);
}

static void
print_change_json(const struct journal_content *content, const char *path,
                  const struct change *change)
{
    json_t *object = make_run(content, path);

    json_object_set_new(object, "address", make_string(change->address));
    json_object_set_new(object, "dn", make_string(change->dn));
    json_object_set_new(object, "made",
                        change->has_result ? json_boolean(!change->not_made)
                                           : json_null());
    json_object_set_new(object, "attributes", change_make_json(change));
    print_object(object);
}

/* ---- journals ---- */

static void
report_changes(const struct job *job, const struct journal_content *content,
               const char *path)
{
    for (size_t i = 0; i < content->changes.count; i++) {
        const struct change *change = &content->changes.items[i];

        if (!same_address(change->address, job->address))
            continue;
        if (job->as_json)
            print_change_json(content, path, change);
        else
            print_change(content, change);
    }
}

/* Print one journal, or its changes of the address. Returns false, after
 * printing the error, if the journal cannot be read. */
static bool
report_journal(const struct job *job, const char *path)
{
    struct journal_content content;
    struct sdr_error error;

    if (journal_read(&content, job->config, path, &error) != SDR_OK) {
        print_error_line(&error);
        return false;
    }
    if (job->address != NULL)
        report_changes(job, &content, path);
    else if (job->as_json)
        print_run_json(&content, path);
    else
        print_run(&content, path);
    journal_content_clear(&content);
    return true;
}

/* Report that there are no journals, and whether they are in the old folder. */
static void
report_none(const char *folder)
{
    static const char old[] = "/var/lib/sdr/journal";

    fprintf(stderr, "sdrctl: no journals in %s\n", folder);
    if (strcmp(folder, old) != 0 && access(old, F_OK) == 0)
        fprintf(
            stderr,
            "sdrctl: the folder %s is no longer used: see FILES in sdrctl(8)\n",
            old);
}

static int
report_all(const struct job *job)
{
    const char *folder = job->config->journal_directory;
    struct journal_list list = {NULL, 0};
    struct sdr_error error;
    enum sdr_status status = journal_list_read(&list, folder, &error);
    int code = EX_OK;

    if (status != SDR_OK && status != SDR_NOTFOUND) {
        print_error_line(&error);
        return sdr_status_exit(status);
    }
    if (list.count == 0)
        report_none(folder);
    for (size_t i = 0; i < list.count; i++) {
        if (!report_journal(job, list.paths[i]))
            code = EX_DATAERR;
    }
    journal_list_clear(&list);
    return code;
}

int
command_history(struct sdr *sdr, int argc, char **argv)
{
    struct job job = {.config = sdr_get_config(sdr)};

    if (!read_json_option(argc, argv, "history", &job.as_json))
        return EX_USAGE;
    if (argc - optind > 1)
        return usage_error("history", "unexpected argument: %s",
                           argv[optind + 1]);
    job.address = argv[optind]; /* NULL after the last */
    if (job.address != NULL && !same_address(job.address, job.address))
        return usage_error("history", "\"%s\" is not an address", job.address);
    return report_all(&job);
}
