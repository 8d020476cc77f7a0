/* verdict_text.h - a verdict as text and as JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_VERDICT_H
#define SDRCTL_VERDICT_H

#include <jansson.h>

#include "decision/route.h"

/* Print the verdict as one line. */
void
print_verdict(const char *recipient, const struct sdr_verdict *verdict);

/* Make the object that sdrctl route --json prints. */
json_t *
make_verdict(const char *recipient, const struct sdr_verdict *verdict);

#endif
