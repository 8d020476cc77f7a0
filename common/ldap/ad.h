/* ad.h - what Active Directory shows of an attribute
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * If the reader may not read an attribute, Active Directory answers as if it
 * had no value, in searches and compares alike (MS-ADTS 3.1.1.4.3), and
 * likewise for an attribute that is not in its schema. The schema excludes the
 * latter; only a user who shows a value excludes the former. Samba behaves the
 * same.
 */
#ifndef SDR_AD_H
#define SDR_AD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

struct sdr_ad_attribute {
    const char *name; /* NULL: look at none */
    bool expected;    /* some user has shown a value before */
    bool shown;       /* some user shows a value; if none does: */
    bool known;       /* to the schema */
    bool confidential;
};

/* Look at the COUNT attributes, SDR_AD_ATTRIBUTES_MAX at most: does any user
 * below the search base show a value? Set are name and expected of each. For
 * one that is expected the server looks until the deadline; for others a second
 * or two, and what it has not found by then is not shown. Returns SDR_OK, or
 * SDR_TEMPFAIL with the reason. */
enum { SDR_AD_ATTRIBUTES_MAX = 3 };
enum sdr_status SDR_MUST_USE
sdr_ad_look(struct sdr_connection *connection,
            struct sdr_ad_attribute *attributes, unsigned count,
            struct sdr_error *error);

#endif
