/* mark.h - how far a copy has come
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_MARK_H
#define SYNC_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The longest cookie that is kept. */
#define STORE_COOKIE_MAX 8192

/* How much of the truth the changes are. */
enum store_stage {
    STORE_MIDDLE, /* more of this read comes: nothing is lost yet */
    STORE_FULL,   /* end of a full read */
    STORE_CHANGES /* end of a read of changes, or one as it happens */
};

/* What else is known. */
struct store_mark {
    enum store_stage stage;
    const char *method; /* NULL: as it was, and FROM_A_FILE too */
    const char *server; /* NULL: as it was */
    const void *cookie; /* NULL: as it was */
    size_t cookie_len;  /* 0 with a cookie: forget it */
    time_t contact;     /* the copy was up to date then; 0: as it was */
    bool from_a_file;
};

#endif
