/* mx.h - the hosts that accept mail for a domain (RFC 5321, 5.1; RFC 7505)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mx_order() and mx_choose() do no I/O. mx_find() queries the DNS.
 */
#ifndef SDRCTL_MX_H
#define SDRCTL_MX_H

#include "net/dns.h"
#include "net/local_addresses.h"

struct mx_host {
    unsigned preference;
    char name[DNS_NAME_SIZE];
    bool local;                /* one of its addresses belongs to this host */
    enum dns_status status;    /* of the address query */
    const char *reason;        /* for DNS_NO_ANSWER; a constant */
    char alias[DNS_NAME_SIZE]; /* if the name is an alias, its target; or "" */
    struct sdr_addresses addresses;
};

enum mx_kind {
    MX_NAMED,    /* from MX records */
    MX_IMPLICIT, /* no MX record: the domain's own addresses */
    MX_NULL,     /* a null MX: it accepts no mail */
    MX_NOWHERE   /* neither MX record nor address, or no answer: see status */
};

struct mx {
    enum mx_kind kind;
    enum dns_status status;
    const char *reason;
    char alias[DNS_NAME_SIZE]; /* if it is an alias, its target; or "" */
    bool stray_null;           /* a null MX among others (RFC 7505, 3) */
    bool secure;               /* of the MX records; see struct dns_answer */
    unsigned ttl;              /* of the MX records */
    unsigned count;            /* of hosts, in the order of use */
    unsigned usable;           /* of the first hosts that this host may use */
    struct mx_host hosts[DNS_HOSTS_MAX];
};

/* Sort the hosts by preference; hosts with the same preference are in random
 * order. CHANCE returns a number below its argument. A host that is listed
 * twice is kept once, with the better preference. */
void
mx_order(struct mx *mx, unsigned (*chance)(unsigned below));

/* Set the number of sorted hosts that this host may use: all, or, if this host
 * is one of them, those with a better preference. */
void
mx_choose(struct mx *mx);

/* Query the hosts for DOMAIN, sort them and set usable. */
void
mx_find(struct mx *mx, struct dns *dns, const struct local_addresses *local,
        const char *domain);

/* Do the same for a single host, without MX records. NAME may be an address. */
void
mx_find_host(struct mx *mx, struct dns *dns,
             const struct local_addresses *local, const char *name);

/* Split "host:port", "[host]:port" or "host". *PORT is unchanged if there is no
 * port. Returns false if the host is empty or too long, or the port is not a
 * number from 1 to 65535. */
bool
split_next_hop(const char *text, char host[DNS_NAME_SIZE], uint16_t *port);

#endif
