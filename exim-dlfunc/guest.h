/* guest.h - what lives as long as a process of Exim does
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A process of Exim may be root, forks at will and has one thread. It gets the
 * configuration once, looks whether the file has changed each time, and has the
 * last verdict kept for the functions that are called about one address in
 * turn. Nothing here prints or exits.
 */
#ifndef GUEST_H
#define GUEST_H

#include "route.h"

/* To be provided by the face: write a line to Exim's log. */
void
guest_log(const char *line);

/* The verdict about RECIPIENT in a message with these loop MARKS, the lines of
 * its mark headers, under the configuration at PATH. Always one; a
 * configuration that cannot be read is a reason to defer. A new one is logged.
 * Without MARKS, NULL, it is only asked whether the recipient has a next hop:
 * loops are no matter then, and what is neither routed nor deferred no news.
 * Borrowed until the next call. */
const struct sdr_verdict *
guest_decide(const char *path, const char *recipient, const char *marks);

/* Write the header line for a message that leaves; nothing if it has MARKS with
 * which it must not, or the configuration cannot be read. */
void
guest_mark(const char *path, const char *marks, char *out, size_t size);

#endif
