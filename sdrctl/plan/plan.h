/* plan.h - a plan: waves of recipients that move one after the other
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The file has the form of sdr.conf: see sdrctl(8). For one thread.
 */
#ifndef SDRCTL_PLAN_H
#define SDRCTL_PLAN_H

#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "plan/state.h"

enum plan_verify {
    PLAN_VERIFY_NO,
    PLAN_VERIFY_BEFORE, /* only before the move */
    PLAN_VERIFY_YES
};

struct wave {
    /* as written; NULL: not given */
    const char *name, *recipients, *to_text, *from_text, *start_text, *command;
    bool hold;
    enum plan_verify verify;
    char *path;         /* of the file of recipients */
    size_t count;       /* how many recipients it has */
    unsigned to, from;  /* sites */
    time_t start;       /* 0: at once */
    char **words;       /* of the command, then NULL; NULL: no command */
    char *words_memory; /* holds the words */
    char
        fingerprint[FINGERPRINT_SIZE]; /* of everything but start and command */
};

struct plan {
    const struct sdr_config *config;
    const char *path; /* borrowed */
    struct wave *waves;
    unsigned count;
    struct ini_cfgobj *parsed; /* holds the texts */
    char **sections;           /* holds the names */
};

/* Read the plan and its files of recipients. Prints all errors on standard
 * error. Returns an exit code: 0; 65 if a file of recipients is wrong; 78 if
 * the plan is wrong. The caller calls plan_clear() in any case. */
int
plan_read(struct plan *plan, const struct sdr_config *config, const char *path);

/* Do the same without the files of recipients. */
int
plan_read_waves(struct plan *plan, const struct sdr_config *config,
                const char *path);

void
plan_clear(struct plan *plan);

/* Returns the wave with this name, or NULL. */
const struct wave *
plan_find(const struct plan *plan, const char *name);

#endif
