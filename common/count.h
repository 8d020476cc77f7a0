/* count.h - what has been counted of a directory server
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_COUNT_H
#define SDR_COUNT_H

#include <stdbool.h>

/* Why a question to a server was in vain. */
enum sdr_trouble {
    SDR_TROUBLE_CONNECT, /* no connection, no TLS, no bind */
    SDR_TROUBLE_LOST,    /* the connection ended, or was too slow */
    SDR_TROUBLE_ANSWER   /* its answer proves nothing */
};
enum { SDR_TROUBLES = SDR_TROUBLE_ANSWER + 1 };

/* Since sdr_open(). Borrowed while it is handed on. */
struct sdr_server_count {
    const char *directory, *uri;
    bool well; /* not left alone because it failed */
    unsigned long long asked, failed[SDR_TROUBLES];
};

#endif
