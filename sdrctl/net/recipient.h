/* recipient.h - a recipient to test over SMTP
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_RECIPIENT_H
#define SDRCTL_RECIPIENT_H

#include "net/network.h"

enum recipient_result {
    RECIPIENT_UNTRIED,
    RECIPIENT_ACCEPTED,
    RECIPIENT_REJECTED,
    RECIPIENT_DEFERRED
};

struct recipient {
    char *address;
    size_t probe; /* index of the probe of its domain */
    enum recipient_result result;
    char *reply; /* reply of the host; if untried, the reason; or NULL */
};

struct recipient_check {
    const struct network *network;
    const struct sdr_site *site;
    const char *host;     /* used instead of the site's hosts; or NULL */
    bool stops;           /* skip the rest of a domain that accepts any */
    unsigned rate;        /* maximum recipients per second; 0: no limit */
    unsigned each;        /* seconds that a recipient adds to the time limit */
    unsigned retries;     /* further attempts for uncertain results */
    unsigned retry_after; /* seconds */
    /* Called with the number of recipients that have a result; may be NULL. */
    void (*progress)(void *arg, size_t done);
    void (*waits)(void *arg); /* called before a wait; may be NULL */
    void *arg;
};

#endif
