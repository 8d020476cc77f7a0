/* entry_errors.h - errors in an entry for which its mail is deferred
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

/* Returns an array of the names of the entry's faults. */
json_t *
make_faults(const struct sdr_facts *facts);

#endif
