/* ldif_entries.h - the entries of a directory in an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For sdr-sync, which imports them, and sdrctl, which checks the file. The text
 * is read at least twice: no entry is imported before the whole file is known
 * to be valid. One thread.
 */
#ifndef SDR_LDIF_ENTRIES_H
#define SDR_LDIF_ENTRIES_H

#include "ldap/groups.h"
#include "ldif/ldif_reader.h"
#include "replica/entry.h"

/* The largest file: files are read into memory. */
enum { LDIF_MAX_OCTETS = 1 << 30 };

/* The id of an entry's DN, and its line. */
struct ldif_name {
    unsigned char id[SDR_RECORD_ID_SIZE];
    unsigned long line;
};

/* All zero except the caller's members is the initial state. Freed by
 * ldif_entries_clear(). */
struct ldif_entries {
    /* Set by the caller, and borrowed. */
    const struct sdr_config *config;
    unsigned directory; /* index in the configuration */
    const char *text;
    size_t len;
    bool (*stops)(void *arg); /* called now and then; NULL: never stop */
    enum sdr_status (*take)(void *arg, struct entry *entry,
                            struct sdr_error *error);
    void *arg;
    /* Valid after the check. */
    size_t name_count;   /* all entries */
    size_t with_address; /* those with an address in a split domain */
    /* Valid while TAKE is called: the entry's lines, the number of its first
     * line, and the nested groups. */
    const char *begin, *end;
    unsigned long line;
    struct sdr_groups groups;
    /* Private. */
    struct ldif_reader content;
    char *base;          /* search base, in the form of dn_normal() */
    bool taking;         /* false: only checked */
    bool wanted;         /* the entry is below the base */
    bool hidden;         /* the original server would not show it */
    bool is_group;       /* it is a group of Active Directory */
    sdr_sites in_groups; /* sites of the groups that contain it */
    bool news;           /* new nested groups: earlier records may be in them */
    struct entry entry;
    struct ldif_name *names;
    size_t name_room;
};

/* Check the text. Returns SDR_OK; SDR_INVALID if it is not valid LDIF, or has
 * no address in a split domain, with file and, if known, line in the error;
 * SDR_TEMPFAIL without memory, or if STOPS returned true. */
enum sdr_status SDR_MUST_USE
ldif_entries_check(struct ldif_entries *entries, struct sdr_error *error);

/* Call TAKE for each entry that counts. Call it after ldif_entries_check().
 * Returns the first failure of TAKE. */
enum sdr_status SDR_MUST_USE
ldif_entries_take(struct ldif_entries *entries, struct sdr_error *error);

/* Returns true if the attribute's options mark the value as deleted. 389
 * Directory Server exports such values because replication may still need them.
 */
bool
ldif_entries_deleted(const char *attribute);

/* Free the contents. */
void
ldif_entries_clear(struct ldif_entries *entries);

#endif
