/* count.h - statistics of a directory server
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_COUNT_H
#define SDR_COUNT_H

#include <stdbool.h>

/* Why a query to a server failed. */
enum sdr_trouble {
    SDR_TROUBLE_CONNECT, /* connect, TLS or bind failed */
    SDR_TROUBLE_LOST,    /* the connection was lost, or the response was late */
    SDR_TROUBLE_ANSWER   /* the response proves nothing */
};
enum { SDR_TROUBLES = SDR_TROUBLE_ANSWER + 1 };

/* Counters since sdr_open(). A plain value; its strings belong to the
 * configuration. */
struct sdr_server_count {
    const char *directory, *uri;
    bool well; /* false: it failed, and is avoided for a while */
    unsigned long long asked, failed[SDR_TROUBLES];
};

#endif
