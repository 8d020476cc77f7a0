/* mark.h - the progress of a copy
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_MARK_H
#define SYNC_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The longest cookie that is kept. */
#define STORE_COOKIE_MAX 8192

/* How complete the changes are. */
enum store_stage {
    STORE_MIDDLE, /* not the end of this read */
    STORE_FULL,   /* end of a full read */
    STORE_CHANGES /* end of an incremental read, or a single change */
};

/* More data of a commit. */
struct store_mark {
    enum store_stage stage;
    const char *method; /* NULL: as it was, and FROM_A_FILE too */
    const char *server; /* NULL: as it was */
    const void *cookie; /* NULL: as it was */
    size_t cookie_len;  /* 0 with a cookie: discard it */
    time_t contact;     /* the copy was up to date then; 0: as it was */
    bool from_a_file;
};

#endif
