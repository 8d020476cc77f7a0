/* here.h - this host's addresses, and others to be compared with them
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_HERE_H
#define SDRCTL_HERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* This host's addresses: those of its interfaces, and more. */
struct here {
    unsigned count;
    struct sockaddr_storage addresses[64];
};

/* Ask for the addresses of the interfaces. */
void
here_find(struct here *here);

/* Add an address. */
void
here_keep(struct here *here, const struct sockaddr_storage *address);

/* Add an address, as text. False if it is none. */
bool
here_add(struct here *here, const char *text);

bool
here_has(const struct here *here, const struct sockaddr_storage *address);

/* Read an address. False if TEXT is none. */
bool
parse_address(const char *text, struct sockaddr_storage *address);

/* "192.0.2.1" or "2001:db8::1" */
void
address_text(const struct sockaddr_storage *address, char *text, size_t size);

/* Give the address this port. */
void
set_port(struct sockaddr_storage *address, uint16_t port);

/* True if this host has a way to the address. Nothing is sent for that. */
bool
is_routed(const struct sockaddr_storage *address, socklen_t len);

#endif
