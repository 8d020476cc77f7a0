/* inet.h - "inet:ADDRESS:PORT", a TCP address to listen on
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions; any thread. Addresses are numeric: a name would need a name
 * server before the daemon can start.
 */
#ifndef SDR_INET_H
#define SDR_INET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

struct sdr_inet {
    struct sockaddr_storage address;
    socklen_t len;
    uint16_t port;
    bool is_loopback; /* 127.0.0.0/8 or ::1: only this host can connect */
    bool is_any;      /* 0.0.0.0 or ::, all addresses of this host */
};

/* Returns true if TEXT begins with "inet:", ignoring case. */
SDR_PUBLIC bool
sdr_is_inet(const char *text);

/* Parse "inet:PORT", which means 127.0.0.1, "inet:127.0.0.1:PORT" or
 * "inet:[::1]:PORT". Returns false, with INET undefined, for any other text. */
SDR_PUBLIC bool
sdr_inet_parse(const char *text, struct sdr_inet *inet);

#endif
