/* tables.h - the tables of the replica's file, within one transaction
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is in them: see record.h. In addition to the readers' tables there is
 * "held": of each entry for which a loss is held back, the octets as the
 * directory has it; empty if it is no more there. Functions that return an int
 * return what LMDB does, or ENOMEM.
 */
#ifndef SYNC_TABLES_H
#define SYNC_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

#include "replica/entry.h"
#include "replica/record.h"
#include "store/sealed.h"

/* Directory and entry id: the key of entries and of held. */
struct tables_id {
    unsigned char octets[1 + SDR_RECORD_ID_SIZE];
};

struct tables_id
tables_id(const struct tables *tables,
          const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Read the entry; MDB_NOTFOUND if there is none. The octets are LMDB's: good
 * until the next write. */
int
tables_get(const struct tables *tables, MDB_dbi dbi, const struct tables_id *id,
           MDB_val *octets);

/* Write an entry that is not there, and index it by its keys. */
int
tables_add(const struct tables *tables, const struct tables_id *id,
           const void *octets, size_t len);

/* Make the entry what the octets say, and index it by its keys. */
int
tables_put(const struct tables *tables, const struct tables_id *id,
           const void *octets, size_t len);

/* Remove the entry, if it exists. */
int
tables_drop(const struct tables *tables, const struct tables_id *id);

/* True if an entry other than ID is found by the key, the directory still has
 * it there, and who had the facts BEFORE has an owner now if he had one. */
bool
tables_claimed(const struct tables *tables, const struct tables_id *id,
               const struct sdr_record_key *key,
               const struct sdr_facts *before);

/* Remove everything of the directory from the table. */
int
tables_clear(const struct tables *tables, MDB_dbi dbi);

/* Step through the keys of entries or held that belong to the directory: to the
 * first, and from *id to the one behind it once it has BEGUN. MDB_NOTFOUND at
 * the end. */
int
tables_next(const struct tables *tables, MDB_dbi dbi, bool *begun,
            struct tables_id *id);

#endif
