/* ldif_index.h - look-up of LDIF entries by address or DN
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Returns what a search on a server would: the same values for the same keys.
 * The text is borrowed and must not change. One thread.
 */
#ifndef SDR_LDIF_INDEX_H
#define SDR_LDIF_INDEX_H

#include "ldap/connection.h"
#include "ldap/groups.h"
#include "decision/keys.h"
#include "replica/record.h"
#include "status.h"

struct ldif_index;

/* The lines of an entry, without the empty line after it. */
struct ldif_span {
    const char *begin, *end;
    unsigned long line; /* number of the first line */
    unsigned char id[SDR_RECORD_ID_SIZE];
};

/* Check the text of the directory's file and index it. Returns as
 * ldif_entries_check(), or SDR_TEMPFAIL without memory; *INDEX is NULL unless
 * it is SDR_OK. */
enum sdr_status SDR_MUST_USE
ldif_index_new(struct ldif_index **index, const struct sdr_config *config,
               unsigned directory, const char *text, size_t len,
               struct sdr_error *error);

/* Free the index and set the pointer to NULL. Does nothing if it is NULL. */
void
ldif_index_free(struct ldif_index **index);

/* Call the functions of SEARCH for each entry with any of the keys, in file
 * order; for all entries if KEYS is NULL. The other members of SEARCH are
 * ignored. Returns SDR_OK, or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
ldif_index_search(const struct ldif_index *index, const struct sdr_keys *keys,
                  const struct sdr_search *search, struct sdr_error *error);

/* Returns the entry with this DN; NULL if there is none, or without memory. */
const struct ldif_span *
ldif_index_find(const struct ldif_index *index, const char *dn);

/* Returns the nested groups that name owners; borrowed. */
const struct sdr_groups *
ldif_index_groups(const struct ldif_index *index);

#endif
