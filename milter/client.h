/* client.h - a connection that is served
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * While it rests nobody has it but the poller; while it is served it belongs to
 * one worker. Its link and state belong to who holds the workers' lock.
 */
#ifndef SDR_MILTER_CLIENT_H
#define SDR_MILTER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum client_state {
    CLIENT_RESTS,  /* until it says something, or takes something */
    CLIENT_SERVED, /* by a worker */
    CLIENT_PARKED, /* until a worker is free that may wait */
};

struct client {
    TAILQ_ENTRY(client) link, parked;
    int fd;
    bool is_self_probe; /* it is ourselves */
    enum client_state state;
    int64_t rests_since; /* sdr_clock() */
    /* For serve() to set: */
    int64_t deadline; /* it is given up if it rests at that; 0: never */
    bool must_take;   /* before it says more it has to take an answer */
};

TAILQ_HEAD(client_list, client);

#endif
