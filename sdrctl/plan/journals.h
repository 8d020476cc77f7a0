/* journals.h - the journals of a wave: what its steps have changed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_JOURNALS_H
#define SDRCTL_PLAN_JOURNALS_H

#include "change/batch.h"
#include "change/change.h"
#include "config/config.h"
#include "plan/state.h"

enum { ORIGIN_SIZE = 160 };

/* Make the origin for the journals of a step that the next record starts. */
void
origin_make(char origin[ORIGIN_SIZE], const struct state *state,
            const char *wave, enum step step);

struct wave_journal {
    char *path;
    size_t number; /* the index of the record "started" of its step */
    enum step step;
};

/* In the order in which they were written. */
struct wave_journals {
    struct wave_journal *items;
    size_t count, room;
};

/* Find the journals of the wave's steps since the record with the index BASE.
 * Returns SDR_OK, even if there is no folder of journals; or another status
 * with the reason. The caller calls wave_journals_clear() in any case. */
enum sdr_status SDR_MUST_USE
wave_journals_find(struct wave_journals *journals,
                   const struct sdr_config *config, const struct state *state,
                   const char *wave, size_t base, struct sdr_error *error);

/* Check that the state, which must be locked, has the records of all journals
 * of the plan: a record is on disk before its journal is made. Prints the
 * journals whose record is missing. Returns SDR_OK; SDR_INVALID, the state or
 * its end is missing; or another status; with the reason. */
enum sdr_status SDR_MUST_USE
state_check_journals(const struct state *state, const struct sdr_config *config,
                     struct sdr_error *error);

void
wave_journals_clear(struct wave_journals *journals);

/* Add the changes of all journals of the step, without those that were
 * certainly not made. Returns SDR_OK; or another status with the reason. The
 * caller calls changes_clear() in any case. */
enum sdr_status SDR_MUST_USE
wave_journals_changes(const struct wave_journals *journals,
                      const struct sdr_config *config, enum step step,
                      struct changes *changes, struct sdr_error *error);

/* Add the addresses that the step hold has put on hold, or may have put on
 * hold, each once. Returns as wave_journals_changes(). */
enum sdr_status SDR_MUST_USE
wave_journals_held(const struct wave_journals *journals,
                   const struct sdr_config *config, struct batch *addresses,
                   struct sdr_error *error);

#endif
