/* sdr.h - who owns this recipient: the public header of libsdr
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Open a configuration, ask for verdicts, close it. One struct sdr serves any
 * number of threads at once and may be shared by reference. After a fork the
 * child may go on using it: what the parent had open is dropped silently.
 *
 * The library prints nothing, starts no thread, changes no global state; while
 * it connects it blocks SIGPIPE in the calling thread. A question never takes
 * longer than the timeouts of the configured directories together plus a
 * second.
 */
#ifndef SDR_H
#define SDR_H

#include "address.h"
#include "config.h"
#include "count.h"
#include "log.h"
#include "route.h"
#include "status.h"
#include "trace.h"

#define SDR_VERSION "0.1.0"

struct sdr;

/* Load the configuration at PATH and make ready to ask its directories; none
 * is asked yet. Results as of sdr_config_load(). */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_open(struct sdr **sdr, const char *path, const struct sdr_trace *mistakes);

/* One reference more; returns SDR. */
SDR_PUBLIC struct sdr *
sdr_ref(struct sdr *sdr);

/* Give a reference back and set the pointer to NULL; NULL is fine. The last one
 * closes the connections and frees everything. */
SDR_PUBLIC void
sdr_close(struct sdr **sdr);

/* The configuration; borrowed until sdr_close(). */
SDR_PUBLIC const struct sdr_config *
sdr_get_config(const struct sdr *sdr);

/* Decide about RECIPIENT, as the MTA passes it, asking the directories if that
 * is needed. Always fills the verdict; what went wrong is a verdict as well
 * (SDR_DEFER). The verdict borrows from the configuration. TRACE, if not NULL,
 * is told every step. */
SDR_PUBLIC void
sdr_decide(struct sdr *sdr, const char *recipient,
           const struct sdr_trace *trace, struct sdr_verdict *verdict);

/* Hand on what has been counted of each server of each directory, in the order
 * of the configuration. Any thread. */
SDR_PUBLIC void
sdr_servers(struct sdr *sdr,
            void (*server)(void *arg, const struct sdr_server_count *count),
            void *arg);

#endif
