/* ad.h - what Active Directory shows of an attribute
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Active Directory answers as if an attribute had no value if the client may
 * not read it, in searches and compares alike (MS-ADTS 3.1.1.4.3), and also if
 * it is not in the schema. Reading the schema rules out the latter; only a user
 * that shows a value rules out the former. Samba behaves the same.
 */
#ifndef SDR_AD_H
#define SDR_AD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

struct sdr_ad_attribute {
    const char *name; /* NULL: none */
    bool expected;    /* some user has shown a value before */
    bool shown;       /* some user shows a value; otherwise: */
    bool known;       /* in the schema */
    bool confidential;
};

/* Check whether any user below the search base shows a value of the COUNT
 * attributes, SDR_AD_ATTRIBUTES_MAX at most. The caller sets name and expected
 * of each. If one is expected, the server searches until the deadline;
 * otherwise for LOOK_SECONDS, after which the missing ones count as not shown.
 * Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum { SDR_AD_ATTRIBUTES_MAX = 3 };
enum sdr_status SDR_MUST_USE
sdr_ad_look(struct sdr_connection *connection,
            struct sdr_ad_attribute *attributes, unsigned count,
            struct sdr_error *error);

#endif
