/* usn.h - the update sequence numbers of Active Directory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each domain controller numbers the changes of its own copy, including
 * replicated ones. The number of the last change, with the invocationId of the
 * copy, is the position up to which a client has read.
 */
#ifndef SYNC_USN_H
#define SYNC_USN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/entry_set.h"
#include "source/session.h"
#include "status.h"

struct usn_position {
    uint64_t highest;    /* highestCommittedUSN */
    char invocation[33]; /* in hexadecimal digits; "" if it is not shown */
    char groups[33];     /* a digest of the groups that owners are named by */
};

/* More facts about the server. */
struct usn_server {
    struct usn_position now;
    char domain[1024];       /* the naming context that holds the search base */
    bool sees_deletions;     /* some at least; requires access */
    struct entry_set groups; /* the ids of those groups */
};

/* Query the server's position. SERVER must be freed by usn_server_clear() in
 * any case. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
usn_ask(const struct session_with *with, struct usn_server *server);

void
usn_server_clear(struct usn_server *server);

/* The longest position as text, with the NUL. */
#define USN_TEXT_MAX 128

/* Convert the position to text and back. usn_parse() returns false if the text
 * is not a position. */
void
usn_format(const struct usn_position *position, char text[USN_TEXT_MAX]);

bool
usn_parse(struct usn_position *position, const void *text, size_t len);

#endif
