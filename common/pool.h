/* pool.h - the connections to a directory's servers, and whom to ask next
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A question makes a tour: it takes a place for a connection, asks over it,
 * gives it back, and takes the next one if that was in vain. The first URI is
 * preferred; a server that failed is left alone for a while, unless there is no
 * other. Any thread, each with a tour of its own; SIGPIPE is blocked.
 */
#ifndef SDR_POOL_H
#define SDR_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "connection.h"
#include "rights.h"
#include "sight.h"
#include "status.h"

struct sdr_pool;

/* A place for a connection. It belongs to the thread that took it. */
struct sdr_place {
    const char *uri;
    struct sdr_connection *connection; /* NULL: to be opened */
    struct sdr_sight sight;
    struct sdr_rights rights;
    struct sdr_rights_seen *seen; /* at its server */
    int64_t until; /* when the taker's time with this server is over */
    /* the pool's own */
    unsigned server;
    bool busy;
    int64_t used_at;
};

struct sdr_tour {
    struct sdr_pool *pool;
    bool *asked; /* by server */
    unsigned left;
    int64_t deadline;
    int64_t least; /* time that is needed to judge a server fairly */
    int64_t worst; /* rank of a server that is still asked */
};

/* Make a pool for the directory, which it borrows; nothing is opened. NULL
 * without memory. */
struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options) SDR_MUST_USE;

/* Close all connections, free it and set the pointer to NULL; NULL is fine. No
 * tour may be under way. */
void
sdr_pool_free(struct sdr_pool **pool);

/* Begin a tour that ends by DEADLINE. In a child of the process that made the
 * pool, what that had open is dropped without a word. False without memory. */
bool SDR_MUST_USE
sdr_tour_begin(struct sdr_tour *tour, struct sdr_pool *pool, int64_t deadline);

void
sdr_tour_end(struct sdr_tour *tour);

/* From now on only servers that are well are asked. */
void
sdr_tour_want_well(struct sdr_tour *tour);

/* True if there is a server left, and time to ask it. */
bool
sdr_tour_goes_on(const struct sdr_tour *tour);

/* Take a place at the server to be asked next, which then counts as asked; wait
 * for it if all are taken. NULL with the reason. */
struct sdr_place *SDR_MUST_USE
sdr_tour_take(struct sdr_tour *tour, struct sdr_error *error);

/* The connection of this place was dead when it was used again: close it, and
 * the server's others that rest. */
void
sdr_tour_renew(const struct sdr_tour *tour, struct sdr_place *place);

/* Give the place back. BROKEN: its connection is good for nothing. WELL: the
 * server has answered the question. */
void
sdr_tour_give_back(const struct sdr_tour *tour, struct sdr_place *place,
                   bool broken, bool well);

#endif
