/* local_addresses.h - addresses, above all those of this host
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_LOCAL_ADDRESSES_H
#define SDRCTL_LOCAL_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A set of addresses: those of the interfaces of this host, and more. */
struct local_addresses {
    unsigned count;
    struct sockaddr_storage addresses[64];
};

/* Fill it with the addresses of the interfaces. */
void
local_addresses_find(struct local_addresses *local);

/* Add an address. */
void
local_addresses_keep(struct local_addresses *local,
                     const struct sockaddr_storage *address);

/* Add an address in text form. False if TEXT is not an address. */
bool
local_addresses_add(struct local_addresses *local, const char *text);

bool
local_addresses_has(const struct local_addresses *local,
                    const struct sockaddr_storage *address);

/* Parse an address. False if TEXT is not one. */
bool
parse_address(const char *text, struct sockaddr_storage *address);

/* "192.0.2.1" or "2001:db8::1" */
void
address_text(const struct sockaddr_storage *address, char *text, size_t size);

/* Set the port of the address. */
void
set_port(struct sockaddr_storage *address, uint16_t port);

/* True if this host has a route to the address. Sends nothing. */
bool
is_routed(const struct sockaddr_storage *address, socklen_t len);

/* The address from which this host sends to ADDRESS. False without a route. */
bool
source_address(const struct sockaddr_storage *address, socklen_t len,
               struct sockaddr_storage *source);

/* True unless the address is one of a private network, or of this host alone.
 */
bool
is_public(const struct sockaddr_storage *address);

#endif
