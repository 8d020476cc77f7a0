/* range.h - attributes whose values come in pieces
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Active Directory gives 1500 values of an attribute at once, by the name
 * "proxyAddresses;range=0-1499", and the others to whoever asks for them
 * (MS-ADTS, 3.1.1.3.1.3.3). The address that a recipient was found by may be
 * among the others.
 */
#ifndef SDR_RANGE_H
#define SDR_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* True if NAME, as the server wrote it, is a piece that is not the last; *next
 * is the number of the first value that is missing. */
bool
sdr_range_parse(const char *name, unsigned long *next);

/* Fetch the values of ATTRIBUTE (NAME, as above) of the entry DN that come
 * after the piece, and hand each to VALUE with ARG. Returns SDR_OK when all
 * were read, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_range_follow(LDAP *ld, const char *dn, const char *name, int64_t deadline,
                 void (*value)(void *arg, const char *attribute,
                               const char *value, size_t len),
                 void *arg, struct sdr_error *error);

#endif
