/* journal.h - what was changed, by whom and when, so that it can be undone
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One file for each run in journal-directory, LDIF that ldapmodify could
 * replay. Each change is on the disk before it is made; after it a comment
 * tells what became of it. The comments at the top:
 *
 *   # sdrctl journal 1
 *   # date: 2026-11-21T10:00:00Z
 *   # administrator: cn=admin,dc=example,dc=com (root)
 *   # command: move --to hosted
 *
 * and before each record "# directory: NAME" and "# address: ADDRESS".
 */
#ifndef SDRCTL_JOURNAL_H
#define SDRCTL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "change.h"
#include "config.h"
#include "status.h"

struct journal;

/* Begin the journal of a run. SDR_OK; SDR_CONFIG or SDR_TEMPFAIL with the
 * reason: then nothing may be changed. */
enum sdr_status SDR_MUST_USE
journal_begin(struct journal **journal, const struct sdr_config *config,
              const char *administrator, const char *command,
              struct sdr_error *error);

const char *
journal_path(const struct journal *journal);

/* Put the change on the disk, before it is made. False with the reason. */
bool
journal_write(struct journal *journal, const struct change *change,
              struct sdr_error *error);

/* What became of it: "done", or why not. */
void
journal_result(struct journal *journal, const char *result);

/* End it and set the pointer to NULL; one without any change is removed. */
void
journal_end(struct journal **journal);

/* What a journal says. */
struct journal_content {
    char date[32], administrator[256], command[512];
    struct changes changes; /* in their order */
};

/* Read the journal at PATH. SDR_OK, and the content is freed by
 * journal_content_clear(); or SDR_INVALID with file and line of what is wrong
 * with it; or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
journal_read(struct journal_content *content, const struct sdr_config *config,
             const char *path, struct sdr_error *error);

void
journal_content_clear(struct journal_content *content);

#endif
