/* next_hop.c - parse "host:port"
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "net/mx.h"

/* Parse ":25", or nothing. */
static bool
read_port(const char *text, uint16_t *port)
{
    unsigned long value;
    char *end;

    if (text[0] == '\0')
        return true;
    if (text[0] != ':' || text[1] < '0' || text[1] > '9')
        return false;
    value = strtoul(text + 1, &end, 10);
    if (*end != '\0' || value == 0 || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

bool
split_next_hop(const char *text, char host[DNS_NAME_SIZE], uint16_t *port)
{
    bool bracket = text[0] == '[';
    const char *start = text + bracket;
    size_t len = strcspn(start, bracket ? "]" : ":");
    struct sockaddr_storage address;

    if (parse_address(text, &address)) /* "2001:db8::1" */
        len = strlen(text);
    if (len == 0 || len >= DNS_NAME_SIZE || (bracket && start[len] == '\0')
        || !read_port(start + len + bracket, port))
        return false;
    memcpy(host, start, len);
    host[len] = '\0';
    return true;
}
