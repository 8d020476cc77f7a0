/* failover.h - the order in which the servers of a directory are tried
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by live look-ups, sdr-sync and sdrctl. A look-up takes a slot for a
 * connection, opens it, queries the server, returns the slot, and takes a slot
 * of the next server if that failed. The first URI is preferred. A server that
 * failed is avoided for a while, unless there is no other. A server that
 * refused the account's password is avoided in any case: trying the password
 * for every recipient would lock the account. Any thread, each with its own
 * struct sdr_failover.
 */
#ifndef SDR_FAILOVER_H
#define SDR_FAILOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/pool.h"
#include "status.h"

/* For callers that stay with a server as long as it is healthy. */
#define SDR_FAILOVER_NO_DEADLINE (INT64_MAX / 16)

struct sdr_failover {
    struct sdr_pool *pool;
    bool *asked; /* one for each server */
    unsigned left;
    int64_t deadline;
    int64_t least; /* the shortest time worth asking a server */
    int64_t worst; /* the highest rank that is still asked */
    bool waited;   /* woken for a slot: need not queue again */
};

/* Begin a look-up that ends by DEADLINE. In a child of the process that created
 * the pool, drops the parent's connections without sending anything. Returns
 * false without memory. */
bool SDR_MUST_USE
sdr_failover_begin(struct sdr_failover *failover, struct sdr_pool *pool,
                   int64_t deadline);

void
sdr_failover_end(struct sdr_failover *failover);

/* From now on ask only healthy servers. */
void
sdr_failover_only_healthy(struct sdr_failover *failover);

/* Returns true if there is a server left, and time to ask it. */
bool
sdr_failover_has_next(const struct sdr_failover *failover);

/* Take a slot of the server to be asked next, which then counts as asked; wait
 * if all are busy. Returns NULL, with the reason, if all stay busy or there is
 * no such server. In the latter case an ERROR that is already set stays
 * unchanged. */
struct sdr_slot *SDR_MUST_USE
sdr_failover_take_slot(struct sdr_failover *failover, struct sdr_error *error);

/* Open the slot's session unless it is open, for use until slot->until. Returns
 * SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_failover_open(const struct sdr_failover *failover, struct sdr_slot *slot,
                  struct sdr_error *error);

/* Close the connection of this slot, which was found dead when it was reused,
 * and the server's other idle connections. */
void
sdr_failover_reset(const struct sdr_failover *failover, struct sdr_slot *slot);

/* Return the slot. WELL: the server has answered. Closes the connection if it
 * is broken, or if the server refused as if there had been no bind. */
void
sdr_failover_return_slot(const struct sdr_failover *failover,
                         struct sdr_slot *slot, bool well);

/* Open a session to the first server that accepts it and whose kind can be
 * detected, within the directory's timeout for each. The session belongs to the
 * caller, which must be the only user of the pool; its slot stays taken.
 * Returns SDR_OK; SDR_CONFIG if the account was refused, by the last server
 * tried or, with ONE_REFUSAL, by the first to refuse; or SDR_TEMPFAIL. Both
 * with the reason. */
enum sdr_status SDR_MUST_USE
sdr_failover_connect(struct sdr_pool *pool, bool one_refusal,
                     struct sdr_session **session, struct sdr_error *error);

#endif
