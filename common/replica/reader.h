/* reader.h - the local copy of the directories, read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An LMDB file that sdr-sync writes and any number of processes read. A look-up
 * takes microseconds, asks nobody, and is right or no answer: a file that is
 * missing, cut short, of another format or configuration, or not up to date is
 * not now, with the reason. It is looked at again by itself, so that a replica
 * may come, go and be replaced while the reader runs. It is replaced by
 * rename(2), never by writing over it: its length is looked at once in a tick
 * of the kernel's clock, and SIGBUS ends a reader that meets a page which is
 * cut off within one.
 */
#ifndef SDR_REPLICA_H
#define SDR_REPLICA_H

#include <time.h>

#include "config/config.h"
#include "decision/facts.h"
#include "replica/record.h"
#include "status.h"

struct sdr_replica;

/* Make the object for the configuration's replica, which is borrowed; opens
 * nothing yet. NULL without memory. */
SDR_PUBLIC struct sdr_replica *
sdr_replica_new(const struct sdr_config *config) SDR_MUST_USE;

/* Close it and set the pointer to NULL; NULL is fine. No thread may be reading.
 */
SDR_PUBLIC void
sdr_replica_free(struct sdr_replica **replica);

/* Look the keys up in the copy of the directory with this index. Any thread; in
 * a child after fork() as well. Returns SDR_OK with the facts; SDR_NOTFOUND if
 * it is sure that there is no entry; or SDR_TEMPFAIL with the reason: then the
 * directory itself may know. NOW is the time of day. */
enum sdr_status SDR_MUST_USE
sdr_replica_lookup(struct sdr_replica *replica, unsigned directory,
                   const struct sdr_keys *keys, time_t now,
                   struct sdr_facts *facts, struct sdr_error *error);

/* The same, for those to whom nobody listens: the name of the entry is left out
 * where nothing can be wrong with what it says. */
enum sdr_status SDR_MUST_USE
sdr_replica_lookup_unnamed(struct sdr_replica *replica, unsigned directory,
                           const struct sdr_keys *keys, time_t now,
                           struct sdr_facts *facts, struct sdr_error *error);

/* What the copy of that directory is worth, whatever its age and whether it is
 * complete. Returns SDR_OK; or SDR_TEMPFAIL with the reason: there is no copy
 * made under this configuration. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_state(struct sdr_replica *replica, unsigned directory,
                  struct sdr_record_state *state, struct sdr_error *error);

/* What else is known of it. Results as above. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_status(struct sdr_replica *replica, unsigned directory,
                   struct sdr_record_status *status, struct sdr_error *error);

/* For how many seconds from NOW the copy answers if no more is heard of the
 * directory: for recipients that it knows, and for those that it does not.
 * INT64_MAX is for ever; below 0 it does not answer. */
SDR_PUBLIC void
sdr_replica_left(const struct sdr_replica_options *options,
                 const struct sdr_record_state *state, time_t now,
                 int64_t *known, int64_t *unknown);

/* Hand on all that the copy of that directory holds, as it is at one moment:
 * for each address, as it is compared ("alice@example.com"; of one that is too
 * long for a key the end is not legible), each entry that has it, in the order
 * of their names. Returns SDR_OK; or SDR_TEMPFAIL with the reason. What is
 * handed on is gone when ROW returns; until it is done the file cannot reuse
 * its pages. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_replica_walk(struct sdr_replica *replica, unsigned directory,
                 void (*row)(void *arg, const char *address,
                             const struct sdr_facts *facts),
                 void *arg, struct sdr_error *error);

#endif
