/* recipient.h - a recipient that is tried over SMTP
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
    size_t probe; /* index of that of its domain */
    enum recipient_result result;
    char *reply; /* of the host; if it is untried, the reason; or NULL */
};

struct recipient_check {
    const struct network *network;
    const struct sdr_site *site;
    const char *host;     /* asked instead of the site's hosts; NULL: none */
    bool stops;           /* in a domain that accepts any: do not try others */
    unsigned rate;        /* recipients in a second, at most; 0: any number */
    unsigned each;        /* seconds that a recipient adds to the time limit */
    unsigned retries;     /* of those that are not sure */
    unsigned retry_after; /* seconds */
    /* Called with the number of recipients that have a result; NULL: not. */
    void (*progress)(void *arg, size_t done);
    void (*waits)(void *arg); /* called before a wait; NULL: not */
    void *arg;
};

#endif
