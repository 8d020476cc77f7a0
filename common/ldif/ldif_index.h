/* ldif_index.h - the entries of an LDIF file, found by address or by name
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hands on what a search of a server would: the same values for the same keys.
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

/* An entry: its lines, without the empty one behind it. */
struct ldif_span {
    const char *begin, *end;
    unsigned long line; /* the number of the first one */
    unsigned char id[SDR_RECORD_ID_SIZE];
};

/* Check the text of the directory's file as a whole, and index it. Results as
 * of ldif_entries_check(); *INDEX is NULL unless it is SDR_OK. */
enum sdr_status SDR_MUST_USE
ldif_index_new(struct ldif_index **index, const struct sdr_config *config,
               unsigned directory, const char *text, size_t len,
               struct sdr_error *error);

/* Free it and set the pointer to NULL; NULL is fine. */
void
ldif_index_free(struct ldif_index **index);

/* Hand on each entry with one of the keys, whichever, in their order in the
 * file; without keys (NULL) all. SDR_OK; SDR_TEMPFAIL without memory. Only the
 * functions of the search count. */
enum sdr_status SDR_MUST_USE
ldif_index_search(const struct ldif_index *index, const struct sdr_keys *keys,
                  const struct sdr_search *search, struct sdr_error *error);

/* The entry with this name; NULL if there is none, or no memory. */
const struct ldif_span *
ldif_index_find(const struct ldif_index *index, const char *dn);

/* Groups in others that name owners; borrowed. */
const struct sdr_groups *
ldif_index_groups(const struct ldif_index *index);

#endif
