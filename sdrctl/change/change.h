/* change.h - one modification of one entry
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A change has all values of an attribute before and after. One LDAP modify
 * operation deletes the old and adds the new values. If another client has
 * changed one of them in the meantime, it fails and overwrites nothing. The
 * inverse of a change is also a change.
 */
#ifndef SDRCTL_CHANGE_H
#define SDRCTL_CHANGE_H

#include <stdbool.h>
#include <stdio.h>

#include <ldap.h>

#include "ldap/connection.h"
#include "change/entry.h"
#include "status.h"

enum { CHANGE_ATTRIBUTES_MAX = 4 };

/* The octets of an LDIF entry that a change replaces. undo restores them,
 * because values alone do not say where a line was or how it was written. */
struct change_octets {
    bool known;
    size_t offset; /* in the entry */
    struct berval before, after;
};

/* Owns all its memory. */
struct change {
    char *dn;
    char *address;
    unsigned directory;
    unsigned long line; /* in the journal, if read from one */
    bool has_result;    /* the journal has its result: */
    bool not_made;      /* it had no effect */
    struct change_octets octets;
    unsigned count;
    struct change_attribute {
        char *name;
        /* For objectClass, only the classes added or removed. */
        struct values before, after;
    } attributes[CHANGE_ATTRIBUTES_MAX];
};

struct changes {
    struct change *items;
    size_t count, room;
};

/* Append an empty change. Returns NULL if out of memory. The pointer is valid
 * until the next call. */
struct change *
changes_add(struct changes *changes);

/* Remove the changes that are known to have had no effect. */
void
changes_drop_not_made(struct changes *changes);

void
changes_clear(struct changes *changes);

/* Initialize a change. Returns false if out of memory. */
bool
change_begin(struct change *change, const char *dn, const char *address,
             unsigned directory);

/* Add an attribute; the caller adds its values. Returns NULL if there is no
 * room or no memory. */
struct change_attribute *
change_attribute(struct change *change, const char *name);

/* Replace the change by its inverse. */
void
change_invert(struct change *change);

void
change_clear(struct change *change);

/* Write the change as an LDIF change record, followed by an empty line. Returns
 * false on a write error. */
bool
change_print(const struct change *change, FILE *out);

enum change_result {
    CHANGE_DONE,
    CHANGE_NEEDLESS, /* the entry has the new values already */
    CHANGE_CONFLICT, /* with the reason: another client changed the entry */
    CHANGE_FAILED    /* with the reason: further changes would fail as well */
};
enum { CHANGE_RESULTS = CHANGE_FAILED + 1 };

enum standing { IS_BEFORE, IS_AFTER, IS_ELSE };

/* Compare the change with the current values NOW of its attributes, in the same
 * order. */
enum standing
change_compare(const struct change *change, const struct values *now);

/* Apply the change to its entry on a server, unless the entry has the new
 * values. */
enum change_result
change_apply(const struct change *change, struct sdr_connection *connection,
             struct sdr_error *error);

#endif
