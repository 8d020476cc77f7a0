/* dns.h - DNS queries, each with a timeout
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * As an MTA queries: without search list and /etc/hosts. "There is none" and
 * "no answer" are different results.
 */
#ifndef SDRCTL_DNS_H
#define SDRCTL_DNS_H

#include "net/dns_answer.h"
#include "status.h"

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

/* Query the TXT records of NAME that begin with START. */
void
dns_query_text(struct dns *dns, const char *name, const char *start,
               struct dns_answer *answer);

/* Query whether NAME has TLSA records. */
void
dns_query_tlsa(struct dns *dns, const char *name, struct dns_answer *answer);

/* Query the names of an address (PTR records). */
void
dns_query_names(struct dns *dns, const struct sockaddr_storage *address,
                struct dns_answer *answer);

#endif
