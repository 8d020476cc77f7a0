/* progress.h - how far a wave is, by the records of its plan
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions.
 */
#ifndef SDRCTL_PROGRESS_H
#define SDRCTL_PROGRESS_H

#include "plan/plan.h"
#include "plan/state.h"

enum wave_state {
    WAVE_NOT_BEGUN,
    WAVE_BEGUN, /* a step has started */
    WAVE_DONE,
    WAVE_BEING_UNDONE,
    WAVE_UNDONE,
    WAVE_LEFT_OUT /* it was undone, and the plan continues without it */
};
enum { WAVE_STATES = WAVE_LEFT_OUT + 1 };

extern const char *const wave_state_names[WAVE_STATES];

struct progress {
    enum wave_state state;
    size_t base;                       /* the index of its first record */
    const struct record *steps[STEPS]; /* the last of each; NULL: none */
    const struct record *undo;         /* the last one; NULL: none */
    const char *fingerprint;           /* NULL: nothing was changed yet */
    bool accepted; /* a step that was not done counts as done */
};

/* Find the progress of the wave with this name. It borrows from the state until
 * the next state_add(). */
void
progress_find(struct progress *progress, const struct state *state,
              const char *name);

/* True if the wave has the step. */
bool
wave_has(const struct wave *wave, enum step step);

/* True if the step is done or accepted. */
bool
progress_is_done(const struct progress *progress, const struct wave *wave,
                 enum step step);

/* Returns the first step that is not; STEPS if all are. */
enum step
progress_next(const struct progress *progress, const struct wave *wave);

/* Returns the state. Only this function returns WAVE_DONE: progress_find() does
 * not know which steps the wave has. */
enum wave_state
progress_state(const struct progress *progress, const struct wave *wave);

#endif
