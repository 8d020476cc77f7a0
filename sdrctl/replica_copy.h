/* replica_copy.h - the replica of one directory, and what it means for mail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_COPY_H
#define SDRCTL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "replica/record.h"
#include "replica/reader.h"

enum copy_quality {
    COPY_FRESH,      /* it answers for all recipients */
    COPY_STALE,      /* it answers only for recipients that it contains */
    COPY_EXPIRED,    /* it no longer answers */
    COPY_INCOMPLETE, /* it does not answer yet */
    COPY_NONE        /* there is no replica */
};

struct copy {
    const struct sdr_directory_options *directory;
    enum copy_quality quality;
    struct sdr_error reason;         /* of COPY_NONE */
    struct sdr_record_state state;   /* not set for COPY_NONE, like all below */
    struct sdr_record_status status; /* all zero if unknown */
    int64_t age;                     /* seconds since the last contact */
    int64_t known, unknown;          /* see sdr_replica_left() */
};

/* Read the state of the directory with this index in the replica. */
void
copy_read(struct copy *copy, const struct sdr_config *config,
          struct sdr_replica *replica, unsigned directory, time_t now);

/* Returns "up-to-date", "stale", "expired", "incomplete" or "none". */
const char *
copy_quality_name(enum copy_quality quality);

/* Write a sentence about what the replica means for mail now. */
void
copy_meaning(const struct copy *copy, char *text, size_t size);

/* Write a duration for humans: "2 days 23 h". */
void
copy_duration(int64_t seconds, char *text, size_t size);

/* Returns what is held back: "losses", "moves", or "losses and moves". */
const char *
copy_held(const struct sdr_record_state *state);

#endif
