/* copy.h - the replica's copy of one directory, and what it means for mail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_COPY_H
#define SDRCTL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config.h"
#include "record.h"
#include "replica.h"

enum copy_quality {
    COPY_FRESH,      /* it answers for everybody */
    COPY_STALE,      /* it answers for those that it knows */
    COPY_EXPIRED,    /* it answers for nobody any more */
    COPY_INCOMPLETE, /* it does not yet */
    COPY_NONE        /* there is none */
};

struct copy {
    const struct sdr_directory_options *directory;
    enum copy_quality quality;
    struct sdr_error reason;         /* of COPY_NONE */
    struct sdr_record_state state;   /* of all others, as what follows */
    struct sdr_record_status status; /* all zero if it is not known */
    int64_t age;                     /* of the last contact */
    int64_t known, unknown;          /* see sdr_replica_left() */
};

/* Look at the copy of the directory with this index. */
void
copy_look(struct copy *copy, const struct sdr_config *config,
          struct sdr_replica *replica, unsigned directory, time_t now);

/* "up-to-date", "stale", "expired", "incomplete", "none" */
const char *
copy_quality_name(enum copy_quality quality);

/* Say what the copy means for mail now, in a sentence. */
void
copy_meaning(const struct copy *copy, char *text, size_t size);

/* Write so many seconds as a human would: "2 days 23 h". */
void
copy_duration(int64_t seconds, char *text, size_t size);

#endif
