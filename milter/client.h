/* client.h - a client connection
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An idle client belongs to the poller, a client that is served to one worker.
 * Its link and state are protected by the workers' lock.
 */
#ifndef SDR_MILTER_CLIENT_H
#define SDR_MILTER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum client_state {
    CLIENT_RESTS,  /* idle, until it can be read or written */
    CLIENT_SERVED, /* served by a worker */
    CLIENT_PARKED, /* waits for a worker that may block */
};

struct client {
    TAILQ_ENTRY(client) link, parked;
    int fd;
    bool is_self_probe; /* our own connection, see self_probe.h */
    enum client_state state;
    int64_t rests_since; /* sdr_clock() */
    /* Set by serve(): */
    int64_t deadline; /* closed if still idle then; 0: never */
    bool must_take;   /* it must read an answer before it may send more */
};

TAILQ_HEAD(client_list, client);

#endif
