/* socketmap.h - answers of the lookup tables
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision for recipients that no milter sees: members of aliases, .forward
 * targets, the MTA's own bounces. The tables are those of socketmap_table(5):
 *
 * route      virtual_alias_maps: where to, "OK a@hosted.b"
 *   redirect   the same for Sendmail's rules: one address, or an alias
 *   transport  transport_maps: "OK smtp:[host]:port" for a next hop
 *   recipient  relay_recipient_maps: "OK known"
 *   AliasN     the name by which Sendmail asks its N-th alias file; resolves
 * the aliases of "redirect", see copyname.h, and no other name
 *
 * The tables that rewrite (route, redirect, AliasN) defer everything unless
 * sdr.conf has "rewrite = tables". An address in a split domain that a mail
 * server might read as a program, a file or ":include:" is never in an answer,
 * and unknown to "recipient".
 */
#ifndef SDR_MILTER_SOCKETMAP_H
#define SDR_MILTER_SOCKETMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/sdr.h"

/* The last query and answer of one connection; all zero at first. */
struct socketmap_session {
    char settled[SDR_ADDRESS_MAX + 1]; /* not to be decided again; or "" */
    char asked[SDR_ADDRESS_MAX + 1];   /* the key of the last query */
};

/* The size of the longest answer: the key and a target for each site. */
enum {
    SOCKETMAP_ANSWER_MAX = 64 + (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 2)
};

/* Answer the query "TABLE KEY", QUESTION of LEN octets and a NUL. Writes the
 * answer to ANSWER, of SOCKETMAP_ANSWER_MAX octets. Returns its length without
 * the NUL. Logs the decision as the milter does. Any thread; takes as long as
 * sdr_decide(). */
size_t
socketmap_answer(struct sdr *sdr, struct socketmap_session *session,
                 bool verbose, const char *question, size_t len, char *answer);

/* Returns true if the answer may have to wait for a directory. Does not change
 * SESSION. Any thread; never blocks. */
bool
socketmap_needs_directory(struct sdr *sdr, struct socketmap_session *session,
                          const char *question, size_t len);

#endif
