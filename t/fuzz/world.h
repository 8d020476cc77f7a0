/* world.h - a small company, its directory in memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * world.c plays common/decision/sdr.c: decisions are made by the real rules
 * from the entries of a table. It plays daemon/say.c, too: what is said must be
 * clean.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>

#include "decision/sdr.h"

/* A reference, to be given back with sdr_close(). */
struct sdr *
world_get(void);

/* Whether the milter rewrites recipients; at first the tables do. */
void
world_milter_rewrites(bool does);

/* References that have not been given back. */
unsigned
world_references(void);

/* Set when its directory is asked. */
extern bool world_was_asked;

#endif
