/* failover.h - the order in which the servers of a directory are tried
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Live look-ups, sdr-sync and sdrctl all go by it. A look-up takes a slot for a
 * connection, opens it, asks over it, returns it, and takes one of the next
 * server if that failed. The first URI is preferred;
 * a server that failed is left alone for a while, unless there is no other. But
 * one that refused the account's password is left alone in any case: trying the
 * password for every recipient would lock the account. Any thread, each with a
 * struct sdr_failover of its own.
 */
#ifndef SDR_FAILOVER_H
#define SDR_FAILOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/pool.h"
#include "status.h"

/* For whoever stays with a server for as long as it is well. */
#define SDR_FAILOVER_NO_DEADLINE (INT64_MAX / 16)

struct sdr_failover {
    struct sdr_pool *pool;
    bool *asked; /* by server */
    unsigned left;
    int64_t deadline;
    int64_t least; /* time that is needed to judge a server fairly */
    int64_t worst; /* rank of a server that is still asked */
    bool waited;   /* for a slot, and was woken: it need not queue again */
};

/* Begin, to end by DEADLINE. In a child of the process that made the pool, the
 * parent's connections are dropped silently. False without memory. */
bool SDR_MUST_USE
sdr_failover_begin(struct sdr_failover *failover, struct sdr_pool *pool,
                   int64_t deadline);

void
sdr_failover_end(struct sdr_failover *failover);

/* From now on only healthy servers are asked. */
void
sdr_failover_only_healthy(struct sdr_failover *failover);

/* True if there is a server left, and time to ask it. */
bool
sdr_failover_has_next(const struct sdr_failover *failover);

/* Take a slot of the server to be asked next, which then counts as asked; wait
 * for one if all are taken. NULL with the reason; an ERROR that says something
 * already is left as it is if there is no such server. */
struct sdr_slot *SDR_MUST_USE
sdr_failover_take_slot(struct sdr_failover *failover, struct sdr_error *error);

/* Open the slot's session unless it is open, for use until slot->until. Returns
 * SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_failover_open(const struct sdr_failover *failover, struct sdr_slot *slot,
                  struct sdr_error *error);

/* The connection of this slot was dead when it was used again: close it, and
 * the server's other idle ones. */
void
sdr_failover_reset(const struct sdr_failover *failover, struct sdr_slot *slot);

/* Return the slot. WELL: the server has answered the question. A refusal as if
 * there had been no bind closes the connection, as does a broken one. */
void
sdr_failover_return_slot(const struct sdr_failover *failover,
                         struct sdr_slot *slot, bool well);

/* Open a session to the first server that accepts it and says what it is, each
 * within the directory's timeout. The session belongs to the caller, who has
 * the pool for himself, until it is closed; then it can be had again. SDR_OK;
 * or the reason: SDR_CONFIG, the account was refused, by all or, with
 * ONE_REFUSAL, by the first of them; SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
sdr_failover_connect(struct sdr_pool *pool, bool one_refusal,
                     struct sdr_session **session, struct sdr_error *error);

#endif
