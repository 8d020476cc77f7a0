/* plan.h - a plan: waves of recipients that move one after the other
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Read from a file in the form of sdr.conf, see sdrctl(8). One thread.
 */
#ifndef SDRCTL_PLAN_H
#define SDRCTL_PLAN_H

#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "plan/state.h"

enum plan_verify {
    PLAN_VERIFY_NO,
    PLAN_VERIFY_BEFORE, /* without the proof after the move */
    PLAN_VERIFY_YES
};

struct wave {
    /* as written; NULL: not given */
    const char *name, *recipients, *to_text, *from_text, *start_text, *command;
    bool hold;
    enum plan_verify verify;
    char *path;         /* of the recipients */
    size_t count;       /* of them */
    unsigned to, from;  /* sites */
    time_t start;       /* 0: at once */
    char **words;       /* of the command, ended by NULL; NULL: none */
    char *words_memory; /* theirs */
    char fingerprint[FINGERPRINT_SIZE]; /* of all but the start */
};

struct plan {
    const struct sdr_config *config;
    const char *path; /* borrowed */
    struct wave *waves;
    unsigned count;
    struct ini_cfgobj *parsed; /* holds the texts */
    char **sections;           /* holds the names */
};

/* Read the file and the files of recipients. All errors are printed on standard
 * error. Returns an exit code: 0; 65, the recipients are wrong; 78, the plan
 * is. The plan is freed by plan_clear() in any case. */
int
plan_read(struct plan *plan, const struct sdr_config *config, const char *path);

/* Read the file alone: an exit code, 0 or 78. */
int
plan_read_waves(struct plan *plan, const struct sdr_config *config,
                const char *path);

void
plan_clear(struct plan *plan);

/* NULL if there is none with this name. */
const struct wave *
plan_find(const struct plan *plan, const char *name);

#endif
