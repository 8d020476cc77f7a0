/* inet.c - see inet.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/inet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "inet:"

enum { PREFIX_LEN = sizeof PREFIX - 1, PORT_MAX = 65535, PORT_DIGITS = 5 };

bool
sdr_is_inet(const char *text)
{
    return strncasecmp(text, PREFIX, PREFIX_LEN) == 0;
}

/* Returns the port number; 0 if TEXT is not valid. */
static uint16_t
parse_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long port = strtol(text, NULL, 10);

    if (digits > PORT_DIGITS || text[digits] != '\0' || port > PORT_MAX)
        return 0;
    return (uint16_t)port;
}

static bool
set_ipv4(struct sdr_inet *inet, const char *host)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&inet->address;

    if (inet_pton(AF_INET, host, &address->sin_addr) != 1)
        return false;
    address->sin_family = AF_INET;
    address->sin_port = htons(inet->port);
    inet->len = sizeof *address;
    inet->is_loopback = ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    inet->is_any = address->sin_addr.s_addr == htonl(INADDR_ANY);
    return true;
}

static bool
set_ipv6(struct sdr_inet *inet, const char *host)
{
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)&inet->address;

    if (inet_pton(AF_INET6, host, &address->sin6_addr) != 1)
        return false;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(inet->port);
    inet->len = sizeof *address;
    inet->is_loopback = IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
    inet->is_any = IN6_IS_ADDR_UNSPECIFIED(&address->sin6_addr);
    return true;
}

bool
sdr_inet_parse(const char *text, struct sdr_inet *inet)
{
    char host[INET6_ADDRSTRLEN + sizeof "[]"] = "127.0.0.1";
    const char *colon = strrchr(text, ':');
    size_t len;

    memset(inet, 0, sizeof *inet);
    if (!sdr_is_inet(text))
        return false;
    inet->port = parse_port(colon + 1);
    text += PREFIX_LEN;
    if (inet->port == 0)
        return false;
    if (colon < text)
        return set_ipv4(inet, host);
    len = (size_t)(colon - text);
    if (len == 0 || len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (host[0] != '[' || host[len - 1] != ']')
        return set_ipv4(inet, host);
    host[len - 1] = '\0';
    return set_ipv6(inet, host + 1);
}
