/* status.c - sdrctl plan --status; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "json.h"
#include "plan/lock.h"
#include "plan/run.h"
#include "print.h"

/* The state of a wave. */
struct view {
    const struct wave *wave;
    struct progress progress;
    enum wave_state state;
    struct held held;
    bool runs; /* a process works on the plan */
};

/* A wave that is over holds nobody, unless a step was accepted. */
static bool
may_hold(const struct view *view)
{
    switch (view->state) {
    case WAVE_NOT_BEGUN:
        return false;
    case WAVE_BEGUN:
    case WAVE_BEING_UNDONE:
        return true;
    case WAVE_DONE:
    case WAVE_UNDONE:
    case WAVE_LEFT_OUT:
        return view->progress.accepted;
    }
    return true;
}

static bool
make_view(struct plan_run *run, const struct wave *wave, struct view *view)
{
    struct sdr_error error;

    view->wave = wave;
    view->held = (struct held){0, true};
    progress_find(&view->progress, &run->state, wave->name);
    view->state = progress_state(&view->progress, wave);
    if (!may_hold(view)
        || held_count(run, wave->name, view->progress.base, &view->held, &error)
               == SDR_OK)
        return true;
    print_error_line(&error);
    return false;
}

/* ---- text ---- */

static const char *
event_word(const struct view *view, const struct record *record)
{
    switch (record->event) {
    case EVENT_STARTED:
        return view->runs ? "runs since" : "interrupted, began";
    case EVENT_DONE:
        return "done";
    case EVENT_FAILED:
        return "failed";
    case EVENT_ACCEPTED:
        return "accepted";
    case EVENT_UNDONE:
    case EVENT_LEFT_OUT:
    case EVENT_REPEAT:
        break;
    }
    return event_names[record->event];
}

static void
print_step(const struct view *view, enum step step)
{
    const struct record *record = view->progress.steps[step];

    if (!wave_has(view->wave, step) && record == NULL)
        return;
    printf("  %-10s", step_names[step]);
    if (record == NULL)
        putchar('-');
    else
        printf("%s %s", event_word(view, record), record->time);
    if (record != NULL && record->text[0] != '\0'
        && (record->event == EVENT_FAILED
            || (record->event == EVENT_DONE && record->text[0] == '/'))) {
        putchar(' ');
        print_clean(record->text);
    }
    putchar('\n');
}

/* Print which step has stopped or runs. */
static void
print_stop(const struct view *view)
{
    enum step next = progress_next(&view->progress, view->wave);
    const struct record *record =
        next < (enum step)STEPS ? view->progress.steps[next] : NULL;

    if (record != NULL && record->event == EVENT_FAILED)
        printf(", %s failed", step_names[next]);
    else if (record != NULL && record->event == EVENT_STARTED)
        printf(", %s %s", step_names[next],
               view->runs ? "runs" : "was interrupted");
    if (view->progress.fingerprint == NULL)
        fputs(", nothing changed yet", stdout);
}

static void
print_state(const struct view *view)
{
    const char *then = view->progress.fingerprint;

    printf("wave %s: %s", view->wave->name, wave_state_names[view->state]);
    if (view->state == WAVE_BEGUN)
        print_stop(view);
    if ((view->state == WAVE_BEGUN || view->state == WAVE_DONE) && then != NULL
        && strcmp(then, view->wave->fingerprint) != 0)
        fputs(", its section or its recipients were edited since", stdout);
    putchar('\n');
}

static void
print_view(const struct view *view)
{
    const struct wave *wave = view->wave;

    print_state(view);
    printf("  mailboxes %zu, to %s", wave->count, wave->to_text);
    if (wave->from_text != NULL)
        printf(" from %s", wave->from_text);
    if (wave->start_text != NULL)
        printf("\n  start     %s", wave->start_text);
    putchar('\n');
    for (unsigned i = 0; i < STEPS; i++)
        print_step(view, (enum step)i);
    if (view->progress.undo != NULL)
        printf("  undo      %s %s\n", event_word(view, view->progress.undo),
               view->progress.undo->time);
    if (view->held.count > 0)
        printf("  ON HOLD   %s%zu\n", view->held.sure ? "" : "up to ",
               view->held.count);
}

/* ---- JSON ---- */

static json_t *
text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? make_string(text) : json_null();
}

static json_t *
make_step(const struct record *record, const char *name)
{
    json_t *object = json_object();
    bool has_text = record != NULL && record->event != EVENT_STARTED
                    && strcmp(name, step_names[STEP_VERIFY]) != 0;

    json_object_set_new(object, "step", make_string(name));
    json_object_set_new(
        object, "state",
        text_or_null(record != NULL ? event_names[record->event] : NULL));
    json_object_set_new(object, "date",
                        text_or_null(record != NULL ? record->time : NULL));
    json_object_set_new(object, "journal-or-reason",
                        text_or_null(has_text ? record->text : NULL));
    return object;
}

static void
print_view_json(const struct view *view)
{
    const struct wave *wave = view->wave;
    json_t *object = json_object(), *steps = json_array();

    for (unsigned i = 0; i < STEPS; i++) {
        const struct record *record = view->progress.steps[i];

        if (wave_has(wave, (enum step)i) || record != NULL)
            json_array_append_new(steps, make_step(record, step_names[i]));
    }
    if (view->progress.undo != NULL)
        json_array_append_new(
            steps, make_step(view->progress.undo, step_names[STEP_UNDO]));
    json_object_set_new(object, "wave", make_string(wave->name));
    json_object_set_new(object, "state",
                        make_string(wave_state_names[view->state]));
    json_object_set_new(object, "runs", json_boolean(view->runs));
    json_object_set_new(object, "recipients",
                        json_integer((json_int_t)wave->count));
    json_object_set_new(object, "to", make_string(wave->to_text));
    json_object_set_new(object, "from", text_or_null(wave->from_text));
    json_object_set_new(object, "start", text_or_null(wave->start_text));
    json_object_set_new(object, "held",
                        view->held.sure
                            ? json_integer((json_int_t)view->held.count)
                            : json_null());
    json_object_set_new(object, "steps", steps);
    print_object(object);
}

int
plan_status(struct plan_run *run, bool runs, bool as_json)
{
    char holders[128];
    int code = EX_OK;

    for (unsigned i = 0; i < run->plan.count; i++) {
        struct view view = {.runs = runs};

        if (!make_view(run, &run->plan.waves[i], &view) || !view.held.sure)
            code = EX_TEMPFAIL;
        if (as_json)
            print_view_json(&view);
        else
            print_view(&view);
    }
    if (runs && !as_json) {
        lock_holders(run->state.fd, holders, sizeof holders);
        printf("a process works on the plan now:%s\n",
               holders[0] != '\0' ? holders : " unknown");
    }
    return code;
}
