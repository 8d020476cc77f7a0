/* history.c - sdrctl history: what the journals say
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "journal.h"
#include "json.h"
#include "sdrctl.h"

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct job {
    const struct sdr_config *config;
    const char *address; /* NULL: all runs */
    bool as_json;
};

/* ---- text ---- */

static void
print_values(const struct values *values)
{
    if (values->count == 0)
        putchar('-');
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0)
            putchar(',');
        print_clean(values->items[i].bv_val);
    }
}

static void
print_change(const struct journal_content *content, const struct change *change)
{
    printf("%s ", content->date);
    print_clean(change->address);
    for (unsigned i = 0; i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];

        if (strcasecmp(attribute->name, "objectClass") == 0)
            continue;
        putchar(' ');
        print_clean(attribute->name);
        putchar('=');
        print_values(&attribute->before);
        fputs("->", stdout);
        print_values(&attribute->after);
    }
    fputs(" by ", stdout);
    print_clean(content->administrator);
    putchar('\n');
}

static void
print_run(const struct journal_content *content, const char *path)
{
    printf("%s %s: %zu change%s by ", content->date, content->command,
           content->changes.count, content->changes.count == 1 ? "" : "s");
    print_clean(content->administrator);
    printf("\n    %s\n", path);
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
make_values(const struct values *values)
{
    json_t *array = json_array();

    for (size_t i = 0; i < values->count; i++)
        json_array_append_new(array, make_string(values->items[i].bv_val));
    return array;
}

static json_t *
make_attributes(const struct change *change)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];
        json_t *values = json_object();

        json_object_set_new(values, "before", make_values(&attribute->before));
        json_object_set_new(values, "after", make_values(&attribute->after));
        json_object_set_new(object, attribute->name, values);
    }
    return object;
}

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
    json_object_set_new(object, "attributes", make_attributes(change));
    print_object(object);
}

/* ---- journals ---- */

static void
tell_changes(const struct job *job, const struct journal_content *content,
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

/* False if the journal cannot be read, which is said. */
static bool
tell_journal(const struct job *job, const char *path)
{
    struct journal_content content;
    struct sdr_error error;

    if (journal_read(&content, job->config, path, &error) != SDR_OK) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    if (job->address != NULL)
        tell_changes(job, &content, path);
    else if (job->as_json)
        print_run_json(&content, path);
    else
        print_run(&content, path);
    journal_content_clear(&content);
    return true;
}

static int
is_journal(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5
           && strcmp(entry->d_name + len - 5, ".ldif") == 0;
}

static int
tell_all(const struct job *job)
{
    const char *folder = job->config->journal_directory;
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_journal, alphasort);
    int code = EX_OK;

    if (count < 0) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return EX_NOINPUT;
    }
    for (int i = 0; i < count; i++) {
        char *path = NULL;

        if (asprintf(&path, "%s/%s", folder, names[i]->d_name) < 0
            || !tell_journal(job, path))
            code = EX_DATAERR;
        free(path);
        free(names[i]);
    }
    free(names);
    return code;
}

int
command_history(struct sdr *sdr, int argc, char **argv)
{
    struct job job = {.config = sdr_get_config(sdr)};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return bad_use("history", "bad option");
        job.as_json = true;
    }
    if (argc - optind > 1)
        return bad_use("history", "one address at most");
    job.address = argv[optind]; /* NULL after the last */
    return tell_all(&job);
}
