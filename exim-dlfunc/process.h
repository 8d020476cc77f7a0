/* process.h - what lasts as long as a process of Exim
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A process of Exim may be root, forks at will and has one thread. It reads the
 * configuration once, checks each time whether the file has changed, and keeps
 * the last verdict, because several functions are called for one address in
 * turn. Nothing here prints or exits.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/route.h"

/* Provided by exim-sdr.c: write a line to Exim's log. */
void
process_log(const char *line);

/* The verdict about RECIPIENT in a message with these loop MARKS, the lines of
 * its mark headers, under the configuration at PATH. There always is one: if
 * the configuration cannot be read, it is defer. A new verdict is logged. Marks
 * that have reached the loop-limit defer a recipient that would leave while the
 * newest is young, and no longer: the message has been accepted, and a bounce
 * would go to whomever it names as its sender. Without MARKS, NULL, the
 * question is only whether the recipient has a next hop: loops do not matter
 * then, and a verdict is logged only if it is route or defer. Borrowed until
 * the next call. */
const struct sdr_verdict *
process_decide(const char *path, const char *recipient, const char *marks);

/* True if a message with these MARKS must not be accepted: they have reached
 * the loop-limit, and each of the RECIPIENTS, which are Exim's $recipients,
 * would leave again. REPLY then says why, and it is logged. If one recipient
 * stays, all are routed once more: the message that comes back has only the
 * others. */
bool
process_is_loop(const char *path, const char *recipients, const char *marks,
                struct sdr_reply *reply);

/* Write the header line for a message that leaves; nothing if it has MARKS with
 * which it is deferred, or the configuration cannot be read. */
void
process_mark(const char *path, const char *marks, char *out, size_t size);

#endif
