/* command.c - sdrctl diff: whose mail would go elsewhere after a change
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "chosen.h"
#include "command.h"
#include "diff/diff.h"
#include "diff/log_recipients.h"
#include "print.h"
#include "replica/fingerprint.h"
#include "replica/record.h"
#include "usage.h"
#include "verify/addresses.h"

/* The exit code if there is a difference, as of diff(1). */
enum { DIFFERENT = 1 };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"ldif", required_argument, NULL, 'f'},
    {"batch", required_argument, NULL, 'b'},
    {"to", required_argument, NULL, 't'},
    {"from-log", required_argument, NULL, 'l'},
    {"csv", no_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct arguments {
    const char *config, *ldif, *batch, *to, *log, *list;
    unsigned directory; /* that the LDIF file is for */
};

/* ---- the arguments ---- */

static bool
read_option(struct diff *diff, struct arguments *arguments, int c,
            struct sdr_error *error)
{
    switch (c) {
    case 'c':
        arguments->config = optarg;
        return true;
    case 'f':
        arguments->ldif = optarg;
        return true;
    case 'b':
        arguments->batch = optarg;
        return true;
    case 't':
        arguments->to = optarg;
        return true;
    case 'l':
        arguments->log = optarg;
        return true;
    case 's':
    case 'j':
        if (diff->format != DIFF_TEXT)
            sdr_error_set(error, "use only one of --csv and --json");
        diff->format = c == 's' ? DIFF_CSV : DIFF_JSON;
        return error->text[0] == '\0';
    default:
        return false;
    }
}

static bool
check_arguments(struct diff *diff, struct arguments *arguments, int lists,
                struct sdr_error *error)
{
    const struct sdr_config *config = sdr_get_config(diff->before);

    diff->moves = arguments->batch != NULL;
    if ((arguments->config != NULL) + (arguments->ldif != NULL)
            + (arguments->batch != NULL)
        != 1)
        sdr_error_set(error, "expected one of --config, --ldif and --batch");
    else if ((arguments->batch != NULL) != (arguments->to != NULL))
        sdr_error_set(error, "--batch and --to SITE belong together");
    else if (lists + (arguments->log != NULL) > 1)
        sdr_error_set(error, "expected one list of recipients or --from-log");
    else if (arguments->ldif != NULL
             && !new_ldif_find_directory(config, &arguments->directory))
        sdr_error_set(error,
                      "--ldif: which directory? Neither is there only one, nor "
                      "is only one a file; use --config");
    return error->text[0] == '\0'
           && find_named_site(config, "--to", arguments->to, &diff->to, error);
}

/* ---- what is after the change ---- */

static void
on_config_error(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "sdrctl: %s\n", text);
}

static bool
same_uris(const struct sdr_list *a, const struct sdr_list *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return a->count == b->count;
}

/* The replica does not say which server it comes from. */
static bool
shares_replica(const struct sdr_config *before, const struct sdr_config *after,
               struct sdr_error *error)
{
    if (before->replica.path == NULL || after->replica.path == NULL
        || strcmp(before->replica.path, after->replica.path) != 0)
        return true;
    for (unsigned i = 0; i < after->directory_count; i++) {
        int index = find_directory(before, after->directories[i].name);

        if (index < 0
            || same_uris(&before->directories[index].uris,
                         &after->directories[i].uris))
            continue;
        sdr_error_set(error,
                      "directory %s: another uri needs another replica: "
                      "change path in [replica], then run sdr-sync -c %s "
                      "--once",
                      after->directories[i].name, after->path);
        return false;
    }
    return true;
}

/* True if both configurations ask the same replica the same questions, and read
 * the same facts. */
static bool
same_facts(const struct sdr_config *before, const struct sdr_config *after)
{
    unsigned char one[SDR_RECORD_FINGERPRINT], other[sizeof one];
    bool same =
        before->replica.path != NULL && after->replica.path != NULL
        && strcmp(before->replica.path, after->replica.path) == 0
        && before->directory_count == after->directory_count
        && before->this_site == after->this_site
        && strcmp(before->recipient_delimiter, after->recipient_delimiter) == 0;

    for (unsigned i = 0; same && i < before->directory_count; i++)
        same = sdr_fingerprint(before, i, one)
               && sdr_fingerprint(after, i, other)
               && memcmp(one, other, sizeof one) == 0;
    return same;
}

/* Returns the exit code. */
static int
open_config(struct diff *diff, const char *path)
{
    struct sdr_trace errors = {on_config_error, NULL};
    struct sdr_error error = {""};
    enum sdr_status status = sdr_open(&diff->after, path, &errors);

    if (status != SDR_OK)
        return sdr_status_exit(status);
    if (shares_replica(sdr_get_config(diff->before),
                       sdr_get_config(diff->after), &error)) {
        diff->same_facts = same_facts(sdr_get_config(diff->before),
                                      sdr_get_config(diff->after));
        return EX_OK;
    }
    print_error_line(&error);
    return EX_CONFIG;
}

/* The same configuration, with another file. */
static int
open_ldif(struct diff *diff, const struct arguments *arguments)
{
    struct sdr_trace errors = {on_config_error, NULL};
    struct sdr_error error = {""};
    enum sdr_status status =
        sdr_open(&diff->after, sdr_get_config(diff->before)->path, &errors);

    if (status != SDR_OK)
        return sdr_status_exit(status);
    status = new_ldif_open(&diff->ldif, sdr_get_config(diff->after),
                           arguments->directory, arguments->ldif, &error);
    if (status == SDR_OK) {
        new_ldif_use(diff->ldif, diff->after);
        return EX_OK;
    }
    print_error_line(&error);
    return status == SDR_TEMPFAIL ? EX_TEMPFAIL : EX_DATAERR;
}

