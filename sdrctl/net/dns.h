/* dns.h - DNS queries, each with a timeout
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * As an MTA queries: without search list and /etc/hosts. "There is none" and
 * "no answer" are different results.
 */
#ifndef SDRCTL_DNS_H
#define SDRCTL_DNS_H

#include "net/resolve.h"
#include "status.h"

/* A printable name; octets that are not in host names are \DDD. */
enum { DNS_NAME_SIZE = 256, DNS_HOSTS_MAX = 16 };

enum dns_status {
    DNS_FOUND,
    DNS_NO_RECORD, /* the name exists, but has none of this type */
    DNS_NO_NAME,   /* NXDOMAIN */
    DNS_NO_ANSWER  /* not known now */
};

struct dns_answer {
    enum dns_status status;
    const char *reason;        /* of DNS_NO_ANSWER; constant */
    char alias[DNS_NAME_SIZE]; /* the target of CNAMEs; "" without */
    unsigned host_count;       /* of an MX query */
    struct {
        unsigned preference;
        char name[DNS_NAME_SIZE]; /* "." is the root */
    } hosts[DNS_HOSTS_MAX];
    struct sdr_addresses addresses; /* of an address query; without port */
};

struct dns;

/* Prepare queries to the name server at SERVER, an address with or without
 * :PORT, or NULL for those of the system, with a timeout in seconds for each.
 * SDR_OK, and the caller closes it; SDR_INVALID if SERVER is not an address;
 * SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
dns_open(struct dns **dns, const char *server, unsigned timeout);

/* Free it and set the pointer to NULL; NULL is fine. */
void
dns_close(struct dns **dns);

/* Query the MX records of NAME. */
void
dns_query_mx(struct dns *dns, const char *name, struct dns_answer *answer);

/* Query the A and AAAA records of NAME. Addresses of one type are enough for
 * DNS_FOUND. */
void
dns_query_addresses(struct dns *dns, const char *name,
                    struct dns_answer *answer);

#endif
