/* dn.h - DNs in a normal form, for directories without entry ids
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * DNs that differ only in case or in spaces between their parts are the same.
 * Pure functions.
 */
#ifndef SDR_DN_H
#define SDR_DN_H

#include <stdbool.h>

#include "replica/record.h"

/* Returns the DN in normal form; the caller frees it. Text that is not a DN is
 * only case-folded. NULL without memory. */
char *
dn_normal(const char *dn);

/* Returns true if the entry NORMAL is BASE or below it; both are in normal
 * form. */
bool
dn_is_below(const char *normal, const char *base);

/* Write the id of the entry NORMAL: a digest. Returns false without memory. */
bool
dn_id(const char *normal, unsigned char id[SDR_RECORD_ID_SIZE]);

/* Returns false if the value cannot be a DN. */
bool
dn_is_possible(const char *value);

#endif
