/* show.h - the output of sdrctl show for one recipient
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SHOW_H
#define SDRCTL_SHOW_H

#include "show/lookup.h"
#include "decision/route.h"

struct shown {
    const struct sdr_config *config;
    const char *recipient;
    bool split; /* the domain is split; otherwise only the verdict is set */
    struct sdr_question question;
    struct sdr_verdict verdict;
    struct lookup *lookups; /* indexed by directory */
    unsigned
        key;     /* the strongest key that found an entry; SDR_KEYS_MAX: none */
    bool silent; /* a directory gave no reliable answer */
};

void
show_text(const struct shown *shown);

/* Prints one line of JSON. */
void
show_json(const struct shown *shown);

#endif
