/* range.h - attributes whose values are returned in ranges
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Active Directory returns at most 1500 values of an attribute at once, under
 * the name "proxyAddresses;range=0-1499", and the others on request (MS-ADTS,
 * 3.1.1.3.1.3.3). The address that matched a recipient may be among the others.
 * If a server skips values, the result does not count.
 */
#ifndef SDR_RANGE_H
#define SDR_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* A piece: the indexes of its values, from 0. */
struct sdr_range {
    unsigned long first, next; /* index after its last value */
    bool more;                 /* there are values after it */
};

/* Parse the attribute name that the server returned. Returns SDR_OK;
 * SDR_NOTFOUND if it has no range; SDR_INVALID if the range is not valid. */
enum sdr_status SDR_MUST_USE
sdr_range_parse(const char *name, struct sdr_range *range);

/* If NAME has a range, fetch the remaining values of the entry DN and call
 * VALUE with ARG for each. Returns SDR_OK if all were read; or SDR_TEMPFAIL
 * with the reason: the connection must not be used any more. */
enum sdr_status SDR_MUST_USE
sdr_range_follow(LDAP *ld, const char *dn, const char *name, int64_t deadline,
                 void (*value)(void *arg, const char *attribute,
                               const char *value, size_t len),
                 void *arg, struct sdr_error *error);

#endif
