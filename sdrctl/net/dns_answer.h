/* dns_answer.h - the content of a DNS response
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Filled by dns.c, used by its callers.
 */
#ifndef SDRCTL_DNS_ANSWER_H
#define SDRCTL_DNS_ANSWER_H

#include <stdbool.h>

#include <arpa/nameser.h>

#include "net/resolve.h"

/* Size of a printable name. Octets that are not allowed in host names are
 * written as \DDD. */
enum { DNS_NAME_SIZE = 256, DNS_HOSTS_MAX = 16 };
enum { DNS_TEXT_SIZE = 1024, DNS_TEXTS_MAX = 4 };

enum dns_status {
    DNS_FOUND,
    DNS_NO_RECORD, /* the name exists, but has none of this type */
    DNS_NO_NAME,   /* NXDOMAIN */
    DNS_NO_ANSWER  /* no usable response */
};

struct dns_answer {
    enum dns_status status;
    const char *reason;        /* for DNS_NO_ANSWER; a constant */
    char alias[DNS_NAME_SIZE]; /* the target of the CNAME records, or "" */
    bool secure;         /* the name server says that it is validated (AD) */
    unsigned ttl;        /* the longest TTL of the records, in seconds */
    unsigned host_count; /* of an MX or PTR query */
    struct {
        unsigned preference;
        char name[DNS_NAME_SIZE]; /* "." is the root */
    } hosts[DNS_HOSTS_MAX];
    struct sdr_addresses addresses; /* of an A or AAAA query; without port */
    unsigned text_count; /* of a TXT query; may exceed DNS_TEXTS_MAX */
    char texts[DNS_TEXTS_MAX][DNS_TEXT_SIZE];
};

/* Add the records of this type that answer a query for NAME, with their alias,
 * TTL and AD bit. TXT records count only if they begin with START. Returns the
 * number of records. */
unsigned
dns_answer_read(const unsigned char *data, int len, const char *name,
                ns_type type, const char *start, struct dns_answer *answer);

#endif
