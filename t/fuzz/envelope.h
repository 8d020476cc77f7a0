/* envelope.h - the recipients of a message at a played MTA, edited by the
 * milter SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef FUZZ_ENVELOPE_H
#define FUZZ_ENVELOPE_H

#include <stdbool.h>

#include "address.h"

enum { RECIPIENTS_MAX = 64 };

struct rcpt {
    char *given;
    const char *resolved; /* borrowed; NULL: not told */
    bool added;           /* by the milter */
    bool gone;
};

struct envelope {
    struct rcpt rcpts[RECIPIENTS_MAX * 8];
    unsigned count;
    struct sdr_address told[RECIPIENTS_MAX]; /* by the lookup table */
    unsigned told_count;
    unsigned marks;
};

void
envelope_clear(struct envelope *envelope);

/* A recipient, by the client or by the milter. */
void
envelope_add(struct envelope *envelope, const char *given, const char *resolved,
             bool by_milter);

/* By the client's text, or by the MTA's own. */
void
envelope_delete(struct envelope *envelope, const char *text);

bool
envelope_is_told(const struct envelope *envelope,
                 const struct sdr_address *mailbox);

/* The rules of a message that was accepted: each recipient is kept, or replaced
 * by all its targets; what is added is a target of somebody, once. */
void
envelope_check(const struct envelope *envelope);

#endif
