/* undo.c - sdrctl undo and history: what the journals say
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

#include "admin.h"
#include "journal.h"
#include "json.h"
#include "run.h"
#include "sdrctl.h"
#include "writer.h"

static const struct option options[] = {
    WRITER_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* ---- undo ---- */

/* The last change is undone first. */
static void
invert(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        change_invert(&changes->items[i]);
    for (size_t i = 0; i < changes->count / 2; i++) {
        struct change *a = &changes->items[i];
        struct change *b = &changes->items[changes->count - 1 - i];
        struct change c = *a;

        *a = *b;
        *b = c;
    }
}

static int
undo(const struct sdr_config *config, const struct writer *writer,
     const char *path, struct changes *changes)
{
    char command[512];
    struct run run = {.config = config,
                      .command = command,
                      .done = "undone",
                      .json = writer->json,
                      .quiet = writer->quiet};
    int code;

    snprintf(command, sizeof command, "undo %s", path);
    run.admin = admin_new(config, &writer->credentials);
    if (run.admin == NULL)
        return EX_TEMPFAIL;
    code = run_changes(&run, changes);
    admin_free(&run.admin);
    return code;
}

int
command_undo(struct sdr *sdr, int argc, char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    struct writer writer = {.dry_run = false};
    struct journal_content content;
    struct sdr_error error;
    const char *misuse;
    enum sdr_status status;
    int c, code = EX_OK;

    while ((c = getopt_long(argc, argv, WRITER_LETTERS, options, NULL)) != -1) {
        if (!writer_option(&writer, c))
            return bad_use("undo", "no such option");
    }
    misuse = argc - optind != 1 ? "which journal?" : writer_misuse(&writer);
    if (misuse != NULL)
        return bad_use("undo", misuse);
    status = journal_read(&content, config, argv[optind], &error);
    if (status != SDR_OK) {
        fprintf(stderr, "%s\n", error.text);
        return sdr_status_exit(status);
    }
    invert(&content.changes);
    for (size_t i = 0; writer.dry_run && i < content.changes.count; i++)
        change_print(&content.changes.items[i], stdout);
    if (!writer.dry_run)
        code = undo(config, &writer, argv[optind], &content.changes);
    journal_content_clear(&content);
    return code;
}

/* ---- history ---- */

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

/* False if the journal cannot be read, which is said. */
static bool
tell_journal(const struct sdr_config *config, const char *path,
             const char *address)
{
    struct journal_content content;
    struct sdr_error error;

    if (journal_read(&content, config, path, &error) != SDR_OK) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    if (address == NULL)
        print_run(&content, path);
    for (size_t i = 0; address != NULL && i < content.changes.count; i++) {
        if (same_address(content.changes.items[i].address, address))
            print_change(&content, &content.changes.items[i]);
    }
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

int
command_history(struct sdr *sdr, int argc, char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    const char *folder = config->journal_directory;
    struct dirent **names = NULL;
    int count, code = EX_OK;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return bad_use("history", "one address at most");
    count = scandir(folder, &names, is_journal, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return EX_NOINPUT;
    }
    for (int i = 0; i < count; i++) {
        char *path = NULL;

        if (asprintf(&path, "%s/%s", folder, names[i]->d_name) < 0
            || !tell_journal(config, path, argc > 1 ? argv[1] : NULL))
            code = EX_DATAERR;
        free(path);
        free(names[i]);
    }
    free(names);
    return code;
}
