/* answer.h - a verdict in the form that Exim's routers expect
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions. Each writes at most SIZE octets with the NUL. A redirect
 * router's data decides where mail goes: so every address is in angle brackets,
 * where nothing is a pipe, a file or a special item.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/route.h"

/* The size of an address in which every octet is escaped. */
enum { ANSWER_RECIPIENT_SIZE = 2 * SDR_ADDRESS_MAX + 3 };

/* More than any answer needs: an address for each site and one of ours. */
enum { ANSWER_SIZE = (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 8) };

/* Write the recipient, quoted only if that is needed. GIVEN is
 * ${quote_local_part:$local_part}@$domain, and Exim quotes what is not ASCII,
 * but not two dots in a row. A GIVEN without an '@' is copied, cut if it is too
 * long for any address. */
void
answer_recipient(char out[ANSWER_RECIPIENT_SIZE], const char *given);

/* For "data": an address list; nothing, to decline; or ":fail: 550 ..." or
 * ":defer: 451 ...". RECIPIENT is what the verdict is about. */
void
answer_route(char *out, size_t size, const char *recipient,
             const struct sdr_verdict *verdict);

/* For "data" when Exim verifies: as answer_route(), but nothing if the
 * recipient stays here too, so that later routers verify the recipient itself.
 * Exim considers a list of several addresses verified, without checking them.
 */
void
answer_verify(char *out, size_t size, const char *recipient,
              const struct sdr_verdict *verdict);

/* True if one of the addresses of answer_route() is at another site. */
bool
answer_route_leaves(const struct sdr_verdict *verdict);

/* For a condition: ":fail: 554 ..." or ":defer: 451 ...", as answer_route(). */
void
answer_refusal(char *out, size_t size, const struct sdr_reply *reply);

/* For "route_data": a host list of one host; or nothing, to decline. */
void
answer_next_hop(char *out, size_t size, const struct sdr_verdict *verdict);

/* For conditions: the names of the sites that get the mail, this one first,
 * separated by commas; nothing if the address is not in a split domain; or as
 * answer_route() if it is refused. */
void
answer_owner(char *out, size_t size, const struct sdr_verdict *verdict);

#endif
