/* test_plan_progress.c - how far a wave is, by the records of its plan
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include "plan/progress.h"

enum { RECORDS = 12, DONE_ALL = STEPS };

#define NOW    "new" /* fingerprint of the wave */
#define BEFORE "old"

/* With all steps. */
static char *words[] = {"true", NULL};
static const struct wave full = {.name = "it",
                                 .hold = true,
                                 .verify = PLAN_VERIFY_YES,
                                 .words = words,
                                 .fingerprint = NOW};
static const struct wave bare = {
    .name = "it", .verify = PLAN_VERIFY_NO, .fingerprint = NOW};
static const struct wave checked = {
    .name = "it", .verify = PLAN_VERIFY_BEFORE, .fingerprint = NOW};

/* clang-format off */
#define SAY(step, event, text) {STEP_##step, EVENT_##event, text, "it"}
#define RAN(step)              SAY(step, STARTED, NOW), SAY(step, DONE, "/journal")
#define VERIFIED               SAY(VERIFY, STARTED, NOW), SAY(VERIFY, DONE, NOW)
/* clang-format on */

static const struct row {
    const char *name;
    const struct wave *wave;
    struct fact {
        enum step step;
        enum event event;
        const char *text, *wave;
    } records[RECORDS]; /* up to one without a wave */
    enum wave_state state;
    unsigned next;
    size_t base;
    const char *fingerprint; /* NULL: nothing may have changed */
    bool accepted;
} rows[] = {
    {"nothing", &full, {{0}}, WAVE_NOT_BEGUN, STEP_VERIFY, 0, NULL, false},
    {"another wave",
     &full,
     {{STEP_HOLD, EVENT_DONE, "", "other"}},
     WAVE_NOT_BEGUN,
     STEP_VERIFY,
     0,
     NULL,
     false},
    {"a name that begins alike",
     &full,
     {{STEP_HOLD, EVENT_DONE, "", "it2"}, {STEP_HOLD, EVENT_DONE, "", "i"}},
     WAVE_NOT_BEGUN,
     STEP_VERIFY,
     0,
     NULL,
     false},
    {"without verify", &bare, {{0}}, WAVE_NOT_BEGUN, STEP_MOVE, 0, NULL, false},
    {"verified: the list may still change",
     &full,
     {VERIFIED},
     WAVE_BEGUN,
     STEP_HOLD,
     0,
     NULL,
     false},
    {"verified, then changed",
     &full,
     {SAY(VERIFY, STARTED, BEFORE), SAY(VERIFY, DONE, BEFORE)},
     WAVE_BEGUN,
     STEP_VERIFY,
     0,
     NULL,
     false},
    {"accepted, then changed",
     &full,
     {SAY(VERIFY, STARTED, BEFORE), SAY(VERIFY, ACCEPTED, BEFORE)},
     WAVE_BEGUN,
     STEP_VERIFY,
     0,
     NULL,
     true},
    {"broken off: it may have changed something",
     &full,
     {VERIFIED, SAY(HOLD, STARTED, NOW)},
     WAVE_BEGUN,
     STEP_HOLD,
     0,
     NOW,
     false},
    {"failed",
     &full,
     {VERIFIED, RAN(HOLD), SAY(COMMAND, STARTED, NOW),
      SAY(COMMAND, FAILED, "exit code 3")},
     WAVE_BEGUN,
     STEP_COMMAND,
     0,
     NOW,
     false},
    {"done at the second try",
     &full,
     {VERIFIED, SAY(HOLD, STARTED, NOW), SAY(HOLD, FAILED, "x"), RAN(HOLD)},
     WAVE_BEGUN,
     STEP_COMMAND,
     0,
     NOW,
     false},
    {"accepted",
     &full,
     {VERIFIED, RAN(HOLD), SAY(COMMAND, STARTED, NOW),
      SAY(COMMAND, ACCEPTED, "")},
     WAVE_BEGUN,
     STEP_MOVE,
     0,
     NOW,
     true},
    {"all but the release",
     &full,
     {VERIFIED, RAN(HOLD), RAN(COMMAND), RAN(MOVE), RAN(PROOF)},
     WAVE_BEGUN,
     STEP_RELEASE,
     0,
     NOW,
     false},
    {"all",
     &full,
     {SAY(VERIFY, DONE, NOW), RAN(HOLD), SAY(COMMAND, DONE, ""), RAN(MOVE),
      RAN(PROOF), RAN(RELEASE)},
     WAVE_DONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"all, then edited",
     &full,
     {SAY(VERIFY, STARTED, BEFORE), SAY(VERIFY, DONE, BEFORE),
      SAY(HOLD, STARTED, BEFORE), SAY(HOLD, DONE, ""), SAY(COMMAND, DONE, ""),
      SAY(MOVE, DONE, ""), SAY(PROOF, DONE, ""), SAY(RELEASE, DONE, "")},
     WAVE_DONE,
     DONE_ALL,
     0,
     BEFORE,
     false},
    {"on hold, then edited",
     &full,
     {SAY(VERIFY, STARTED, BEFORE), SAY(VERIFY, DONE, BEFORE),
      SAY(HOLD, STARTED, BEFORE), SAY(HOLD, DONE, "")},
     WAVE_BEGUN,
     STEP_COMMAND,
     0,
     BEFORE,
     false},
    {"all of one step", &bare, {RAN(MOVE)}, WAVE_DONE, DONE_ALL, 0, NOW, false},
    {"all, without a proof",
     &checked,
     {VERIFIED, RAN(MOVE)},
     WAVE_DONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"another's records between",
     &bare,
     {{STEP_MOVE, EVENT_STARTED, BEFORE, "other"},
      RAN(MOVE),
      {STEP_UNDO, EVENT_DONE, "", "other"}},
     WAVE_DONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"being undone",
     &bare,
     {RAN(MOVE), SAY(UNDO, STARTED, "")},
     WAVE_BEING_UNDONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"a journal is undone",
     &bare,
     {RAN(MOVE), SAY(UNDO, STARTED, ""), SAY(UNDO, UNDONE, "/j")},
     WAVE_BEING_UNDONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"its undo has failed",
     &bare,
     {RAN(MOVE), SAY(UNDO, STARTED, ""), SAY(UNDO, FAILED, "x")},
     WAVE_BEING_UNDONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"its undo is accepted",
     &bare,
     {RAN(MOVE), SAY(UNDO, STARTED, ""), SAY(UNDO, ACCEPTED, "/j")},
     WAVE_BEING_UNDONE,
     DONE_ALL,
     0,
     NOW,
     true},
    {"undone",
     &bare,
     {RAN(MOVE), SAY(UNDO, STARTED, ""), SAY(UNDO, DONE, "")},
     WAVE_UNDONE,
     DONE_ALL,
     0,
     NOW,
     false},
    {"left out",
     &bare,
     {RAN(MOVE), SAY(UNDO, DONE, ""), SAY(UNDO, LEFT_OUT, "")},
     WAVE_LEFT_OUT,
     DONE_ALL,
     0,
     NOW,
     false},
    {"begins anew",
     &bare,
     {RAN(MOVE), SAY(UNDO, DONE, ""), SAY(UNDO, REPEAT, "")},
     WAVE_NOT_BEGUN,
     STEP_MOVE,
     4,
     NULL,
     false},
    {"anew, and done",
     &bare,
     {RAN(MOVE), SAY(UNDO, DONE, ""), SAY(UNDO, REPEAT, ""), RAN(MOVE)},
     WAVE_DONE,
     DONE_ALL,
     4,
     NOW,
     false},
    {"anew, after something was accepted",
     &bare,
     {SAY(MOVE, STARTED, BEFORE), SAY(MOVE, ACCEPTED, ""), SAY(UNDO, DONE, ""),
      SAY(UNDO, REPEAT, ""), SAY(MOVE, STARTED, NOW)},
     WAVE_BEGUN,
     STEP_MOVE,
     4,
     NOW,
     false},
};

