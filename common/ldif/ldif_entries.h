/* ldif_entries.h - the entries of a directory that is an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For sdr-sync, which takes them, and sdrctl, which checks the file. The text
 * is read at least twice: no entry is taken before the last line is known to be
 * valid. One thread.
 */
#ifndef SDR_LDIF_ENTRIES_H
#define SDR_LDIF_ENTRIES_H

#include "ldap/groups.h"
#include "ldif/ldif_reader.h"
#include "replica/entry.h"

/* A file is read into memory. */
enum { LDIF_MAX_OCTETS = 1 << 30 };

/* An entry's name, and where it stands. */
struct ldif_name {
    unsigned char id[SDR_RECORD_ID_SIZE];
    unsigned long line;
};

/* All zero but for the first ones is a valid start. Freed by
 * ldif_entries_clear(). */
struct ldif_entries {
    /* Set by the caller, and borrowed. */
    const struct sdr_config *config;
    unsigned directory; /* its index */
    const char *text;
    size_t len;
    bool (*stops)(void *arg); /* asked now and then; NULL: go on */
    enum sdr_status (*take)(void *arg, struct entry *entry,
                            struct sdr_error *error);
    void *arg;
    /* Known after the check. */
    size_t name_count;   /* all entries */
    size_t with_address; /* those with an address in a split domain */
    /* Known while an entry is taken: its lines, the first one's number, and the
     * groups in others. */
    const char *begin, *end;
    unsigned long line;
    struct sdr_groups groups;
    /* Private. */
    struct ldif_reader content;
    char *base;          /* of the search, in the form of dn_normal() */
    bool taking;         /* else it is only looked through */
    bool wanted;         /* the entry is below the base */
    bool hidden;         /* no search of the server it is from would show it */
    bool is_group;       /* one of Active Directory */
    sdr_sites in_groups; /* that name these sites */
    bool news; /* of groups in groups: those read before may be in them */
    struct entry entry;
    struct ldif_name *names;
    size_t name_room;
};

/* Look through the text. SDR_INVALID: it is not valid LDIF, or has no address
 * in a split domain; the error names file and line. SDR_TEMPFAIL: no memory, or
 * it had to stop. */
enum sdr_status SDR_MUST_USE
ldif_entries_check(struct ldif_entries *entries, struct sdr_error *error);

/* After that: take each entry that counts. Results as of TAKE. */
enum sdr_status SDR_MUST_USE
ldif_entries_take(struct ldif_entries *entries, struct sdr_error *error);

/* True if the attribute's options say that the value was deleted. 389 Directory
 * Server exports such values, as replication may still need them. */
bool
ldif_entries_deleted(const char *attribute);

/* Free what it holds. */
void
ldif_entries_clear(struct ldif_entries *entries);

#endif
