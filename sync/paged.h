/* paged.h - entries read page by page
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each function returns SDR_OK when it has read all that there is; else
 * SDR_TEMPFAIL with the reason: what it has read until then is true, what it
 * has not read may be there.
 */
#ifndef SYNC_PAGED_H
#define SYNC_PAGED_H

#include "connection.h"
#include "refresh.h"
#include "seen.h"
#include "session.h"
#include "status.h"

/* Run the search to its end; DELETED as of struct sdr_page. */
enum sdr_status SDR_MUST_USE
paged_search(const struct session_with *with, struct sdr_search *search,
             bool deleted);

/* The entries of the directory that have an address and match the filter
 * BESIDES ("" for all). */
enum sdr_status SDR_MUST_USE
paged_entries(const struct session_with *with, const char *besides,
              struct refresh *refresh);

/* The ids of all objects below BASE that match FILTER, deleted ones
 * included. */
enum sdr_status SDR_MUST_USE
paged_ids(const struct session_with *with, const char *base, const char *filter,
          struct seen *ids);

#endif
