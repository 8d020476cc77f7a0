/* undo.c - undo a wave; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The journals of its steps are undone, the last one first, and each once.
 * After an interruption the undo continues with the next journal: to undo one
 * again after an older one would change entries that are already as they were.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "change/commands.h"
#include "plan/child.h"
#include "plan/journals.h"
#include "plan/run.h"
#include "print.h"

struct undo {
    struct plan_run *run;
    const char *wave;
    size_t base;
    struct wave_journals journals;
    const char *path; /* of the journal that is undone now */
};

static bool
is_undone(const struct undo *undo, const char *path)
{
    const struct state *state = &undo->run->state;

    for (size_t i = undo->base; i < state->count; i++) {
        const struct record *record = &state->records[i];

        if (strcmp(record->wave, undo->wave) == 0 && record->step == STEP_UNDO
            && (record->event == EVENT_UNDONE
                || record->event == EVENT_ACCEPTED)
            && strcmp(record->text, path) == 0)
            return true;
    }
    return false;
}

/* ---- no journal may be missing ---- */

static bool
has_journal(const struct undo *undo, const char *path)
{
    for (size_t i = 0; i < undo->journals.count; i++) {
        if (strcmp(undo->journals.items[i].path, path) == 0)
            return true;
    }
    return false;
}

static bool
has_all(const struct undo *undo, struct sdr_error *error)
{
    const struct state *state = &undo->run->state;

    for (size_t i = undo->base; i < state->count; i++) {
        const struct record *record = &state->records[i];

        if (strcmp(record->wave, undo->wave) != 0 || record->event != EVENT_DONE
            || record->text[0] != '/' || has_journal(undo, record->text))
            continue;
        sdr_error_set(error,
                      "plan: wave %s: its journal %s is not in %s; nothing was "
                      "changed",
                      undo->wave, record->text,
                      undo->run->config->journal_directory);
        return false;
    }
    return true;
}

/* ---- one journal ---- */

static int
undo_child(void *arg)
{
    struct undo *undo = arg;
    struct arguments arguments = {.items = NULL};
    char origin[ORIGIN_SIZE];

    origin_make(origin, &undo->run->state, undo->wave, STEP_UNDO);
    if (!arguments_add(&arguments, "sdrctl undo")
        || !arguments_add_all(&arguments, &undo->run->writer)
        || !arguments_add(&arguments, "--wait")
        || !arguments_add(&arguments, "--")
        || !arguments_add(&arguments, undo->path)) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    optind = 0;
    return undo_command(undo->run->sdr, origin, !undo->run->verbose,
                        (int)arguments.count, arguments.items);
}

static int
stop(struct undo *undo, const struct sdr_error *error)
{
    struct plan_run *run = undo->run;
    struct sdr_error other;

    if (!state_add(&run->state, undo->wave, STEP_UNDO, EVENT_FAILED,
                   error->text, &other))
        print_error_line(&other);
    fflush(stdout);
    fprintf(stderr, "sdrctl: plan: wave %s: undo of %s: %s\n", undo->wave,
            undo->path, error->text);
    held_report(run, undo->wave, undo->base);
    fprintf(stderr,
            "sdrctl: fix what is reported above, and undo the wave again; or "
            "add --accept to leave what cannot be undone as it is\n");
    return EX_TEMPFAIL;
}

static int
undo_journal(struct undo *undo)
{
    struct plan_run *run = undo->run;
    enum event event = EVENT_UNDONE;
    struct sdr_error error;
    int code;

    plan_say(run, undo->wave, "undo %s", undo->path);
    code = child_run(undo_child, undo, &error);
    if (code > 0)
        sdr_error_set(&error, "exit code %d", code);
    if (code != 0 && !run->accept)
        return stop(undo, &error);
    if (code != 0) {
        run->accept = false;
        event = EVENT_ACCEPTED;
    }
    if (!state_add(&run->state, undo->wave, STEP_UNDO, event, undo->path,
                   &error)) {
        print_error_line(&error);
        return EX_IOERR;
    }
    if (!child_interrupted())
        return EX_OK;
    sdr_error_set(&error, "interrupted");
    return stop(undo, &error);
}

