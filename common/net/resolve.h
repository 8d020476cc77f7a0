/* resolve.h - the addresses of a host name, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * getaddrinfo(3) may wait for name servers without limit. This resolver asks as
 * /etc/resolv.conf and /etc/hosts say, which are read again each time, and
 * gives up in time. Other services of nsswitch.conf are not asked.
 */
#ifndef SDR_RESOLVE_H
#define SDR_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

/* More addresses of one name are not tried. */
#define SDR_ADDRESSES_MAX 16

/* In the order in which they should be tried (RFC 6724). */
struct sdr_addresses {
    unsigned count;
    struct {
        struct sockaddr_storage address;
        socklen_t len;
    } items[SDR_ADDRESSES_MAX];
};

/* Once in a process, before the other functions, which any thread may call. */
void
sdr_resolve_init(void);

/* The addresses of HOST, which may be an address itself. Returns SDR_OK with at
 * least one; or SDR_TEMPFAIL with the reason: a name that does not exist now
 * may exist in a minute. */
enum sdr_status SDR_MUST_USE
sdr_resolve(const char *host, uint16_t port, int64_t deadline,
            struct sdr_addresses *addresses, struct sdr_error *error);

/* Let c-ares work for this channel until *DONE or the deadline. */
struct ares_channeldata;
void
sdr_resolve_wait(struct ares_channeldata *channel, const bool *done,
                 int64_t deadline);

#endif
