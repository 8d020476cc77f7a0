/* show.h - what sdrctl show has found of one recipient, to be printed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SHOW_H
#define SDRCTL_SHOW_H

#include "finding.h"
#include "route.h"

struct shown {
    const struct sdr_config *config;
    const char *recipient;
    bool split; /* his domain is; else only the verdict is there */
    struct sdr_question question;
    struct sdr_verdict verdict;
    struct finding *findings; /* by directory */
    unsigned key; /* the strongest that was found; SDR_KEYS_MAX: none */
    bool silent;  /* a directory gave no sure answer */
};

void
show_text(const struct shown *shown);

/* As one line. */
void
show_json(const struct shown *shown);

#endif
