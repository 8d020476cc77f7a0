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
};

enum netstring_status {
    NETSTRING_OK,
    NETSTRING_END,  /* the peer has gone, between two of them */
    NETSTRING_LATE, /* it stopped within one */
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

/* Wait for the next one, without limit for its first octet and SECONDS for the
 * rest. *text is its content, ended by a NUL, *len octets without that; it is
 * borrowed until the next call. */
enum netstring_status
netstring_read(struct netstring_reader *reader, int seconds, char **text,
               size_t *len);

/* Write one. A send timeout of the socket holds. False if the peer did not
 * take it all. */
bool
netstring_write(int fd, const char *text, size_t len);

#endif
