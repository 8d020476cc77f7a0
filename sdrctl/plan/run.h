/* run.h - run a plan, show it, or undo one of its waves
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_RUN_H
#define SDRCTL_PLAN_RUN_H

#include "change/admin.h"
#include "plan/plan.h"
#include "plan/progress.h"
#include "plan/state.h"
#include "decision/sdr.h"

/* A list of arguments, which it borrows. */
struct arguments {
    char **items;
    size_t count, room;
};

struct plan_run {
    struct sdr *sdr;
    const struct sdr_config *config;
    const char *path; /* of the plan */
    struct plan plan; /* an undo does not need it */
    struct state state;
    struct credentials credentials;
    struct arguments writer;  /* of steps that change a directory */
    struct arguments network; /* of the steps verify and proof */
    struct arguments proof;   /* of the step proof */
    bool quiet;               /* print only what was not done */
    bool verbose;             /* print each change, not only how many */
    bool repeat, accept;      /* the options; false once they have applied */
    bool looked_up;           /* all recipients have been looked up */
};

/* Return false if out of memory. */
bool
arguments_add(struct arguments *arguments, const char *item);

bool
arguments_add_all(struct arguments *arguments, const struct arguments *more);

/* Print a line about the wave, or about the plan if WAVE is "". Does nothing
 * with --quiet. */
SDR_PRINTF(3, 4)
void
plan_say(const struct plan_run *run, const char *wave, const char *format, ...);

/* Record the start of the step, and run it. Returns 0 if it is done, or -1 with
 * the reason. */
int
step_run(struct plan_run *run, const struct wave *wave, size_t base,
         enum step step, struct sdr_error *error);

/* Print the step as a command. */
void
step_print(struct plan_run *run, const struct wave *wave, enum step step);

/* Set PATH to the last journal of the step since the record with the index
 * BASE, or to "" if there is none. An interrupted step may have written it. */
void
step_journal(struct plan_run *run, const struct wave *wave, size_t base,
             enum step step, char *path, size_t size);

/* Check that the waves that have changed something are as they were then.
 * Prints errors, and returns the exit code. */
int
plan_check_begun(struct plan_run *run);

/* Look up the recipients of all waves. Prints an error for each recipient that
 * cannot be moved, because it has no entry, for example, or whose entry is in
 * another wave, too. Checks the wave ONLY; or if it is NULL, all waves that
 * have changed nothing yet. Returns the exit code. */
int
plan_look_up(struct plan_run *run, const struct wave *only);

/* Print the steps of the plan, and check the recipients. Returns the exit code.
 */
int
plan_dry_run(struct plan_run *run);

/* Run the plan. Returns the exit code. */
int
plan_run(struct plan_run *run);

/* Undo the wave. Returns the exit code. */
int
plan_undo(struct plan_run *run, const char *wave);

/* How many recipients the wave has put on hold that are still on hold. */
struct held {
    size_t count;
    bool sure; /* false: no more than that; the directory did not answer */
};

/* Count them. BASE is that of struct progress. Returns SDR_OK; or another
 * status with the reason if the journals cannot be read. */
enum sdr_status SDR_MUST_USE
held_count(struct plan_run *run, const char *wave, size_t base,
           struct held *held, struct sdr_error *error);

/* Print the count on standard error, unless it is surely 0. */
void
held_report(struct plan_run *run, const char *wave, size_t base);

/* Print the state of all waves. RUNS: another process works on the plan.
 * Returns the exit code. */
int
plan_status(struct plan_run *run, bool runs, bool as_json);

#endif
