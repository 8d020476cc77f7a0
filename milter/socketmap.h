/* socketmap.h - a question to a lookup table, and its answer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision for recipients that no milter sees: members of aliases, .forward
 * targets, the MTA's own bounces. The tables are those of socketmap_table(5):
 *
 *   route      virtual_alias_maps: where to, "OK a@hosted.b"
 *   redirect   the same for Sendmail's rules: one address, or an alias
 *   transport  transport_maps: "OK smtp:[host]:port" for a next hop
 *   recipient  relay_recipient_maps: "OK known"
 *   AliasN     the name by which Sendmail asks its N-th alias file; resolves
 * the aliases of "redirect", see copyname.h, and no other name
 *
 * What rewrites (route, redirect, AliasN) defers everything unless sdr.conf has
 * "rewrite = tables". An address in a split domain that some mail server might
 * take for a program, a file or ":include:" is in no answer: to "recipient" it
 * is unknown.
 */
#ifndef SDR_MILTER_SOCKETMAP_H
#define SDR_MILTER_SOCKETMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/sdr.h"

/* The last question and answer of one connection; all zero for a new one. */
struct socketmap_session {
    char settled[SDR_ADDRESS_MAX + 1]; /* not to be decided once more; or "" */
    char asked[SDR_ADDRESS_MAX + 1];   /* the key of the last question */
};

/* Longer than any answer: the key and a target for each site. */
enum {
    SOCKETMAP_ANSWER_MAX = 64 + (SDR_SITES_MAX + 1) * (SDR_ADDRESS_MAX + 2)
};

/* Answer "TABLE KEY", QUESTION of LEN octets and a NUL. Writes the answer to
 * ANSWER, of SOCKETMAP_ANSWER_MAX octets; returns its length without the NUL.
 * Says in the log what a milter would. Any thread; takes as long as
 * sdr_decide(). */
size_t
socketmap_answer(struct sdr *sdr, struct socketmap_session *session,
                 bool verbose, const char *question, size_t len, char *answer);

/* True if the answer to that may take as long as a directory. SESSION stays as
 * it is. Any thread; never waits. */
bool
socketmap_needs_directory(struct sdr *sdr, struct socketmap_session *session,
                          const char *question, size_t len);

#endif
