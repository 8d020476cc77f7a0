/* network.c - see network.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "network.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT = 10, TIMEOUT_MAX = 300, SMTP_PORT = 25, PORT_MAX = 65535 };

const char network_misuse[] = "--resolver wants an address, or address:port";

void
network_init(struct network *network)
{
    *network = (struct network){.port = SMTP_PORT, .timeout = TIMEOUT};
    here_find(&network->here);
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
        return here_add(&network->here, optarg) ? NULL
                                                : "--here wants an address";
    case OPTION_PORT:
        if (!read_number(optarg, PORT_MAX, &port))
            return "--port wants a number";
        network->port = (uint16_t)port;
        return NULL;
    case OPTION_RESOLVER:
        network->resolver = optarg;
        return NULL;
    case OPTION_TIMEOUT:
        return read_number(optarg, TIMEOUT_MAX, &network->timeout)
                   ? NULL
                   : "--timeout wants a number of seconds";
    case OPTION_CA:
        network->tls_ca_file = optarg;
        return NULL;
    default:
        return "bad option";
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
        mx_find(mx, network->dns, &network->here, domain);
    else if (split_next_hop(site->next_hop, host, port))
        mx_find_host(mx, network->dns, &network->here, host);
}

void
network_close(struct network *network)
{
    dns_close(&network->dns);
}
