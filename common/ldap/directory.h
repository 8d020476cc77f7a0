/* directory.h - live LDAP: a bounded pool, failover, one deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One object for each [directory]; any thread may use it at any time. The first
 * URI is preferred. A server that fails is avoided for a while, unless there is
 * no other. No failure is remembered longer than that. "Not found" for the
 * recipient's own address must come from two servers while two are healthy.
 */
#ifndef SDR_DIRECTORY_H
#define SDR_DIRECTORY_H

#include "config/config.h"
#include "ldap/count.h"
#include "decision/facts.h"
#include "decision/route.h"
#include "status.h"
#include "trace.h"

struct sdr_directory;

/* Create the object for config->directories[index]. It borrows the
 * configuration and does not connect yet. Returns NULL without memory. */
struct sdr_directory *
sdr_directory_new(const struct sdr_config *config, unsigned index) SDR_MUST_USE;

/* Close all connections, free the object and set the pointer to NULL. Does
 * nothing if it is NULL. No look-up may be under way. */
void
sdr_directory_free(struct sdr_directory **directory);

/* Call SERVER with ARG for the counters of each server. */
void
sdr_directory_count(const struct sdr_directory *directory,
                    void (*server)(void *arg,
                                   const struct sdr_server_count *count),
                    void *arg);

/* Look up the keys, within the timeout of the directory. Returns SDR_OK with
 * the facts; SDR_NOTFOUND if it is proven that there is no entry; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_directory_lookup(struct sdr_directory *directory,
                     const struct sdr_keys *keys, const struct sdr_trace *trace,
                     struct sdr_facts *facts, struct sdr_error *error);

#endif
