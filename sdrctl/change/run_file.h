/* run_file.h - make changes of one file together
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_RUN_FILE_H
#define SDRCTL_RUN_FILE_H

#include "change/admin.h"
#include "change/change.h"
#include "change/journal.h"

/* Changes of one directory; and for each its result and the reason, in memory
 * of the caller. */
struct file_run {
    struct change *items;
    size_t count;
    enum change_result *results;
    struct sdr_error *errors;
};

/* Write the changes to the journal and replace the file. False with the reason:
 * none was made, and where the result is CHANGE_DONE or CHANGE_FAILED, that is
 * why. */
bool
run_file(struct file_run *of, struct admin *admin, struct journal *journal,
         struct sdr_error *error);

#endif
