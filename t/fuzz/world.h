/* world.h - a small organization with its directory, in memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * world.c replaces common/decision/sdr.c: the real code decides, by the entries
 * of a table. It also replaces daemon/say.c: log lines must have no control
 * characters.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>

#include "decision/sdr.h"

/* Returns a new reference, which the caller releases with sdr_close(). */
struct sdr *
world_get(void);

/* Set whether the milter rewrites recipients. At first the tables do. */
void
world_milter_rewrites(bool does);

/* Returns the number of references that have not been released. */
unsigned
world_references(void);

/* Set to true by each query to the directory. */
extern bool world_was_asked;

#endif
