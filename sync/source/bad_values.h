/* bad_values.h - values that are more than an address, reported once
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each entry is read many times; the administrator needs one report, not
 * thousands. Used by one thread.
 */
#ifndef SYNC_BAD_VALUES_H
#define SYNC_BAD_VALUES_H

#include <stdint.h>

#include "replica/entry.h"

enum { BAD_VALUES_MAX = 20 };

/* The entries reported so far; all zero is the initial state. */
struct bad_values {
    uint64_t reported[BAD_VALUES_MAX];
    unsigned count; /* BAD_VALUES_MAX + 1: and that there are more */
};

/* What to report of an entry that has ended. */
enum bad_values_report { BAD_VALUES_NONE, BAD_VALUES_NEW, BAD_VALUES_MORE };

/* Check an entry after entry_end(). Returns BAD_VALUES_NEW, with TEXT, if an
 * address of it is only in values that are more than an address, and that was
 * not reported yet; BAD_VALUES_MORE once, when there are too many to report. */
enum bad_values_report
bad_values_add(struct bad_values *bad_values, const struct entry *entry,
               char *text, size_t size);

#endif
