/* ad.h - what Active Directory shows of an attribute
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * To whoever may not read an attribute it answers as if there were no value, in
 * searches and compares alike (MS-ADTS 3.1.1.4.3), and it says the same of one
 * that it does not know. Its schema tells the latter; the former is told only
 * by a user who shows a value. Samba is the same here.
 */
#ifndef SDR_AD_H
#define SDR_AD_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "connection.h"
#include "status.h"

/* What the root entry says of a server. */
struct sdr_ad {
    bool is_ad;        /* or AD LDS */
    char schema[1024]; /* where the definitions are */
};

struct sdr_ad_attribute {
    const char *name; /* NULL: look at none */
    bool expected;    /* some user has shown a value before */
    bool shown;       /* some user shows a value; if none does: */
    bool known;       /* to the schema */
    bool confidential;
};

/* An attribute that most other servers add to each entry on request (entryDN,
 * RFC 5020), and that Active Directory does not know: an entry that shows it
 * spares the question. */
extern const char sdr_ad_never_shows[];

/* Find out what the server is. Another one may refuse to say: it is none then.
 * Returns SDR_OK, or SDR_TEMPFAIL with the reason and *broken as of
 * sdr_connection_search(). */
enum sdr_status SDR_MUST_USE
sdr_ad_detect(struct sdr_ad *ad, struct sdr_connection *connection,
              int64_t deadline, bool *broken, struct sdr_error *error);

/* Look at the COUNT attributes, SDR_AD_ATTRIBUTES_MAX at most: does any user
 * below the search base show a value? Set are name and expected of each. For
 * one that is expected the server looks until the deadline; for others a second
 * or two, and what it has not found by then is not shown. Results as above. */
enum { SDR_AD_ATTRIBUTES_MAX = 3 };
enum sdr_status SDR_MUST_USE
sdr_ad_look(const struct sdr_ad *ad, struct sdr_connection *connection,
            const struct sdr_directory_options *directory,
            struct sdr_ad_attribute *attributes, unsigned count,
            int64_t deadline, bool *broken, struct sdr_error *error);

#endif
