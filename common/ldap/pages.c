/* pages.c - see pages.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/pages.h"

#include "net/clock.h"

/* Active Directory returns at most 1000 entries at once. */
enum { PAGE_SIZE = 500 };

static enum sdr_status
search_page(struct sdr_connection *connection, struct sdr_search *search,
            unsigned seconds, struct sdr_error *error)
{
    enum sdr_status status;

    if (seconds > 0)
        sdr_connection_set_deadline(connection,
                                    sdr_clock() + 1000 * (int64_t)seconds);
    status = sdr_connection_search(connection, search, error);
    if (status == SDR_OK && !search->complete) {
        sdr_error_set(error, "incomplete result: the server needs too long, or "
                             "refers to another server");
        status = SDR_TEMPFAIL;
    }
    return status;
}

enum sdr_status
sdr_pages_search(struct sdr_connection *connection, struct sdr_search *search,
                 const struct sdr_pages *pages, struct sdr_error *error)
{
    struct sdr_page page = {.size = PAGE_SIZE, .deleted = pages->deleted};
    enum sdr_status status;

    search->page = &page;
    search->time_limit = pages->seconds;
    do {
        status = search_page(connection, search, pages->seconds, error);
        if (status == SDR_OK && page.more && pages->stop != NULL
            && pages->stop(pages->arg)) {
            sdr_error_set(error, "stopped");
            status = SDR_TEMPFAIL;
        }
    } while (status == SDR_OK && page.more);
    sdr_page_clear(&page);
    search->page = NULL;
    return status;
}
