/* pages.h - a search with paged results
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_PAGES_H
#define SDR_PAGES_H

#include <stdbool.h>

#include "ldap/connection.h"
#include "status.h"

struct sdr_pages {
    unsigned seconds; /* for each page; 0: until the connection's deadline */
    bool deleted;     /* see struct sdr_page */
    bool (*stop)(void *arg); /* called before each further page; NULL: never */
    void *arg;
};

/* Run the search to its end. Returns SDR_OK if everything was read; or
 * SDR_TEMPFAIL with the reason: what was read so far is correct, but there may
 * be more. */
enum sdr_status SDR_MUST_USE
sdr_pages_search(struct sdr_connection *connection, struct sdr_search *search,
                 const struct sdr_pages *pages, struct sdr_error *error);

#endif
