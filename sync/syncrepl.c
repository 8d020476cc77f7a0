/* syncrepl.c - see syncrepl.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "syncrepl.h"

#include "session.h"

/* How long to wait after all servers have failed: longer each time. */
enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 30 * 1000 };

/* One server, until it fails; true if the worker has to stop. */
static bool
use(struct worker *worker, const char *uri, bool *worked)
{
    bool whole = false;

    for (;;) {
        struct sdr_error error = {""};

        switch (session_run(worker, uri, whole, worked, &error)) {
        case SESSION_STOPPED:
            return true;
        case SESSION_FAILED:
            worker_failed(worker, &error);
            return false;
        case SESSION_RELOAD:
            /* It cannot come twice: without a cookie there is nothing to
             * remember. */
            worker_tell(worker, "%s", error.text);
            whole = true;
            break;
        case SESSION_DUE:
            worker_tell(worker, "reading all of it again");
            whole = true;
            break;
        }
    }
}

void
syncrepl_run(struct worker *worker)
{
    const struct sdr_list *uris = &worker_directory(worker)->uris;
    unsigned pause = PAUSE_MIN_MS;

    worker->status = SDR_TEMPFAIL;
    while (!worker_stopping(worker)) {
        bool worked = false;

        for (unsigned i = 0; i < uris->count && !worked; i++) {
            if (use(worker, uris->items[i], &worked))
                return;
        }
        if (worker->once)
            return;
        pause = worked ? PAUSE_MIN_MS : pause;
        worker_sleep(worker, pause);
        pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    }
}