static void
fill(struct record records[RECORDS], const struct fact *facts, size_t *count)
{
    for (*count = 0; *count < RECORDS && facts[*count].wave != NULL; ++*count) {
        const struct fact *fact = &facts[*count];
        struct record *record = &records[*count];

        *record = (struct record){.step = fact->step, .event = fact->event};
        snprintf(record->wave, sizeof record->wave, "%s", fact->wave);
        record->text = strdup(fact->text);
    }
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
test_rows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct record records[RECORDS];
        struct state state = {.records = records};
        struct progress progress;

        fill(records, row->records, &state.count);
        progress_find(&progress, &state, "it");
        unit_row(progress_state(&progress, row->wave) == row->state
                     && progress_next(&progress, row->wave)
                            == (enum step)row->next
                     && progress.base == row->base
                     && same_text(progress.fingerprint, row->fingerprint)
                     && progress.accepted == row->accepted,
                 "%s: %s, step %u, from %zu, %s", row->name,
                 wave_state_names[progress_state(&progress, row->wave)],
                 (unsigned)progress_next(&progress, row->wave), progress.base,
                 progress.fingerprint != NULL ? progress.fingerprint : "-");
        for (size_t j = 0; j < state.count; j++)
            free(records[j].text);
    }
    unit_end();
}

static void
test_steps(void **unused)
{
    (void)unused;
    for (unsigned step = 0; step < STEPS; step++) {
        unit_row(wave_has(&full, (enum step)step), "full: %u", step);
        unit_row(wave_has(&bare, (enum step)step) == (step == STEP_MOVE),
                 "bare: %u", step);
        unit_row(wave_has(&checked, (enum step)step)
                     == (step == STEP_MOVE || step == STEP_VERIFY),
                 "checked: %u", step);
    }
    unit_row(!wave_has(&full, STEP_UNDO), "undo");
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
