/* network.c - see network.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/network.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT = 10, TIMEOUT_MAX = 300, SMTP_PORT = 25, PORT_MAX = 65535 };

void
network_init(struct network *network)
{
    *network = (struct network){.port = SMTP_PORT, .timeout = TIMEOUT};
    local_addresses_find(&network->local);
}

bool
network_number(const char *option, unsigned max, unsigned *number,
               struct sdr_error *error)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);

    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || value < 1
        || value > max) {
        sdr_error_set(error, "%s: \"%s\" is not a number from 1 to %u", option,
                      optarg, max);
        return false;
    }
    *number = (unsigned)value;
    return true;
}

bool
network_option(struct network *network, int option, struct sdr_error *error)
{
    unsigned port;

    switch (option) {
    case OPTION_HERE:
        if (local_addresses_add(&network->local, optarg))
            return local_addresses_add(&network->named, optarg);
        sdr_error_set(error, "--here: \"%s\" is not an IP address", optarg);
        return false;
    case OPTION_PORT:
        if (!network_number("--port", PORT_MAX, &port, error))
            return false;
        network->port = (uint16_t)port;
        return true;
    case OPTION_RESOLVER:
        network->resolver = optarg;
        return true;
    case OPTION_TIMEOUT:
        return network_number("--timeout", TIMEOUT_MAX, &network->timeout,
                              error);
    case OPTION_CA:
        network->tls_ca_file = optarg;
        return true;
    default: /* getopt_long() has printed the error */
        sdr_error_set(error, "%s", "");
        return false;
    }
}

enum sdr_status
network_open(struct network *network, struct sdr_error *error)
{
    enum sdr_status status;

    /* GnuTLS writes to sockets that the peer may have closed. */
    signal(SIGPIPE, SIG_IGN);
    status = dns_open(&network->dns, network->resolver, network->timeout);
    if (status == SDR_INVALID)
        sdr_error_set(error, "--resolver: \"%s\" is not ADDRESS[:PORT]",
                      network->resolver);
    else if (status != SDR_OK)
        sdr_error_set(error, "no memory");
    return status;
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

void
network_find_host(const struct network *network, const char *text,
                  struct mx *mx, uint16_t *port)
{
    static const struct local_addresses none = {.count = 0};
    char host[DNS_NAME_SIZE] = "";

    memset(mx, 0, sizeof *mx);
    *port = network->port;
    if (split_next_hop(text, host, port))
        mx_find_host(mx, network->dns, &none, host);
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
