/* netstring.h - netstrings from a peer that may be slow, endless or hostile
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "5:hello,": the framing of socketmaps (Bernstein, 1997; socketmap_table(5)).
 * A reader belongs to one thread. It keeps what a peer sends ahead.
 */
#ifndef SDR_MILTER_NETSTRING_H
#define SDR_MILTER_NETSTRING_H

#include <stdbool.h>
#include <stddef.h>

enum {
    NETSTRING_MAX = 4096, /* octets of one that we read */
    NETSTRING_HEAD = sizeof "4096:" - 1,
    NETSTRING_FRAME = 24, /* what format adds, at most */
};

enum netstring_status {
    NETSTRING_OK,
    NETSTRING_PART, /* the rest has not come yet */
    NETSTRING_END,  /* the peer has gone, between two of them */
    NETSTRING_CUT,  /* it has gone within one */
    NETSTRING_BAD   /* it speaks something else, or too long */
};

struct netstring_reader {
    int fd;
    size_t start, end; /* of what has been read and not been taken */
    char text[NETSTRING_HEAD + NETSTRING_MAX + 1];
};

/* True if a netstring, or the beginning of one, has been read already. */
bool
netstring_waiting(const struct netstring_reader *reader);

/* Take the next one from what has been received: OK, PART or BAD. *text is its
 * content, ended by a NUL, *len octets without that; it is borrowed until more
 * is received. */
enum netstring_status
netstring_take(struct netstring_reader *reader, char **text, size_t *len);

/* Receive what there is, if netstring_take() has said PART. Never waits: OK, or
 * PART if nothing has come, END or CUT. */
enum netstring_status
netstring_receive(struct netstring_reader *reader);

/* Write one to OCTETS, with room for LEN and NETSTRING_FRAME. Returns how many
 * octets it has. */
size_t
netstring_format(char *octets, const char *text, size_t len);

#endif
