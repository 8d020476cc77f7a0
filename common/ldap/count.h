/* count.h - statistics of a directory server
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_COUNT_H
#define SDR_COUNT_H

#include <stdbool.h>

/* Why a question to a server failed. */
enum sdr_trouble {
    SDR_TROUBLE_CONNECT, /* no connection, no TLS, no bind */
    SDR_TROUBLE_LOST,    /* the connection ended, or the answer came too late */
    SDR_TROUBLE_ANSWER   /* its answer proves nothing */
};
enum { SDR_TROUBLES = SDR_TROUBLE_ANSWER + 1 };

/* Counted since sdr_open(). A plain value; its texts belong to the
 * configuration. */
struct sdr_server_count {
    const char *directory, *uri;
    bool well; /* false: it failed, and is left alone for a while */
    unsigned long long asked, failed[SDR_TROUBLES];
};

#endif
