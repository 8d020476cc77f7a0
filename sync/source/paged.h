/* paged.h - entries read page by page
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each function returns SDR_OK if it has read everything; otherwise
 * SDR_TEMPFAIL with the reason: what it has read so far is correct, but there
 * may be more.
 */
#ifndef SYNC_PAGED_H
#define SYNC_PAGED_H

#include "ldap/connection.h"
#include "source/refresh.h"
#include "store/entry_set.h"
#include "source/session.h"
#include "status.h"

/* Read the entries of the directory that have an address and match the filter
 * CONDITION ("" for all). */
enum sdr_status SDR_MUST_USE
paged_entries(const struct session_with *with, const char *condition,
              struct refresh *refresh);

/* Read the entry of one message that was received for another search. */
enum sdr_status SDR_MUST_USE
paged_entry(const struct session_with *with, struct ldapmsg *message,
            const unsigned char id[SDR_RECORD_ID_SIZE],
            struct refresh *refresh);

/* Read the ids of all objects below BASE that match FILTER, including deleted
 * ones. Sets *FOLDERS if there are folders among them. */
enum sdr_status SDR_MUST_USE
paged_ids(const struct session_with *with, const char *base, const char *filter,
          struct entry_set *ids, bool *folders);

#endif