static int
open_after(struct diff *diff, const struct arguments *arguments)
{
    if (arguments->config != NULL)
        return open_config(diff, arguments->config);
    if (arguments->ldif != NULL)
        return open_ldif(diff, arguments);
    diff->after = sdr_ref(diff->before);
    return EX_OK;
}

/* ---- the recipients ---- */

/* Does sdr decide about this domain, before or after? */
static bool
is_ours(const struct diff *diff, const char *recipient)
{
    char domain[SDR_DOMAIN_MAX + 1];

    return sdr_address_find_domain(domain, recipient) == SDR_OK
           && (sdr_config_name(sdr_get_config(diff->before), domain) != NULL
               || sdr_config_name(sdr_get_config(diff->after), domain) != NULL);
}

static void
on_log_recipient(void *arg, const char *text, size_t len)
{
    struct diff *diff = arg;
    char recipient[2 * SDR_ADDRESS_MAX];

    if (len >= sizeof recipient)
        return;
    memcpy(recipient, text, len);
    recipient[len] = '\0';
    if (is_ours(diff, recipient) && !batch_add(&diff->recipients, recipient, 0))
        diff->no_memory = true;
}

static int
read_log(struct diff *diff, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    int code = EX_OK;

    if (file != NULL) {
        while (getline(&line, &size, file) > 0)
            log_recipients(line, on_log_recipient, diff);
    }
    if (file == NULL || ferror(file)) {
        struct sdr_error error;

        sdr_error_set(&error, "%s: %s", path, strerror(errno));
        print_error_line(&error);
        code = EX_DATAERR;
    }
    free(line);
    if (file != NULL && file != stdin)
        fclose(file);
    return code;
}

/* All that the directories have, before or after. */
static int
read_all(struct diff *diff)
{
    const struct sdr_config *before = sdr_get_config(diff->before);
    const struct sdr_config *after = sdr_get_config(diff->after);
    struct sdr_error error = {""};
    enum sdr_status status =
        addresses_read(&diff->recipients, before, NULL, &error);

    if (status == SDR_OK && diff->ldif != NULL)
        status = new_ldif_addresses(diff->ldif, &diff->recipients, &error);
    else if (status == SDR_OK && !diff->moves && !diff->same_facts) {
        status = addresses_read(&diff->recipients, after, NULL, &error);
        if (status != SDR_OK)
            sdr_error_prefix(&error, "%s", after->path);
    }
    if (status != SDR_OK)
        print_error_line(&error);
    return sdr_status_exit(status);
}

static int
read_recipients(struct diff *diff, const struct arguments *arguments)
{
    int code = EX_OK;

    if (arguments->log != NULL)
        code = read_log(diff, arguments->log);
    else if (arguments->list == NULL)
        return read_all(diff);
    else if (!batch_read(&diff->recipients, arguments->list,
                         batch_print_mistake, NULL))
        code = EX_DATAERR;
    batch_sort(&diff->recipients);
    return code;
}

/* ---- the run ---- */

static int
find_moved(struct diff *diff, const struct arguments *arguments)
{
    struct batch batch = {.items = NULL};
    int code = EX_DATAERR;

    if (batch_read(&batch, arguments->batch, batch_print_mistake, NULL))
        code = diff_find_moved(diff, &batch);
    batch_clear(&batch);
    return code;
}

static int
run(struct diff *diff, const struct arguments *arguments)
{
    int code = open_after(diff, arguments);

    if (code == EX_OK && diff->moves)
        code = find_moved(diff, arguments);
    if (code == EX_OK)
        code = read_recipients(diff, arguments);
    if (code != EX_OK)
        return code;
    diff_begin(diff);
    for (size_t i = 0; i < diff->recipients.count; i++) {
        if (diff_decide(diff, diff->recipients.items[i].address))
            diff_add(diff, diff->recipients.items[i].address);
    }
    diff_end(diff);
    if (diff->no_memory) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    if (diff->unknown > 0)
        return EX_TEMPFAIL;
    return diff->changed > 0 ? DIFFERENT : EX_OK;
}

static void
clear(struct diff *diff)
{
    for (size_t i = 0; i < diff->group_count; i++) {
        for (size_t j = 0; j < EXAMPLES; j++)
            free(diff->groups[i].examples[j]);
        free(diff->groups[i].words);
    }
    free(diff->groups);
    for (size_t i = 0; i < diff->moved_count; i++)
        free(diff->moved[i].dn);
    free(diff->moved);
    batch_clear(&diff->recipients);
    if (diff->after != NULL)
        sdr_close(&diff->after);
    new_ldif_close(&diff->ldif);
}

int
command_diff(struct sdr *sdr, int argc, char **argv)
{
    struct diff diff = {.before = sdr};
    struct arguments arguments = {.config = NULL};
    struct sdr_error error = {""};
    int c, code;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!read_option(&diff, &arguments, c, &error))
            return usage_error("diff", "%s", error.text);
    }
    if (argc - optind > 0)
        arguments.list = argv[optind];
    if (!check_arguments(&diff, &arguments, argc - optind, &error))
        return usage_error("diff", "%s", error.text);
    code = run(&diff, &arguments);
    clear(&diff);
    return code;
}
