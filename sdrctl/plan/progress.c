/* progress.c - see progress.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/progress.h"

#include <string.h>

const char *const wave_state_names[WAVE_STATES] = {
    [WAVE_NOT_BEGUN] = "not begun", [WAVE_BEGUN] = "begun",
    [WAVE_DONE] = "done",           [WAVE_BEING_UNDONE] = "being undone",
    [WAVE_UNDONE] = "undone",       [WAVE_LEFT_OUT] = "left out",
};

bool
wave_has(const struct wave *wave, enum step step)
{
    switch (step) {
    case STEP_VERIFY:
        return wave->verify != PLAN_VERIFY_NO;
    case STEP_PROOF:
        return wave->verify == PLAN_VERIFY_YES;
    case STEP_HOLD:
    case STEP_RELEASE:
        return wave->hold;
    case STEP_COMMAND:
        return wave->words != NULL;
    case STEP_MOVE:
        return true;
    case STEP_UNDO:
        return false;
    }
    return false;
}

static void
read_undo(struct progress *progress, const struct record *record, size_t next)
{
    switch (record->event) {
    case EVENT_REPEAT:
        *progress = (struct progress){.base = next};
        return;
    case EVENT_LEFT_OUT:
        progress->state = WAVE_LEFT_OUT;
        break;
    case EVENT_DONE:
        progress->state = WAVE_UNDONE;
        break;
    case EVENT_ACCEPTED:
        progress->accepted = true;
        progress->state = WAVE_BEING_UNDONE;
        break;
    case EVENT_STARTED:
    case EVENT_FAILED:
    case EVENT_UNDONE:
        progress->state = WAVE_BEING_UNDONE;
        break;
    }
    progress->undo = record;
}

void
progress_find(struct progress *progress, const struct state *state,
              const char *name)
{
    *progress = (struct progress){.state = WAVE_NOT_BEGUN};
    for (size_t i = 0; i < state->count; i++) {
        const struct record *record = &state->records[i];

        if (strcmp(record->wave, name) != 0)
            continue;
        if (record->step == STEP_UNDO) {
            read_undo(progress, record, i + 1);
            continue;
        }
        progress->state = WAVE_BEGUN;
        progress->steps[record->step] = record;
        progress->accepted |= record->event == EVENT_ACCEPTED;
        if (record->event == EVENT_STARTED && record->step != STEP_VERIFY)
            progress->fingerprint = record->text;
    }
}

/* If the wave was edited after verify, before any other step, verify runs
 * again. The text of its "done" has the fingerprint, too. */
bool
progress_is_done(const struct progress *progress, const struct wave *wave,
                 enum step step)
{
    const struct record *record = progress->steps[step];

    if (record == NULL)
        return false;
    if (step == STEP_VERIFY && progress->fingerprint == NULL
        && strcmp(record->text, wave->fingerprint) != 0)
        return false;
    return record->event == EVENT_DONE || record->event == EVENT_ACCEPTED;
}

enum step
progress_next(const struct progress *progress, const struct wave *wave)
{
    unsigned step = 0;

    while (step < STEPS
           && (!wave_has(wave, (enum step)step)
               || progress_is_done(progress, wave, (enum step)step)))
        step++;
    return (enum step)step;
}

enum wave_state
progress_state(const struct progress *progress, const struct wave *wave)
{
    if (progress->state == WAVE_BEGUN
        && progress_next(progress, wave) == (enum step)STEPS)
        return WAVE_DONE;
    return progress->state;
}
