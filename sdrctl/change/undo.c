/* undo.c - sdrctl undo: apply the inverse of a journal
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "change/admin.h"
#include "change/change_show.h"
#include "change/commands.h"
#include "change/journal.h"
#include "change/journal_check.h"
#include "change/run.h"
#include "command.h"
#include "print.h"
#include "usage.h"
#include "change/wait.h"
#include "change/options.h"

static const struct option options[] = {
    WRITER_OPTIONS,
    {NULL, 0, NULL, 0},
};

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
undo(struct sdr *sdr, const struct writer *writer, const char *path,
     struct changes *changes)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    char command[512];
    struct run run = {.config = config,
                      .command = command,
                      .origin = writer->origin,
                      .done = "undone",
                      .json = writer->json,
                      .quiet = writer->quiet,
                      .brief = writer->brief,
                      .shows_values = true};
    int code;

    snprintf(command, sizeof command, "undo %s", path);
    run.admin = admin_new(config, &writer->credentials);
    if (run.admin == NULL)
        return EX_TEMPFAIL;
    code = run_changes(&run, changes);
    admin_free(&run.admin);
    if (code == EX_OK)
        code =
            wait_for_replica(sdr, changes, writer->wait, run.quiet || run.json);
    return code;
}

/* Print LDIF, with a readable form in comments. */
static void
print_all(const struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        fputs("# ", stdout);
        print_clean(changes->items[i].address);
        fputs("\n#     ", stdout);
        print_clean(changes->items[i].dn);
        change_show(&changes->items[i]);
        putchar('\n');
        change_print(&changes->items[i], stdout);
    }
}

/* Returns the exit code. If it is 0, the caller clears the content. */
static int
read_journal(struct journal_content *content, const struct sdr_config *config,
             const char *path)
{
    struct sdr_error error;
    enum sdr_status status = journal_read(content, config, path, &error);

    if (status == SDR_OK) {
        status = journal_check(config, &content->changes, path, &error);
        if (status != SDR_OK)
            journal_content_clear(content);
    }
    if (status == SDR_OK)
        return EX_OK;
    print_error_line(&error);
    fputs("sdrctl: nothing was changed\n", stderr);
    return status == SDR_NOTFOUND ? EX_NOINPUT : sdr_status_exit(status);
}

int
undo_command(struct sdr *sdr, const char *origin, bool brief, int argc,
             char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    struct writer writer = {.origin = origin, .brief = brief};
    struct journal_content content;
    struct sdr_error error;
    int c, code;

    while ((c = getopt_long(argc, argv, WRITER_LETTERS, options, NULL)) != -1) {
        if (!writer_option(&writer, c))
            return usage_hint("undo");
    }
    if (argc - optind != 1)
        return usage_error("undo", "expected one journal, not %d",
                           argc - optind);
    if (!writer_is_valid(&writer, &error))
        return usage_error("undo", "%s", error.text);
    code = read_journal(&content, config, argv[optind]);
    if (code != EX_OK)
        return code;
    /* The values of an entry that was not changed are somebody else's. */
    changes_drop_not_made(&content.changes);
    invert(&content.changes);
    if (writer.dry_run)
        print_all(&content.changes);
    else
        code = undo(sdr, &writer, argv[optind], &content.changes);
    journal_content_clear(&content);
    return code;
}

int
command_undo(struct sdr *sdr, int argc, char **argv)
{
    return undo_command(sdr, NULL, false, argc, argv);
}
