/* dns.h - questions to the name servers, each within a timeout
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * As an MTA asks: no search list, no /etc/hosts. "There is none" and "nobody
 * answered" are told apart.
 */
#ifndef SDRCTL_DNS_H
#define SDRCTL_DNS_H

#include "resolve.h"
#include "status.h"

/* A name as it is printed, the octets of no host name as \DDD. */
enum { DNS_NAME_SIZE = 256, DNS_HOSTS_MAX = 16 };

enum dns_status {
    DNS_FOUND,
    DNS_NO_RECORD, /* the name exists, but has none of this type */
    DNS_NO_NAME,   /* NXDOMAIN */
    DNS_NO_ANSWER  /* nobody knows now */
};

struct dns_answer {
    enum dns_status status;
    const char *reason;        /* of DNS_NO_ANSWER; constant */
    char alias[DNS_NAME_SIZE]; /* what CNAMEs lead to; "" without */
    unsigned host_count;       /* of an MX question */
    struct {
        unsigned preference;
        char name[DNS_NAME_SIZE]; /* "." is the root */
    } hosts[DNS_HOSTS_MAX];
    struct sdr_addresses addresses; /* of the other; without port */
};

struct dns;

/* Make ready to ask the name server at SERVER, an address with or without
 * :PORT, or if it is NULL those of the system. A question takes at most so many
 * seconds. Returns SDR_OK, and something to be closed; SDR_INVALID if SERVER is
 * no address; or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
dns_open(struct dns **dns, const char *server, unsigned timeout);

/* Free it and set the pointer to NULL; NULL is fine. */
void
dns_close(struct dns **dns);

/* The MX records of NAME. */
void
dns_ask_mx(struct dns *dns, const char *name, struct dns_answer *answer);

/* The A and AAAA records of NAME. If there are addresses of one type, it does
 * not matter why there are none of the other. */
void
dns_ask_addresses(struct dns *dns, const char *name, struct dns_answer *answer);

#endif
