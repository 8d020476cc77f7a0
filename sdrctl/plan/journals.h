/* journals.h - what the steps of a wave have changed, by their journals
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_JOURNALS_H
#define SDRCTL_PLAN_JOURNALS_H

#include "change/batch.h"
#include "change/change.h"
#include "config/config.h"
#include "plan/state.h"

enum { ORIGIN_SIZE = 160 };

/* The origin of journals of a step that begins with the next record. */
void
origin_make(char origin[ORIGIN_SIZE], const struct state *state,
            const char *wave, enum step step);

/* In the order of their steps. */
struct wave_journals {
    struct wave_journal {
        char *path;
        size_t number; /* of the record that the step began with */
        enum step step;
    } * items;
    size_t count, room;
};

/* Find the journals of the wave's steps since the record with the index BASE.
 * SDR_OK, also if there is no folder of journals; else the reason. Cleared by
 * the caller in any case. */
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

/* Add the changes of all journals of the step that were made, or may have been.
 * SDR_OK; else the reason. The caller clears them in any case. */
enum sdr_status SDR_MUST_USE
wave_journals_changes(const struct wave_journals *journals,
                      const struct sdr_config *config, enum step step,
                      struct changes *changes, struct sdr_error *error);

/* Add the addresses that the step hold has put on hold, or may have; each once.
 * Results as above. */
enum sdr_status SDR_MUST_USE
wave_journals_held(const struct wave_journals *journals,
                   const struct sdr_config *config, struct batch *addresses,
                   struct sdr_error *error);

#endif
