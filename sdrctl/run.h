/* run.h - changes made one by one, each in the journal first
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_RUN_H
#define SDRCTL_RUN_H

#include <stdbool.h>

#include "admin.h"
#include "change.h"
#include "config.h"

struct run {
    const struct sdr_config *config;
    struct admin *admin;
    const char *command; /* for the journal */
    const char *done;    /* what has happened to who was changed: "moved" */
    bool json, quiet;
};

/* Make the changes, and say of each what became of it. A signal to end lets the
 * one under way come to its end, and lists the rest. Returns an exit code: 0,
 * all are made; 75, some are not; 77, there is no right to; 74, there can be no
 * journal, and nothing was changed. */
int
run_changes(const struct run *run, const struct changes *changes);

#endif
