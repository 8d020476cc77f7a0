/* questions_sides.h - different ways to do the same lookup
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each error and each wrong answer ends the process.
 */
#ifndef QUESTIONS_SIDES_H
#define QUESTIONS_SIDES_H

#include <stddef.h>

struct side {
    const char *name;
    void (*prepare)(void); /* once, before all threads */
    /* Open the connection of one thread. Calls of open and close never
     * overlap. */
    void *(*open)(void);
    void (*ask)(void *open, size_t question);
    void (*close)(void *open);
};

/* Read the sdr.conf at CONF, and the addresses in FILE. */
void
questions_read(const char *conf, const char *file);

size_t
questions_count(void);

void
questions_free(void);

const struct side *
side_find(const char *name);

_Noreturn void
die(const char *what, const char *why);

#endif
