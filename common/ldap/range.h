/* range.h - attributes whose values come in pieces
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Active Directory gives 1500 values of an attribute at once, by the name
 * "proxyAddresses;range=0-1499", and the others on request (MS-ADTS,
 * 3.1.1.3.1.3.3). The address that a recipient was found by may be among the
 * others. If a server leaves some out, the result does not count.
 */
#ifndef SDR_RANGE_H
#define SDR_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* A piece: the numbers of its values, from 0. */
struct sdr_range {
    unsigned long first, next; /* the one after its last */
    bool more;                 /* there is one after its last */
};

/* Read NAME as the server wrote it. Returns SDR_OK; SDR_NOTFOUND if it is not a
 * piece; SDR_INVALID if the range is not valid. */
enum sdr_status SDR_MUST_USE
sdr_range_parse(const char *name, struct sdr_range *range);

/* If NAME says that its values are a piece, fetch the others of the entry DN
 * and hand each to VALUE with ARG. Returns SDR_OK when all were read, or
 * SDR_TEMPFAIL with the reason: the connection is not to be used any more. */
enum sdr_status SDR_MUST_USE
sdr_range_follow(LDAP *ld, const char *dn, const char *name, int64_t deadline,
                 void (*value)(void *arg, const char *attribute,
                               const char *value, size_t len),
                 void *arg, struct sdr_error *error);

#endif
