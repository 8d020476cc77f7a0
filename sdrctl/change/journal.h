/* journal.h - a record of changes, so that they can be undone
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One file for each run in journal-directory, LDIF that ldapmodify could
 * replay. Each change is on disk before it is made; a comment after it has the
 * result. The comments at the top:
 *
 *   # sdrctl journal 1
 *   # date: 2026-11-21T10:00:00Z
 *   # administrator: cn=admin,dc=example,dc=com (root)
 *   # command: move --to hosted
 *   # wave: ID 7 sales move
 *
 * of which the last is only in journals of a plan's step: see plan/state.h;
 * and before each record "# directory: NAME" and "# address: ADDRESS". Before
 * a record of a file "# octets: OFFSET BEFORE AFTER" has what it replaces in
 * the entry, in base64, and "# results: RESULT" after several is that of all.
 */
#ifndef SDRCTL_JOURNAL_H
#define SDRCTL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "change/change.h"
#include "config/config.h"
#include "status.h"

#define JOURNAL_FIRST_LINE "# sdrctl journal 1"

struct journal;

/* Begin the journal of a run. ORIGIN is the step of a plan that it is part of,
 * NULL: none. SDR_OK; or SDR_NOTFOUND, SDR_CONFIG or
 * SDR_TEMPFAIL with the reason: then nothing may be changed. */
enum sdr_status SDR_MUST_USE
journal_begin(struct journal **journal, const struct sdr_config *config,
              const char *administrator, const char *command,
              const char *origin, struct sdr_error *error);

const char *
journal_path(const struct journal *journal);

/* Write the change to disk, before it is made. False with the reason. */
bool
journal_write(struct journal *journal, const struct change *change,
              struct sdr_error *error);

/* Write the change, which is on disk only after journal_sync(). Results as
 * above. */
bool
journal_add(struct journal *journal, const struct change *change,
            struct sdr_error *error);

bool
journal_sync(struct journal *journal, struct sdr_error *error);

/* Write the result of all changes that have none. */
void
journal_results(struct journal *journal, const char *result);

/* Write the result of the change: "done", or the reason why not. */
void
journal_result(struct journal *journal, const char *result);

/* Close it and set the pointer to NULL. A journal without changes is removed.
 */
void
journal_end(struct journal **journal);

/* The content of a journal. */
struct journal_content {
    char date[32], administrator[256], command[512];
    struct changes changes; /* in their order */
};

/* Read the journal at PATH. SDR_OK, and the content is freed by
 * journal_content_clear(); SDR_INVALID with file and line of the error; or as
 * journal_file_open(). */
enum sdr_status SDR_MUST_USE
journal_read(struct journal_content *content, const struct sdr_config *config,
             const char *path, struct sdr_error *error);

/* Read only whose step the journal is part of, "" if of none. A file that was
 * broken off before the first change is no journal: "". SDR_OK; or as
 * journal_file_open(). */
enum sdr_status SDR_MUST_USE
journal_read_origin(const char *path, char *origin, size_t size,
                    struct sdr_error *error);

void
journal_content_clear(struct journal_content *content);

#endif
