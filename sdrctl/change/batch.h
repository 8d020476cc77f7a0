/* batch.h - a list of addresses, from a file or the command line
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A file has one address per line, or is CSV (RFC 4180) with addresses in the
 * first field. A first line without an address is a header. Empty lines, lines
 * that begin with #, a byte order mark and carriage returns are ignored.
 */
#ifndef SDRCTL_BATCH_H
#define SDRCTL_BATCH_H

#include <stdbool.h>
#include <stddef.h>

struct batch_line {
    char *address;
    unsigned long line; /* 0: from the command line */
};

struct batch {
    struct batch_line *items;
    size_t count, room;
    const char *file; /* borrowed; NULL: none */
};

/* Called for each error in LINE, or in the file as a whole if LINE is 0. */
typedef void (*batch_mistake)(void *arg, const struct batch *batch,
                              unsigned long line, const char *text);

/* Add a copy of an address. Returns false if out of memory. */
bool
batch_add(struct batch *batch, const char *address, unsigned long line);

/* A batch_mistake that prints the error on standard error. */
void
batch_print_mistake(void *arg, const struct batch *batch, unsigned long line,
                    const char *text);

/* Add the addresses in the file at PATH, "-" for standard input, and report
 * each error. Returns false if there was one. */
bool
batch_read(struct batch *batch, const char *path, batch_mistake mistake,
           void *arg);

/* Sort by address, and remove duplicates. */
void
batch_sort(struct batch *batch);

/* Free its content. */
void
batch_clear(struct batch *batch);

#endif
