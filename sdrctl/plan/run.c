/* run.c - wave after wave, step after step; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "plan/child.h"
#include "plan/recipients.h"
#include "print.h"
#include "usage.h"

enum { GLANCE_SECONDS = 30 };

void
plan_say(const struct plan_run *run, const char *wave, const char *format, ...)
{
    va_list args;

    if (run->quiet)
        return;
    if (wave[0] != '\0')
        printf("wave %s: ", wave);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static int
report(const struct sdr_error *error, int code)
{
    print_error_line(error);
    return code;
}

static void
suggest_undo(const struct plan_run *run, const char *wave, const char *next)
{
    char path[USAGE_WORD_SIZE];

    fprintf(stderr, "sdrctl: %s; or take the wave back: %s plan --undo %s %s\n",
            next, usage_program(), wave, usage_word(path, run->path));
}

/* Print why the plan stops, and what to do next. */
static int
stop(struct plan_run *run, const struct wave *wave, size_t base,
     const char *what, const char *next)
{
    struct progress progress;
    struct sdr_error error;

    fflush(stdout);
    sdr_error_set(&error, "plan: wave %s: %s; the plan stops here", wave->name,
                  what);
    print_error_line(&error);
    progress_find(&progress, &run->state, wave->name);
    if (progress.fingerprint == NULL) {
        fprintf(stderr, "sdrctl: this wave has changed nothing; %s\n", next);
        return EX_TEMPFAIL;
    }
    held_report(run, wave->name, base);
    if (progress.state == WAVE_UNDONE)
        fprintf(stderr, "sdrctl: %s\n", next);
    else
        suggest_undo(run, wave->name, next);
    return EX_TEMPFAIL;
}

/* ---- a wave that has begun must not change ---- */

int
plan_check_begun(struct plan_run *run)
{
    for (size_t i = 0; i < run->state.count; i++) {
        const char *name = run->state.records[i].wave;
        const struct wave *wave = plan_find(&run->plan, name);
        struct progress progress;
        struct sdr_error error = {""};

        progress_find(&progress, &run->state, name);
        if (progress.fingerprint == NULL || progress.state == WAVE_UNDONE
            || progress.state == WAVE_LEFT_OUT)
            continue;
        if (wave == NULL)
            sdr_error_set(&error,
                          "%s: wave %s has begun, but is not in the plan",
                          run->path, name);
        else if (strcmp(progress.fingerprint, wave->fingerprint) != 0)
            sdr_error_set(&error,
                          "%s: wave %s, or its file of recipients, has changed "
                          "since it began",
                          run->path, name);
        if (error.text[0] == '\0')
            continue;
        print_error_line(&error);
        suggest_undo(run, name, "restore it");
        return EX_DATAERR;
    }
    return EX_OK;
}

/* ---- one step ---- */

static int
stop_interrupted(struct plan_run *run, const struct wave *wave, size_t base,
                 enum step step)
{
    char what[100];

    if (step == STEP_COMMAND)
        return stop(run, wave, base,
                    "command: it was interrupted, perhaps in the middle of its "
                    "work",
                    "run the plan with --repeat to run the command again, or "
                    "with --accept if it has done its work");
    snprintf(what, sizeof what, "%s: interrupted", step_names[step]);
    return stop(run, wave, base, what, "run the plan again");
}

static int
do_step(struct plan_run *run, const struct wave *wave, size_t base,
        enum step step)
{
    size_t number = run->state.count;
    char text[4096];
    struct sdr_error error, other;

    if (!wave_is_same(wave))
        return stop(run, wave, base, "its recipients have changed",
                    "run the plan again; a wave that has changed something "
                    "needs the same recipients as before");
    plan_say(run, wave->name, "%s", step_names[step]);
    if (step_run(run, wave, base, step, &error) == 0) {
        if (step == STEP_VERIFY)
            snprintf(text, sizeof text, "%s", wave->fingerprint);
        else
            step_journal(run, wave, base, step, text, sizeof text);
        return state_add(&run->state, wave->name, step, EVENT_DONE, text,
                         &error)
                   ? EX_OK
                   : report(&error, EX_IOERR);
    }
    if (child_interrupted())
        return stop_interrupted(run, wave, base, step);
    if (run->state.count > number
        && !state_add(&run->state, wave->name, step, EVENT_FAILED, error.text,
                      &other))
        print_error_line(&other);
    sdr_error_prefix(&error, "%s", step_names[step]);
    return stop(run, wave, base, error.text,
                "fix what is reported above, and run the plan again");
}

static int
accept_step(struct plan_run *run, const struct wave *wave, enum step step)
{
    struct sdr_error error;

    run->accept = false;
    plan_say(run, wave->name, "%s: accepted", step_names[step]);
    return state_add(&run->state, wave->name, step, EVENT_ACCEPTED,
                     step == STEP_VERIFY ? wave->fingerprint : "", &error)
               ? EX_OK
               : report(&error, EX_IOERR);
}

