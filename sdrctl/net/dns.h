/* dns.h - DNS queries, each with a timeout
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries names as an MTA does, without a search list or /etc/hosts. "No
 * record" and "no answer" are different results.
 */
#ifndef SDRCTL_DNS_H
#define SDRCTL_DNS_H

#include "net/dns_answer.h"
#include "status.h"

struct dns;

/* Prepare queries to the name server at SERVER, an address with or without
 * :PORT, or to those of the system if it is NULL. Each query has a timeout in
 * seconds. Returns SDR_OK, and the caller closes *DNS; SDR_INVALID if SERVER is
 * not an address; or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
dns_open(struct dns **dns, const char *server, unsigned timeout);

/* Free *DNS and set it to NULL. *DNS may be NULL. */
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

/* Query the TXT records of NAME that begin with START. */
void
dns_query_text(struct dns *dns, const char *name, const char *start,
               struct dns_answer *answer);

/* Query the TLSA records of NAME. Only their existence is reported. */
void
dns_query_tlsa(struct dns *dns, const char *name, struct dns_answer *answer);

/* Query the names of an address (PTR records). */
void
dns_query_names(struct dns *dns, const struct sockaddr_storage *address,
                struct dns_answer *answer);

#endif
