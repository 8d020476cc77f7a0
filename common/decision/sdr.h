/* sdr.h - which site owns a recipient: the public header of libsdr
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Open a configuration, ask for verdicts, close it. Any number of threads may
 * use one struct sdr at the same time; sdr_ref() shares it between owners. A
 * child process may go on using it after fork(2): it drops the connections of
 * its parent without sending anything, and opens its own.
 *
 * The library prints nothing, starts no threads and changes no global state.
 * While it connects it blocks SIGPIPE in the calling thread. A decision takes
 * at most the sum of the timeouts of the configured directories, plus one
 * second.
 */
#ifndef SDR_H
#define SDR_H

#include <stdbool.h>

#include "decision/address.h"
#include "config/config.h"
#include "ldap/count.h"
#include "decision/line.h"
#include "decision/route.h"
#include "status.h"
#include "trace.h"

#define SDR_VERSION "0.9.0"

struct sdr;
struct sdr_substitute;

/* Load the configuration at PATH and prepare its directories; does not connect
 * to them yet. Returns SDR_OK and an object that the caller releases with
 * sdr_close(). Otherwise *SDR is NULL, and the result is that of
 * sdr_config_load(): SDR_CONFIG, with each error reported to MISTAKES unless
 * that is NULL, or SDR_TEMPFAIL without memory. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_open(struct sdr **sdr, const char *path, const struct sdr_trace *mistakes);

/* Take another reference, which the caller releases with sdr_close(). Returns
 * SDR. Any thread. */
SDR_PUBLIC struct sdr *
sdr_ref(struct sdr *sdr);

/* Release a reference and set the pointer to NULL. Does nothing if the pointer
 * is NULL. The last release closes the connections and frees everything,
 * including the configuration that verdicts borrow from. Any thread. */
SDR_PUBLIC void
sdr_close(struct sdr **sdr);

/* Returns the configuration. Borrowed: valid until the last sdr_close(). Any
 * thread. */
SDR_PUBLIC const struct sdr_config *
sdr_get_config(const struct sdr *sdr);

/* From now on ask the SUBSTITUTE, which is borrowed, instead of the replica and
 * the servers of its directory. Before all questions. */
void
sdr_set_substitute(struct sdr *sdr, const struct sdr_substitute *substitute);

/* Decide about RECIPIENT, as the MTA passes it (RFC 5321 path, with or without
 * brackets). Queries the replica or the directories if necessary, and may block
 * on them. Always fills the whole VERDICT; every failure is a verdict too,
 * SDR_DEFER. The verdict borrows from the configuration. Each step is reported
 * to TRACE, unless that is NULL. Any thread. */
SDR_PUBLIC void
sdr_decide(struct sdr *sdr, const char *recipient,
           const struct sdr_trace *trace, struct sdr_verdict *verdict);

/* What a decision works with: too much for the stack of a thread that then
 * waits for long. */
struct sdr_workspace {
    struct sdr_question question;
    struct sdr_answer answer;
};

/* Like sdr_decide(), in a WORKSPACE, whose contents before and afterwards mean
 * nothing. One thread at a time for each workspace. */
SDR_PUBLIC void
sdr_decide_in(struct sdr_workspace *workspace, struct sdr *sdr,
              const char *recipient, const struct sdr_trace *trace,
              struct sdr_verdict *verdict);

/* The first step of sdr_decide(), for callers that need the directories'
 * answer. Returns SDR_NOTFOUND with QUESTION and ANSWER, for
 * sdr_route_decide(); or SDR_OK with VERDICT if the address alone decides. Any
 * thread. */
enum sdr_status SDR_MUST_USE
sdr_look_up(struct sdr *sdr, const char *recipient,
            struct sdr_question *question, struct sdr_answer *answer,
            struct sdr_verdict *verdict);

/* Returns true if sdr_decide() would have to query a directory server, which
 * may take as long as the directory's timeout. Returns false if the address or
 * the replica is enough. Never blocks. Any thread. */
SDR_PUBLIC bool
sdr_needs_directory(struct sdr *sdr, const char *recipient);

/* Call SERVER with ARG for each server of each LDAP directory, in the order of
 * the configuration. COUNT is borrowed during the call. SERVER must not call
 * sdr_ functions for this object. Any thread. */
SDR_PUBLIC void
sdr_servers(struct sdr *sdr,
            void (*server)(void *arg, const struct sdr_server_count *count),
            void *arg);

#endif
