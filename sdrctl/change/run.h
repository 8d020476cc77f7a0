/* run.h - apply changes one by one, each after it is in the journal
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_RUN_H
#define SDRCTL_RUN_H

#include <stdbool.h>

#include "change/admin.h"
#include "change/change.h"
#include "config/config.h"

struct run {
    const struct sdr_config *config;
    struct admin *admin;
    const char *command; /* for the journal */
    const char *origin;  /* likewise; NULL: not part of a plan */
    const char *done;    /* the result for a change that is made: "moved" */
    bool json, quiet;
    bool brief;        /* print the counts, and only what was not done */
    bool shows_values; /* also print the entry and the values of each change */
};

/* Apply the changes and print the result of each. Those of a file are made
 * together, by one replacement of it. After a signal to terminate
 * the current change is completed, and the rest is listed. Returns an exit
 * code: 0, all are made; 75, some are not; 77, permission denied; 74, the
 * journal cannot be written, and nothing was changed. */
int
run_changes(const struct run *run, struct changes *changes);

#endif
