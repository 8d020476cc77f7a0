/* undo.c - sdrctl undo: what a journal says, backwards
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin.h"
#include "journal.h"
#include "run.h"
#include "sdrctl.h"
#include "wait.h"
#include "writer.h"

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
    if (code == EX_OK)
        code =
            wait_for_replica(sdr, changes, writer->wait, run.quiet || run.json);
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
            return bad_use("undo", "bad option");
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
        code = undo(sdr, &writer, argv[optind], &content.changes);
    journal_content_clear(&content);
    return code;
}
