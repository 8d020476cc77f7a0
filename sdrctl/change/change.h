/* change.h - one modification of one entry
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It names all values of an attribute before and after, in one LDAP modify
 * operation: if somebody else has changed one of them in between, it fails, and
 * nothing is overwritten. Its inverse is a change too.
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

/* Octets of an entry in a file that a change replaces, so that undo restores
 * them: values do not say where a line was, or how it was written. */
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
    unsigned long line; /* in its journal, if read from one */
    bool has_result;    /* in the journal: */
    bool not_made;      /* it had no effect */
    struct change_octets octets;
    unsigned count;
    struct change_attribute {
        char *name;
        /* For objectClass only those added or removed. */
        struct values before, after;
    } attributes[CHANGE_ATTRIBUTES_MAX];
};

struct changes {
    struct change *items;
    size_t count, room;
};

/* Append a change. NULL without memory; the pointer is valid until the next
 * call. */
struct change *
changes_add(struct changes *changes);

/* Remove the changes that are known to have had no effect. */
void
changes_drop_not_made(struct changes *changes);

void
changes_clear(struct changes *changes);

/* Initialize a change. False without memory. */
bool
change_begin(struct change *change, const char *dn, const char *address,
             unsigned directory);

/* Add an attribute, whose values the caller fills. NULL without memory. */
struct change_attribute *
change_attribute(struct change *change, const char *name);

/* Turn it into its inverse. */
void
change_invert(struct change *change);

void
change_clear(struct change *change);

/* Write it as an LDIF change record, with an empty line at the end. */
bool
change_print(const struct change *change, FILE *out);

enum change_result {
    CHANGE_DONE,
    CHANGE_NEEDLESS, /* the entry has the new values already */
    CHANGE_CONFLICT, /* with the reason: somebody else changed the entry */
    CHANGE_FAILED    /* with the reason: further changes would fail as well */
};
enum { CHANGE_RESULTS = CHANGE_FAILED + 1 };

enum standing { IS_BEFORE, IS_AFTER, IS_ELSE };

/* Compare the change with the values that the attributes have NOW, in its
 * order. */
enum standing
change_compare(const struct change *change, const struct values *now);

/* Apply the change to an entry of a server. */
enum change_result
change_apply(const struct change *change, struct sdr_connection *connection,
             struct sdr_error *error);

#endif