/* True if the step was interrupted or has failed. */
static bool
has_stopped(const struct progress *progress, enum step step)
{
    return progress->steps[step] != NULL
           && (progress->steps[step]->event == EVENT_STARTED
               || progress->steps[step]->event == EVENT_FAILED);
}

static int
next_step(struct plan_run *run, const struct wave *wave,
          const struct progress *progress, enum step step)
{
    if (run->accept && has_stopped(progress, step))
        return accept_step(run, wave, step);
    if (step == STEP_COMMAND && !run->repeat && has_stopped(progress, step)
        && progress->steps[step]->event == EVENT_STARTED)
        return stop_interrupted(run, wave, progress->base, step);
    if (step == STEP_COMMAND)
        run->repeat = false;
    return do_step(run, wave, progress->base, step);
}

/* ---- one wave ---- */

static int
wait_for_start(const struct plan_run *run, const struct wave *wave)
{
    time_t now = time(NULL);

    if (wave->start <= now)
        return EX_OK;
    plan_say(run, wave->name, "starts at %s", wave->start_text);
    fflush(stdout);
    while (!child_interrupted() && (now = time(NULL)) < wave->start) {
        time_t left = wave->start - now;
        const struct timespec glance = {
            .tv_sec = left < GLANCE_SECONDS ? left : GLANCE_SECONDS};

        nanosleep(&glance, NULL);
    }
    if (!child_interrupted())
        return EX_OK;
    fprintf(stderr, "sdrctl: plan: interrupted; wave %s has not begun\n",
            wave->name);
    return EX_TEMPFAIL;
}

/* The files of recipients may have been edited since the plan was read. */
static int
read_recipients_again(struct plan_run *run)
{
    if (!plan_read_recipients(&run->plan))
        return EX_DATAERR;
    return plan_check_begun(run);
}

/* Begin the wave, which has changed nothing yet. The first look-up finds the
 * errors of all waves, before any of them begins. */
static int
begin_wave(struct plan_run *run, const struct wave *wave)
{
    int code = run->looked_up ? EX_OK : plan_look_up(run, NULL);

    run->looked_up = true;
    if (code == EX_OK)
        code = wait_for_start(run, wave);
    if (code == EX_OK)
        code = read_recipients_again(run);
    return code == EX_OK ? plan_look_up(run, wave) : code;
}

/* Decide what to do with a wave that was undone. */
static int
decide_undone(struct plan_run *run, const struct wave *wave, size_t base)
{
    enum event event = run->repeat ? EVENT_REPEAT : EVENT_LEFT_OUT;
    struct sdr_error error;

    if (!run->repeat && !run->accept)
        return stop(run, wave, base, "it was undone",
                    "run the plan with --repeat to begin it again, or with "
                    "--accept to continue without it");
    run->repeat = run->accept = false;
    return state_add(&run->state, wave->name, STEP_UNDO, event, "", &error)
               ? EX_OK
               : report(&error, EX_IOERR);
}

static int
run_steps(struct plan_run *run, const struct wave *wave)
{
    struct progress progress;
    enum step step;
    int code = EX_OK;

    for (;;) {
        progress_find(&progress, &run->state, wave->name);
        step = progress_next(&progress, wave);
        if (step == (enum step)STEPS)
            break;
        if (child_interrupted())
            return stop(run, wave, progress.base, "interrupted",
                        "run the plan again");
        code = next_step(run, wave, &progress, step);
        if (code != EX_OK)
            return code;
    }
    plan_say(run, wave->name, "done");
    if (progress.accepted)
        held_report(run, wave->name, progress.base);
    return EX_OK;
}

static int
run_wave(struct plan_run *run, const struct wave *wave)
{
    struct progress progress;
    int code = EX_OK;

    progress_find(&progress, &run->state, wave->name);
    if (progress.state == WAVE_UNDONE) {
        code = decide_undone(run, wave, progress.base);
        progress_find(&progress, &run->state, wave->name);
    }
    if (code != EX_OK || progress.state == WAVE_LEFT_OUT
        || progress_state(&progress, wave) == WAVE_DONE)
        return code;
    if (progress.state == WAVE_BEING_UNDONE)
        return stop(run, wave, progress.base, "it is being undone",
                    "finish the undo");
    if (progress.fingerprint == NULL)
        code = begin_wave(run, wave);
    return code == EX_OK ? run_steps(run, wave) : code;
}

int
plan_run(struct plan_run *run)
{
    int code = plan_check_begun(run);

    child_catch_signals();
    for (unsigned i = 0; i < run->plan.count && code == EX_OK; i++)
        code = run_wave(run, &run->plan.waves[i]);
    if (code == EX_OK && (run->accept || run->repeat)) {
        fputs("sdrctl: plan: no wave has stopped, so there is nothing to "
              "--accept or to --repeat\n",
              stderr);
        return EX_DATAERR;
    }
    if (code == EX_OK)
        plan_say(run, "", "all waves are done");
    return code;
}
