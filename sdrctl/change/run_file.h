/* run_file.h - apply several changes to one LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_RUN_FILE_H
#define SDRCTL_RUN_FILE_H

#include "change/admin.h"
#include "change/change.h"
#include "change/journal.h"

/* Changes of one directory. RESULTS and ERRORS, one for each change, are arrays
 * of the caller. */
struct file_run {
    struct change *items;
    size_t count;
    enum change_result *results;
    struct sdr_error *errors;
};

/* Write the changes to the journal and replace the file. Returns false, with
 * the reason, if none was made; the results CHANGE_DONE and CHANGE_FAILED then
 * have that reason. */
bool
run_file(struct file_run *of, struct admin *admin, struct journal *journal,
         struct sdr_error *error);

#endif
