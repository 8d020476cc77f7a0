/* dns_answer.h - what a DNS response says
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * dns.c reads it; others use the result.
 */
#ifndef SDRCTL_DNS_ANSWER_H
#define SDRCTL_DNS_ANSWER_H

#include <stdbool.h>

#include <arpa/nameser.h>

#include "net/resolve.h"

/* A printable name; octets that are not in host names are \DDD. */
enum { DNS_NAME_SIZE = 256, DNS_HOSTS_MAX = 16 };
enum { DNS_TEXT_SIZE = 1024, DNS_TEXTS_MAX = 4 };

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
    bool secure;               /* by DNSSEC, says the name server (AD) */
    unsigned ttl;              /* the longest, in seconds */
    unsigned host_count;       /* of an MX query, or of one for names */
    struct {
        unsigned preference;
        char name[DNS_NAME_SIZE]; /* "." is the root */
    } hosts[DNS_HOSTS_MAX];
    struct sdr_addresses addresses; /* of an address query; without port */
    unsigned text_count;            /* of a TXT query; some may not be kept */
    char texts[DNS_TEXTS_MAX][DNS_TEXT_SIZE];
};

/* Add the records of this type, which answer a query for NAME, and what else
 * the response says of them. Returns their number. With a START, records of
 * text that begin otherwise do not count. */
unsigned
dns_answer_read(const unsigned char *data, int len, const char *name,
                ns_type type, const char *start, struct dns_answer *answer);

#endif
