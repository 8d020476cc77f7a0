/* entry_errors.h - errors in an entry that defer its mail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_ENTRY_ERRORS_H
#define SDRCTL_ENTRY_ERRORS_H

#include <stdbool.h>

#include <jansson.h>

#include "decision/facts.h"

enum { FAULTS = 4 };

extern const struct fault {
    const char *name, *sentence;
} faults[FAULTS];

/* True if the entry has this fault. */
bool
has_fault(const struct sdr_facts *facts, unsigned fault);

/* The names of its faults. */
json_t *
make_faults(const struct sdr_facts *facts);

#endif
