/* netstring.h - reading netstrings from an untrusted peer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "5:hello,": the framing of socketmaps (Bernstein, 1997; socketmap_table(5)).
 * A reader belongs to one thread. It buffers data that the peer sends ahead.
 */
#ifndef SDR_MILTER_NETSTRING_H
#define SDR_MILTER_NETSTRING_H

#include <stdbool.h>
#include <stddef.h>

enum {
    NETSTRING_MAX = 4096, /* the longest content that we read */
    NETSTRING_HEAD = sizeof "4096:" - 1,
    NETSTRING_FRAME = 24, /* the most that netstring_format() adds */
};

enum netstring_status {
    NETSTRING_OK,
    NETSTRING_PART, /* incomplete so far */
    NETSTRING_END,  /* end of file between two netstrings */
    NETSTRING_CUT,  /* end of file inside a netstring */
    NETSTRING_BAD   /* not a netstring, or too long */
};

struct netstring_reader {
    int fd;
    size_t start, end; /* received data not taken yet */
    char text[NETSTRING_HEAD + NETSTRING_MAX + 1];
};

/* Returns true if a netstring, or a part of one, has been received. */
bool
netstring_waiting(const struct netstring_reader *reader);

/* Take the next netstring from the received data. Returns OK, PART or BAD.
 * *TEXT is its content of *LEN octets, followed by a NUL; borrowed until more
 * is received. */
enum netstring_status
netstring_take(struct netstring_reader *reader, char **text, size_t *len);

/* Receive available data, after netstring_take() has returned PART. Never
 * blocks. Returns OK, PART if there is none, END or CUT. */
enum netstring_status
netstring_receive(struct netstring_reader *reader);

/* Write a netstring to OCTETS, with room for LEN + NETSTRING_FRAME. Returns its
 * length. */
size_t
netstring_format(char *octets, const char *text, size_t len);

#endif
