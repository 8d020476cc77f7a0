/* inet.h - "inet:ADDRESS:PORT", where a daemon listens by TCP
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions: any thread may call them. Addresses are numeric. A name would
 * need a name server before the daemon can start.
 */
#ifndef SDR_INET_H
#define SDR_INET_H

#include <stdbool.h>
#include <sys/socket.h>

#include "status.h"

struct sdr_inet {
    struct sockaddr_storage address;
    socklen_t len;
    bool is_loopback; /* 127.0.0.0/8 or ::1: only this host can connect */
};

/* True if TEXT begins with "inet:", in capitals or not. */
SDR_PUBLIC bool
sdr_is_inet(const char *text);

/* Read "inet:PORT", which means 127.0.0.1, "inet:127.0.0.1:PORT" or
 * "inet:[::1]:PORT". False, and INET is undefined, for all other text. */
SDR_PUBLIC bool
sdr_inet_parse(const char *text, struct sdr_inet *inet);

#endif
