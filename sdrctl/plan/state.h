/* state.h - how far a plan is: PLAN.state
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It has a line for each event. The line is on disk before sdrctl continues.
 * The comments at the top are:
 *
 *   # sdrctl plan 1
 *   # id: 5f3c...
 *
 * The lines are "TIME WAVE STEP EVENT TEXT". The text of "started" is the
 * fingerprint of the wave; the text of "done" and "undone" is the path of the
 * journal.
 *
 * The journals of a step have the origin "ID NUMBER WAVE STEP". NUMBER is the
 * index of the record "started". So the journals are found even if the step was
 * interrupted. The id is a digest of the plan's path: the journals are found
 * even if the state is lost.
 *
 * The file decides what undo takes back, so it is checked as journals are: see
 * journal_file.h. It is locked by flock(2) until it and all copies of its
 * descriptor are closed.
 */
#ifndef SDRCTL_STATE_H
#define SDRCTL_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum { FINGERPRINT_SIZE = 65, PLAN_ID_SIZE = 33, WAVE_NAME_MAX = 64 };

enum step {
    STEP_VERIFY,  /* the site accepts the recipients */
    STEP_HOLD,    /* their mail is deferred */
    STEP_COMMAND, /* a program of the administrator */
    STEP_MOVE,    /* the site is their owner */
    STEP_PROOF,   /* no other site accepts them */
    STEP_RELEASE, /* their mail is accepted */
    STEP_UNDO     /* the wave is undone */
};
enum { STEPS = STEP_UNDO, ALL_STEPS = STEPS + 1 };

enum event {
    EVENT_STARTED,
    EVENT_DONE,
    EVENT_FAILED,
    EVENT_ACCEPTED, /* the administrator lets it count as done */
    EVENT_UNDONE,   /* one journal is undone */
    EVENT_LEFT_OUT, /* the plan continues without the wave, which was undone */
    EVENT_REPEAT    /* the wave, which was undone, begins again */
};
enum { EVENTS = EVENT_REPEAT + 1 };

extern const char *const step_names[ALL_STEPS];
extern const char *const event_names[EVENTS];

struct record {
    char time[32], wave[WAVE_NAME_MAX + 1];
    enum step step;
    enum event event;
    char *text; /* "": none */
};

struct state {
    char *path;
    int fd; /* negative: there is no file */
    char id[PLAN_ID_SIZE];
    bool has_id; /* the file has it; else it has no records */
    struct record *records;
    size_t count, room;
};

/* Open and lock the state of the plan at PATH, a canonical path. With CREATE,
 * make it if there is none. Returns SDR_OK; or with the reason SDR_NOTFOUND,
 * there is none; SDR_TEMPFAIL, another process has locked it, or it cannot be
 * written; SDR_CONFIG, others can write to it; SDR_INVALID, a line is wrong.
 * The id is set, and the caller calls state_close(), in any case. */
enum sdr_status SDR_MUST_USE
state_open(struct state *state, const char *path, bool create,
           struct sdr_error *error);

/* Open it to read it. Returns as state_open(), but SDR_OK if there is none.
 * *RUNS is set if another process has locked it; otherwise no process can lock
 * it before state_unlock(). */
enum sdr_status SDR_MUST_USE
state_open_to_read(struct state *state, const char *path, bool *runs,
                   struct sdr_error *error);

void
state_unlock(const struct state *state);

/* Write an event to disk. Returns false with the reason. */
bool SDR_MUST_USE
state_add(struct state *state, const char *wave, enum step step,
          enum event event, const char *text, struct sdr_error *error);

void
state_close(struct state *state);

/* True if a wave can have this name: the state and the origins of journals need
 * one word. */
bool
is_wave_name(const char *name);

#endif
