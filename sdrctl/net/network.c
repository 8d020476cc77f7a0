/* network.c - see network.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/network.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT = 10, TIMEOUT_MAX = 300, SMTP_PORT = 25, PORT_MAX = 65535 };

const char network_misuse[] = "--resolver requires ADDRESS or ADDRESS:PORT";

void
network_init(struct network *network)
{
    *network = (struct network){.port = SMTP_PORT, .timeout = TIMEOUT};
    local_addresses_find(&network->local);
}

static bool
read_number(const char *text, unsigned max, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1
        || value > max)
        return false;
    *number = (unsigned)value;
    return true;
}

const char *
network_option(struct network *network, int option)
{
    unsigned port = 0;

    switch (option) {
    case OPTION_HERE:
        return local_addresses_add(&network->local, optarg)
                   ? NULL
                   : "--here requires an IP address";
    case OPTION_PORT:
        if (!read_number(optarg, PORT_MAX, &port))
            return "--port requires a number from 1 to 65535";
        network->port = (uint16_t)port;
        return NULL;
    case OPTION_RESOLVER:
        network->resolver = optarg;
        return NULL;
    case OPTION_TIMEOUT:
        return read_number(optarg, TIMEOUT_MAX, &network->timeout)
                   ? NULL
                   : "--timeout requires a number of seconds from 1 to 300";
    case OPTION_CA:
        network->tls_ca_file = optarg;
        return NULL;
    default:
        return "invalid option";
    }
}

enum sdr_status
network_open(struct network *network)
{
    /* TLS writes to sockets that may be gone. */
    signal(SIGPIPE, SIG_IGN);
    return dns_open(&network->dns, network->resolver, network->timeout);
}

void
network_find(const struct network *network, const struct sdr_site *site,
             const char *domain, struct mx *mx, uint16_t *port)
{
    char host[DNS_NAME_SIZE] = "";

    memset(mx, 0, sizeof *mx);
    *port = network->port;
    if (site->delivery == SDR_REWRITE)
        mx_find(mx, network->dns, &network->local, domain);
    else if (split_next_hop(site->next_hop, host, port))
        mx_find_host(mx, network->dns, &network->local, host);
}

bool
network_host(const struct network *network, const struct mx_host *host,
             unsigned index, uint16_t port, struct smtp_host *to)
{
    *to = (struct smtp_host){.name = host->name,
                             .address = host->addresses.items[index].address,
                             .len = host->addresses.items[index].len,
                             .timeout = network->timeout,
                             .tls_ca_file = network->tls_ca_file};
    set_port(&to->address, port);
    return is_routed(&to->address, to->len);
}

void
network_close(struct network *network)
{
    dns_close(&network->dns);
}
