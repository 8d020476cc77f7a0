/* batch.h - a list of addresses, from a file or the command line
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A file has an address a line, or is CSV (RFC 4180) whose first field is one;
 * a first line without an address is its heading. Empty lines and those that
 * begin with # do not count, nor do a byte order mark and carriage returns.
 */
#ifndef SDRCTL_BATCH_H
#define SDRCTL_BATCH_H

#include <stdbool.h>
#include <stddef.h>

struct batch {
    struct batch_line {
        char *address;
        unsigned long line; /* 0: of the command line */
    } * items;
    size_t count, room;
    const char *file; /* borrowed; NULL: none */
};

/* Tells a mistake in that line. */
typedef void (*batch_mistake)(void *arg, const struct batch *batch,
                              unsigned long line, const char *text);

/* Add an address. False without memory. */
bool
batch_add(struct batch *batch, const char *address, unsigned long line);

/* Add those of the file; each mistake is told. False if there was one, or
 * the file cannot be read, which is told as well. */
bool
batch_read(struct batch *batch, const char *path, batch_mistake mistake,
           void *arg);

/* Free what it holds. */
void
batch_clear(struct batch *batch);

#endif
