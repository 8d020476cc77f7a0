/* tour.h - a question's way through the servers of a directory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It takes a place for a connection, opens it, asks over it, gives it back, and
 * takes the next one if that was in vain. The first URI is preferred; a server
 * that failed is left alone for a while, unless there is no other. But one that
 * refused the account's password is left alone in any case: to try it for every
 * recipient would lock the account. Any thread, each with a tour of its own.
 */
#ifndef SDR_TOUR_H
#define SDR_TOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"
#include "status.h"

struct sdr_tour {
    struct sdr_pool *pool;
    bool *asked; /* by server */
    unsigned left;
    int64_t deadline;
    int64_t least; /* time that is needed to judge a server fairly */
    int64_t worst; /* rank of a server that is still asked */
};

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
 * for it if all are taken. NULL with the reason; an ERROR that says something
 * already is left as it is if there is no such server. */
struct sdr_place *SDR_MUST_USE
sdr_tour_take(struct sdr_tour *tour, struct sdr_error *error);

/* Open the place's connection unless it is open. Returns SDR_OK, or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_tour_open(const struct sdr_tour *tour, struct sdr_place *place,
              struct sdr_error *error);

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
