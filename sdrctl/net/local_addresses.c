/* local_addresses.c - see local_addresses.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/local_addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    struct sockaddr_in a4, b4;
    struct sockaddr_in6 a6, b6;

    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET) {
        memcpy(&a4, a, sizeof a4);
        memcpy(&b4, b, sizeof b4);
        return a4.sin_addr.s_addr == b4.sin_addr.s_addr;
    }
    memcpy(&a6, a, sizeof a6);
    memcpy(&b6, b, sizeof b6);
    return memcmp(&a6.sin6_addr, &b6.sin6_addr, sizeof a6.sin6_addr) == 0;
}

bool
local_addresses_has(const struct local_addresses *local,
                    const struct sockaddr_storage *address)
{
    for (unsigned i = 0; i < local->count; i++) {
        if (same_address(&local->addresses[i], address))
            return true;
    }
    return false;
}

bool
parse_address(const char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        memcpy(address, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        memcpy(address, &v6, sizeof v6);
    else
        return false;
    return true;
}

void
local_addresses_keep(struct local_addresses *local,
                     const struct sockaddr_storage *address)
{
    if (local->count < sizeof local->addresses / sizeof local->addresses[0]
        && !local_addresses_has(local, address))
        local->addresses[local->count++] = *address;
}

bool
local_addresses_add(struct local_addresses *local, const char *text)
{
    struct sockaddr_storage address;

    if (!parse_address(text, &address))
        return false;
    local_addresses_keep(local, &address);
    return true;
}

void
local_addresses_find(struct local_addresses *local)
{
    struct ifaddrs *list = NULL;

    local->count = 0;
    /* Packets to the unspecified address arrive at this host. */
    (void)local_addresses_add(local, "0.0.0.0");
    (void)local_addresses_add(local, "::");
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        struct sockaddr_storage address = {0};

        if (i->ifa_addr == NULL)
            continue;
        if (i->ifa_addr->sa_family == AF_INET)
            memcpy(&address, i->ifa_addr, sizeof(struct sockaddr_in));
        else if (i->ifa_addr->sa_family == AF_INET6)
            memcpy(&address, i->ifa_addr, sizeof(struct sockaddr_in6));
        else
            continue;
        local_addresses_keep(local, &address);
    }
    freeifaddrs(list);
}

void
address_text(const struct sockaddr_storage *address, char *text, size_t size)
{
    socklen_t len = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                  : sizeof(struct sockaddr_in6);

    if (getnameinfo((const struct sockaddr *)address, len, text,
                    (socklen_t)size, NULL, 0, NI_NUMERICHOST)
        != 0)
        snprintf(text, size, "?");
}

void
set_port(struct sockaddr_storage *address, uint16_t port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        v4.sin_port = htons(port);
        memcpy(address, &v4, sizeof v4);
    } else {
        memcpy(&v6, address, sizeof v6);
        v6.sin6_port = htons(port);
        memcpy(address, &v6, sizeof v6);
    }
}

/* A socket connected to ADDRESS, which sends nothing; else -1, and errno. */
static int
connect_datagram(const struct sockaddr_storage *address, socklen_t len)
{
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, len) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

bool
is_routed(const struct sockaddr_storage *address, socklen_t len)
{
    int fd = connect_datagram(address, len);

    if (fd < 0)
        return errno == EACCES;
    close(fd);
    return true;
}

bool
source_address(const struct sockaddr_storage *address, socklen_t len,
               struct sockaddr_storage *source)
{
    int fd = connect_datagram(address, len);
    socklen_t size = sizeof *source;
    bool found;

    if (fd < 0)
        return false;
    found = getsockname(fd, (struct sockaddr *)source, &size) == 0;
    close(fd);
    return found;
}

/* RFC 1122, 1918, 3927, 6598 */
static bool
is_public_v4(uint32_t address)
{
    static const struct {
        uint32_t network, mask;
    } others[] = {
        {0x00000000, 0xff000000}, {0x0a000000, 0xff000000},
        {0x64400000, 0xffc00000}, {0x7f000000, 0xff000000},
        {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
        {0xc0a80000, 0xffff0000},
    };

    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        if ((address & others[i].mask) == others[i].network)
            return false;
    }
    return true;
}

bool
is_public(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    memcpy(&v6, address, sizeof v6);
    return (v6.sin6_addr.s6_addr[0] & 0xe0) == 0x20; /* 2000::/3 */
}
