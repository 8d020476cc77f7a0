/* envelope.h - the recipients of a message, in a simulated MTA
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef FUZZ_ENVELOPE_H
#define FUZZ_ENVELOPE_H

#include <stdbool.h>

#include "decision/address.h"

enum { RECIPIENTS_MAX = 64 };

struct rcpt {
    char *given;
    const char *resolved; /* {rcpt_addr}, borrowed; NULL: none */
    bool added;           /* by the milter */
    bool unmapped;        /* the MTA applies its maps later, as Postfix */
    bool gone;
};

struct envelope {
    struct rcpt rcpts[RECIPIENTS_MAX * 8];
    unsigned count;
    unsigned marks;
    bool by_tables; /* the tables rewrite: the milter edits nothing */
};

void
envelope_clear(struct envelope *envelope);

/* Add a recipient of the client or of the milter. Copies GIVEN. */
void
envelope_add(struct envelope *envelope, const char *given, const char *resolved,
             bool by_milter, bool unmapped);

/* Delete each recipient that an MTA would delete by TEXT: the given text, or
 * the address that it was mapped to. Ignores a text without a domain: it is
 * meant for recipients that local users submit without one. */
void
envelope_delete(struct envelope *envelope, const char *text);

/* Check the recipients of an accepted message: each is kept, or replaced by all
 * its targets; each added recipient is a target, and was added once. */
void
envelope_check(const struct envelope *envelope);

#endif
