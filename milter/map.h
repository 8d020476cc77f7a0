/* map.h - a question to a lookup table, and its answer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision for recipients that no milter sees: members of aliases, .forward
 * targets, the MTA's own bounces. The tables are those of socketmap_table(5):
 *
 *   route      virtual_alias_maps: where to, "OK a@hosted.b"
 *   transport  transport_maps: "OK smtp:[host]:port" for a next hop
 *   recipient  relay_recipient_maps: "OK known"
 *   AliasN     the name by which Sendmail asks its N-th alias file; resolves
 *              what doc/sendmail-sdr.m4 makes of a list of several
 */
#ifndef SDR_MILTER_MAP_H
#define SDR_MILTER_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "sdr.h"

/* What one connection has been told; all zero for a new one. */
struct map_session {
    char settled[SDR_ADDRESS_MAX + 1]; /* not to be decided once more; or "" */
};

/* Longer than any answer: the key and a target for each site. */
enum { MAP_ANSWER_MAX = 64 + (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 2) };

/* Answer "TABLE KEY", QUESTION of LEN octets and a NUL. Writes the answer to
 * ANSWER, of MAP_ANSWER_MAX octets; returns its length without the NUL. Says
 * in the log what a milter would. Any thread; takes as long as sdr_decide(). */
size_t
map_answer(struct sdr *sdr, struct map_session *session, bool verbose,
           const char *question, size_t len, char *answer);

#endif
