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

/* More than any answer needs: an address for each site and one of ours. */
enum { ANSWER_SIZE = (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 8) };

/* The recipient as it was written: Exim gives us local parts without quotes,
 * and its ${quote_local_part:} puts them around everything that is not ASCII.
 */
void
answer_recipient(char *out, size_t size, const char *quoted);

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