/* ---- all of them ---- */

static int
finish(struct undo *undo)
{
    struct plan_run *run = undo->run;
    struct progress progress;
    struct sdr_error error;

    if (!state_add(&run->state, undo->wave, STEP_UNDO, EVENT_DONE, "",
                   &error)) {
        print_error_line(&error);
        return EX_IOERR;
    }
    plan_say(run, undo->wave, "undone");
    progress_find(&progress, &run->state, undo->wave);
    if (progress.steps[STEP_COMMAND] != NULL)
        plan_say(run, undo->wave, "its command is not undone");
    if (progress.steps[STEP_MOVE] != NULL)
        plan_say(run, undo->wave,
                 "mail that has reached the new site stays there until "
                 "somebody copies it");
    fflush(stdout);
    held_report(run, undo->wave, undo->base);
    return EX_OK;
}

static int
undo_all(struct undo *undo)
{
    struct sdr_error error;
    int code = EX_OK;

    if (!has_all(undo, &error)) {
        print_error_line(&error);
        return EX_NOINPUT;
    }
    if (!state_add(&undo->run->state, undo->wave, STEP_UNDO, EVENT_STARTED, "",
                   &error)) {
        print_error_line(&error);
        return EX_IOERR;
    }
    for (size_t i = undo->journals.count; i > 0 && code == EX_OK; i--) {
        undo->path = undo->journals.items[i - 1].path;
        if (!is_undone(undo, undo->path))
            code = undo_journal(undo);
    }
    return code == EX_OK ? finish(undo) : code;
}

/* ---- waves that cannot be undone ---- */

static int
refuse(const char *wave, const char *reason)
{
    struct sdr_error error;

    sdr_error_set(&error, "plan: wave %s: %s; nothing was changed", wave,
                  reason);
    print_error_line(&error);
    return EX_DATAERR;
}

/* Add the name to the list in the text. */
static void
add_name(char *text, size_t size, const char *name)
{
    size_t len = strlen(text);

    snprintf(text + len, size - len, "%s %s", len > 0 ? "," : "", name);
}

/* True if the record with this index is the first of its wave. */
static bool
is_first(const struct state *state, size_t index)
{
    size_t i = 0;

    while (strcmp(state->records[i].wave, state->records[index].wave) != 0)
        i++;
    return i == index;
}

static int
refuse_not_begun(struct plan_run *run, const char *wave)
{
    char names[300] = "", reason[400];

    /* If the plan cannot be read, the state still names waves. */
    (void)plan_read_waves(&run->plan, run->config, run->path);
    if (plan_find(&run->plan, wave) != NULL)
        return refuse(wave, "it has not begun");
    for (unsigned i = 0; i < run->plan.count; i++)
        add_name(names, sizeof names, run->plan.waves[i].name);
    for (size_t i = 0; i < run->state.count; i++) {
        const char *name = run->state.records[i].wave;

        if (plan_find(&run->plan, name) == NULL && is_first(&run->state, i))
            add_name(names, sizeof names, name);
    }
    snprintf(reason, sizeof reason, "there is no such wave%s%s",
             names[0] != '\0' ? ", only" : "", names);
    return refuse(wave, reason);
}

int
plan_undo(struct plan_run *run, const char *wave)
{
    struct undo undo = {.run = run, .wave = wave};
    struct progress progress;
    struct sdr_error error;
    enum sdr_status status;
    int code;

    progress_find(&progress, &run->state, wave);
    if (progress.state == WAVE_NOT_BEGUN)
        return refuse_not_begun(run, wave);
    if (progress.state == WAVE_UNDONE || progress.state == WAVE_LEFT_OUT)
        return refuse(wave, "it is undone already");
    undo.base = progress.base;
    status = wave_journals_find(&undo.journals, run->config, &run->state, wave,
                                undo.base, &error);
    child_catch_signals();
    if (status == SDR_OK) {
        code = undo_all(&undo);
    } else {
        print_error_line(&error);
        code = sdr_status_exit(status);
    }
    wave_journals_clear(&undo.journals);
    return code;
}
