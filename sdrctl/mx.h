/* mx.h - which hosts take the mail of a domain (RFC 5321, 5.1; RFC 7505)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The order and the choice are pure; only mx_find() asks.
 */
#ifndef SDRCTL_MX_H
#define SDRCTL_MX_H

#include "dns.h"
#include "here.h"

struct mx_host {
    unsigned preference;
    char name[DNS_NAME_SIZE];
    bool here;                 /* one of its addresses is this host's */
    enum dns_status status;    /* of its addresses */
    const char *reason;        /* of DNS_NO_ANSWER; constant */
    char alias[DNS_NAME_SIZE]; /* "" unless the name is an alias of another */
    struct sdr_addresses addresses;
};

enum mx_kind {
    MX_NAMED,    /* by MX records */
    MX_IMPLICIT, /* no MX record: the domain's own addresses */
    MX_NULL,     /* it takes no mail */
    MX_NOWHERE   /* no MX record, no address; or no answer: see status */
};

struct mx {
    enum mx_kind kind;
    enum dns_status status;
    const char *reason;
    char alias[DNS_NAME_SIZE]; /* "" unless the domain is an alias */
    bool stray_null;           /* a null MX among others (RFC 7505, 3) */
    unsigned count;            /* in the order in which they are tried */
    unsigned usable;           /* how many this host may try */
    struct mx_host hosts[DNS_HOSTS_MAX];
};

/* Put the hosts into the order in which they are tried: by preference; those
 * with the same in an order that CHANCE, a number below its argument, gives. A
 * host that is named twice stays once, with the better preference. */
void
mx_order(struct mx *mx, unsigned (*chance)(unsigned below));

/* Count the hosts that this host may try, which are in order: if it is among
 * them, those with a better preference than its own. */
void
mx_choose(struct mx *mx);

/* Find out what there is to know about the mail of DOMAIN. */
void
mx_find(struct mx *mx, struct dns *dns, const struct here *here,
        const char *domain);

/* As mx_find(), of one host without MX records. It may be an address. */
void
mx_find_host(struct mx *mx, struct dns *dns, const struct here *here,
             const char *name);

/* The host of "host:port", "[host]:port" or "host", and the port, unless there
 * is none. False if it is too long, or the port no number. */
bool
split_next_hop(const char *text, char host[DNS_NAME_SIZE], uint16_t *port);

#endif
