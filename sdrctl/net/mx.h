/* mx.h - the hosts that accept mail for a domain (RFC 5321, 5.1; RFC 7505)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mx_order() and mx_choose() are pure; mx_find() queries the DNS.
 */
#ifndef SDRCTL_MX_H
#define SDRCTL_MX_H

#include "net/dns.h"
#include "net/local_addresses.h"

struct mx_host {
    unsigned preference;
    char name[DNS_NAME_SIZE];
    bool local;                /* one of its addresses is this host's */
    enum dns_status status;    /* of its addresses */
    const char *reason;        /* of DNS_NO_ANSWER; constant */
    char alias[DNS_NAME_SIZE]; /* the target if the name is an alias, else "" */
    struct sdr_addresses addresses;
};

enum mx_kind {
    MX_NAMED,    /* from MX records */
    MX_IMPLICIT, /* no MX record: the domain's own addresses */
    MX_NULL,     /* it accepts no mail */
    MX_NOWHERE   /* neither MX record nor address, or no answer: see status */
};

struct mx {
    enum mx_kind kind;
    enum dns_status status;
    const char *reason;
    char alias[DNS_NAME_SIZE]; /* the target if the domain is an alias, else ""
                                */
    bool stray_null;           /* a null MX among others (RFC 7505, 3) */
    bool secure;               /* the MX records: see struct dns_answer */
    unsigned ttl;              /* of the MX records */
    unsigned count;            /* in the order of use */
    unsigned usable;           /* the number that this host may use */
    struct mx_host hosts[DNS_HOSTS_MAX];
};

/* Sort the hosts by preference, and those with the same preference at random;
 * CHANCE returns a number below its argument. A host that is named twice is
 * kept once, with the better preference. */
void
mx_order(struct mx *mx, unsigned (*chance)(unsigned below));

/* Count the hosts that this host may use, which are in order: all, or if it is
 * one of them, those with a better preference. */
void
mx_choose(struct mx *mx);

/* Find the hosts for DOMAIN. */
void
mx_find(struct mx *mx, struct dns *dns, const struct local_addresses *local,
        const char *domain);

/* The same for one host, without MX records. NAME may be an address. */
void
mx_find_host(struct mx *mx, struct dns *dns,
             const struct local_addresses *local, const char *name);

/* Split "host:port", "[host]:port" or "host"; *PORT is unchanged without a
 * port. False if the host is empty or too long, or the port is not a number. */
bool
split_next_hop(const char *text, char host[DNS_NAME_SIZE], uint16_t *port);

#endif
