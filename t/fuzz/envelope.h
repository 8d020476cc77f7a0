/* envelope.h - the recipients of a message at a played MTA, edited by the
 * milter SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef FUZZ_ENVELOPE_H
#define FUZZ_ENVELOPE_H

#include <stdbool.h>

#include "decision/address.h"

enum { RECIPIENTS_MAX = 64 };

struct rcpt {
    char *given;
    const char *resolved; /* borrowed; NULL: not given */
    bool added;           /* by the milter */
    bool unmapped;        /* the MTA has read it, and mapped nothing yet */
    bool gone;
};

struct envelope {
    struct rcpt rcpts[RECIPIENTS_MAX * 8];
    unsigned count;
    unsigned marks;
    bool by_tables; /* for good: nothing may be edited */
};

void
envelope_clear(struct envelope *envelope);

/* A recipient, by the client or by the milter. */
void
envelope_add(struct envelope *envelope, const char *given, const char *resolved,
             bool by_milter, bool unmapped);

/* As an MTA reads a text: by the client's without what is around it, or by
 * what that was mapped to. A text without a domain is for an MTA whose users
 * type such. */
void
envelope_delete(struct envelope *envelope, const char *text);

/* The rules of a message that was accepted: each recipient is kept, or replaced
 * by all its targets; what is added is a target of somebody, once. */
void
envelope_check(const struct envelope *envelope);

#endif
