/* session.h - one conversation with one server, RFC 4533
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_SESSION_H
#define SYNC_SESSION_H

#include <stdbool.h>

#include "status.h"
#include "worker.h"

enum session_end {
    SESSION_STOPPED, /* the worker has to stop, or has done what was to be done
                        once */
    SESSION_FAILED,  /* with the reason: ask another server, or later */
    SESSION_RELOAD,  /* what the server remembers of us counts no more: read all
                        of it */
    SESSION_DUE      /* the time has come to read all of it */
};

/* Talk to the server at URI until something ends it; from the beginning if
 * WHOLE. *worked is set as soon as the copy was up to date. */
enum session_end
session_run(struct worker *worker, const char *uri, bool whole, bool *worked,
            struct sdr_error *error);

#endif
