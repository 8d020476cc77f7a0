/* resolve.h - the addresses of a host name, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * getaddrinfo(3) may wait for name servers without limit. This resolver follows
 * /etc/resolv.conf and /etc/hosts, which are read each time, and stops at the
 * deadline. Other services of nsswitch.conf are not used.
 */
#ifndef SDR_RESOLVE_H
#define SDR_RESOLVE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

/* The most addresses of one name. */
#define SDR_ADDRESSES_MAX 16

/* In the order in which they should be tried (RFC 6724). */
struct sdr_addresses {
    unsigned count;
    struct {
        struct sockaddr_storage address;
        socklen_t len;
    } items[SDR_ADDRESSES_MAX];
};

/* Initialise the resolver. Call it once in a process, before the other
 * functions, which any thread may call. */
void
sdr_resolve_init(void);

/* Find the addresses of HOST, which may be an address itself. Returns SDR_OK
 * with at least one; or SDR_TEMPFAIL with the reason: a name that does not
 * exist now may exist in a minute. */
enum sdr_status SDR_MUST_USE
sdr_resolve(const char *host, uint16_t port, int64_t deadline,
            struct sdr_addresses *addresses, struct sdr_error *error);

/* The sockets of a c-ares channel, and the events it waits for on each. */
enum { SDR_RESOLVE_SOCKETS_MAX = 16 };
struct sdr_resolve_sockets {
    nfds_t count;
    struct pollfd items[SDR_RESOLVE_SOCKETS_MAX];
};

/* Create a channel that asks each name server TRIES times and first waits
 * TIMEOUT milliseconds. It uses SOCKETS until ares_destroy(). Returns false,
 * without a channel, if out of memory. */
struct ares_channeldata;
bool SDR_MUST_USE
sdr_resolve_open(struct ares_channeldata **channel,
                 struct sdr_resolve_sockets *sockets, int timeout, int tries,
                 int flags);

/* Process the channel until *DONE or the deadline. */
void
sdr_resolve_wait(struct ares_channeldata *channel,
                 const struct sdr_resolve_sockets *sockets, const bool *done,
                 int64_t deadline);

#endif
