/* answer.h - a verdict in the words of Exim's routers
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions. Each writes at most SIZE octets with the NUL. What stands in
 * a redirect router's data decides where mail goes: every address is put in
 * angle brackets, in which nothing is a pipe, a file or a special item.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "route.h"

/* Room for an address in which every octet is escaped. */
enum { ANSWER_RECIPIENT_SIZE = 2 * SDR_ADDRESS_MAX + 3 };

/* More than any answer needs: an address for each site and one of ours. */
enum { ANSWER_SIZE = (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 8) };

/* Write the recipient with quotes where they are needed and nowhere else. GIVEN
 * is ${quote_local_part:$local_part}@$domain, and Exim quotes what is not
 * ASCII, but not two dots in a row. A GIVEN without an '@' is copied, cut if it
 * is too long for any address. */
void
answer_recipient(char out[ANSWER_RECIPIENT_SIZE], const char *given);

/* For "data": an address list; nothing, to decline; or ":fail: 550 ..." or
 * ":defer: 451 ...". RECIPIENT is what the verdict is about. */
void
answer_route(char *out, size_t size, const char *recipient,
             const struct sdr_verdict *verdict);

/* True if one of the addresses of answer_route() lies at another site. */
bool
answer_route_leaves(const struct sdr_verdict *verdict);

/* For "route_data": a host list of one host; or nothing, to decline. */
void
answer_next_hop(char *out, size_t size, const struct sdr_verdict *verdict);

/* For conditions: the names of the sites that get the mail, this one first,
 * separated by commas; nothing if it is not for us to say; or as
 * answer_route() when it is refused. */
void
answer_owner(char *out, size_t size, const struct sdr_verdict *verdict);

#endif
