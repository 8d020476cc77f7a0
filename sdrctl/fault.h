/* fault.h - what an entry gets wrong, so that mail for it is deferred
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_FAULT_H
#define SDRCTL_FAULT_H

#include <stdbool.h>

#include <jansson.h>

#include "facts.h"

enum { FAULTS = 3 };

extern const struct fault {
    const char *name, *sentence;
} faults[FAULTS];

/* Does it get this wrong? */
bool
has_fault(const struct sdr_facts *facts, unsigned fault);

/* The names of those that it has. */
json_t *
make_faults(const struct sdr_facts *facts);

#endif
