/* change.h - one modification of one entry
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It names all values of an attribute before and all after, in one LDAP modify
 * operation: whoever has changed one of them in between makes it fail, and
 * nothing is overwritten. Undone, it is a change as well.
 */
#ifndef SDRCTL_CHANGE_H
#define SDRCTL_CHANGE_H

#include <stdbool.h>
#include <stdio.h>

#include <ldap.h>

#include "connection.h"
#include "person.h"
#include "status.h"

enum { CHANGE_ATTRIBUTES_MAX = 4 };

/* All of it belongs to it. */
struct change {
    char *dn;
    char *address;
    unsigned directory;
    unsigned count;
    struct change_attribute {
        char *name;
        /* Of objectClass only those that come or go. */
        struct values before, after;
    } attributes[CHANGE_ATTRIBUTES_MAX];
};

struct changes {
    struct change *items;
    size_t count, room;
};

/* A new one at the end; NULL without memory. The pointer is good until the
 * next. */
struct change *
changes_add(struct changes *changes);

void
changes_clear(struct changes *changes);

/* Begin a change. False without memory. */
bool
change_begin(struct change *change, const char *dn, const char *address,
             unsigned directory);

/* One more attribute of it, whose values before and after are filled by the
 * caller; NULL without memory. */
struct change_attribute *
change_attribute(struct change *change, const char *name);

/* Make it its own opposite. */
void
change_invert(struct change *change);

void
change_clear(struct change *change);

/* Write it as an LDIF change record, with an empty line at the end. */
bool
change_print(const struct change *change, FILE *out);

enum change_result {
    CHANGE_DONE,
    CHANGE_CONFLICT, /* with the reason: somebody else has changed it */
    CHANGE_NEEDLESS, /* it is as it would be */
    CHANGE_FAILED    /* with the reason: this will not get better by itself */
};

/* Do it. */
enum change_result
change_apply(const struct change *change, struct sdr_connection *connection,
             struct sdr_error *error);

#endif
