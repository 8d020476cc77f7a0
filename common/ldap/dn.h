/* dn.h - the name of an entry in one form, for a directory that gives no id
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that differ in case or in spaces between their parts are the same.
 * Pure functions.
 */
#ifndef SDR_DN_H
#define SDR_DN_H

#include <stdbool.h>

#include "replica/record.h"

/* The name in that form, to be freed by the caller; one that is no DN just has
 * its case folded. NULL without memory. */
char *
dn_normal(const char *dn);

/* True if the entry NORMAL is BASE or below it; both have that form. */
bool
dn_is_below(const char *normal, const char *base);

/* The id of the entry NORMAL: a digest. False without memory. */
bool
dn_id(const char *normal, unsigned char id[SDR_RECORD_ID_SIZE]);

/* False if the value is no name, whatever it is. */
bool
dn_is_possible(const char *value);

#endif
