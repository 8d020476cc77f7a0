/* reader.h - look-ups in the replica
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The replica is an LMDB file that sdr-sync writes and any number of processes
 * read. A look-up takes microseconds, uses no network, and its answer is
 * correct or "not now": a file that is missing, truncated, of another format or
 * configuration, or not up to date is "not now", with the reason. The file is
 * checked regularly, so a replica may appear, disappear and be replaced while
 * the reader runs. It must be replaced by rename(2), never overwritten: its
 * length is checked once per tick of the kernel's clock, and if it is truncated
 * within a tick, SIGBUS may kill the reader.
 */
#ifndef SDR_REPLICA_H
#define SDR_REPLICA_H

#include <time.h>

#include "config/config.h"
#include "decision/facts.h"
#include "replica/record.h"
#include "status.h"

struct sdr_replica;

/* Create the object for the configuration's replica. Borrows the configuration;
 * does not open the file yet. Returns NULL without memory. */
SDR_PUBLIC struct sdr_replica *
sdr_replica_new(const struct sdr_config *config) SDR_MUST_USE;

/* Close the replica and set the pointer to NULL. Does nothing if it is NULL. No
 * thread may be reading. */
SDR_PUBLIC void
sdr_replica_free(struct sdr_replica **replica);

/* Look up the keys in the copy of the directory with index DIRECTORY. NOW is
 * the time of day. Returns SDR_OK with the facts; SDR_NOTFOUND if it is proven
 * that there is no entry; or SDR_TEMPFAIL with the reason: then ask the
 * directory itself. Any thread; also in a child after fork(). */
enum sdr_status SDR_MUST_USE
sdr_replica_lookup(struct sdr_replica *replica, unsigned directory,
                   const struct sdr_keys *keys, time_t now,
                   struct sdr_facts *facts, struct sdr_error *error);

/* Like sdr_replica_lookup(), but leaves the DN of the entry empty unless its
 * facts may be wrong: for callers that do not report it. */
enum sdr_status SDR_MUST_USE
sdr_replica_lookup_unnamed(struct sdr_replica *replica, unsigned directory,
                           const struct sdr_keys *keys, time_t now,
                           struct sdr_facts *facts, struct sdr_error *error);

/* Read the state of the copy of that directory, whatever its age, even if it is
 * incomplete. Returns SDR_OK; or SDR_TEMPFAIL with the reason: there is no copy
 * for this configuration. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_state(struct sdr_replica *replica, unsigned directory,
                  struct sdr_record_state *state, struct sdr_error *error);

/* Read the status of the copy. Returns as sdr_replica_state(). */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_status(struct sdr_replica *replica, unsigned directory,
                   struct sdr_record_status *status, struct sdr_error *error);

/* Compute for how many seconds from NOW the copy answers without further
 * contact to the directory: KNOWN for recipients that it has, UNKNOWN for
 * others. INT64_MAX means for ever; less than 0 means that it does not answer.
 */
SDR_PUBLIC void
sdr_replica_left(const struct sdr_replica_options *options,
                 const struct sdr_record_state *state, time_t now,
                 int64_t *known, int64_t *unknown);

/* Call ROW for all data of that directory's copy in one snapshot: for each
 * address, in the form that is compared ("alice@example.com"; the end of an
 * address that is too long for a key is a digest), each entry that has it,
 * sorted by DN. Returns SDR_OK, or SDR_TEMPFAIL with the reason. FACTS are
 * valid only during the call. Pages that the writer frees cannot be reused
 * until the function returns. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_walk(struct sdr_replica *replica, unsigned directory,
                 void (*row)(void *arg, const char *address,
                             const struct sdr_facts *facts),
                 void *arg, struct sdr_error *error);

#endif
