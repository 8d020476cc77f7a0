/* run.h - run a plan, or take a wave of it back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_RUN_H
#define SDRCTL_PLAN_RUN_H

#include "change/admin.h"
#include "plan/plan.h"
#include "plan/progress.h"
#include "plan/state.h"
#include "decision/sdr.h"

/* A growing list of arguments, all borrowed. */
struct arguments {
    char **items;
    size_t count, room;
};

struct plan_run {
    struct sdr *sdr;
    const struct sdr_config *config;
    const char *path; /* of the plan */
    struct plan plan; /* not of an undo */
    struct state state;
    struct credentials credentials;
    struct arguments writer;  /* for commands that change a directory */
    struct arguments network; /* for move --verify and verify */
    struct arguments proof;   /* for verify */
    bool quiet;               /* print only what was not done */
    bool verbose;             /* print each change, not only how many */
    bool repeat, accept;      /* what the administrator has decided, once */
    bool looked_up;           /* all recipients, when the run began */
};

/* False without memory. */
bool
arguments_add(struct arguments *arguments, const char *item);

bool
arguments_add_all(struct arguments *arguments, const struct arguments *more);

/* Print a line about the wave, unless that is unwanted. */
SDR_PRINTF(3, 4)
void
plan_say(const struct plan_run *run, const char *wave, const char *format, ...);

/* Run a step of the wave, whose record "started" comes next. Returns 0 if it is
 * done; or -1 with the reason. */
int
step_run(struct plan_run *run, const struct wave *wave, size_t base,
         enum step step, struct sdr_error *error);

/* Print a step as a command line. */
void
step_print(struct plan_run *run, const struct wave *wave, enum step step);

/* The last journal of the step since the record with the index BASE, also of an
 * interrupted run of it; "" if there is none. */
void
step_journal(struct plan_run *run, const struct wave *wave, size_t base,
             enum step step, char *path, size_t size);

/* Check that the waves that have changed something are as they were then.
 * Prints errors, and returns the exit code. */
int
plan_check_begun(struct plan_run *run);

/* Look up the recipients of all waves. Prints as errors which recipients of the
 * wave ONLY cannot be moved, because there is no entry, for example, and whose
 * entry is in another wave too; if ONLY is NULL, those of all waves that have
 * changed nothing yet. Returns the exit code. */
int
plan_look_up(struct plan_run *run, const struct wave *only);

/* Print the steps of the plan, and all errors. Returns the exit code. */
int
plan_dry_run(struct plan_run *run);

/* Run the plan. Returns the exit code. */
int
plan_run(struct plan_run *run);

/* Take the wave back. Returns the exit code. */
int
plan_undo(struct plan_run *run, const char *wave);

/* How many recipients are on hold by the wave. */
struct held {
    size_t count;
    bool sure; /* else no more than that: the directory did not answer */
};

/* SDR_OK; else the reason: the journals cannot be read. */
enum sdr_status SDR_MUST_USE
held_count(struct plan_run *run, const char *wave, size_t base,
           struct held *held, struct sdr_error *error);

/* Print it on standard error, unless it is 0 for sure. */
void
held_report(struct plan_run *run, const char *wave, size_t base);

/* Print the state of all waves. Returns the exit code. RUNS: another process
 * works on the plan. */
int
plan_status(struct plan_run *run, bool runs, bool as_json);

#endif
