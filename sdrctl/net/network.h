/* network.h - access to the hosts of other sites
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The settings and options shared by the commands that use the network.
 */
#ifndef SDRCTL_NETWORK_H
#define SDRCTL_NETWORK_H

#include <stdint.h>

#include "config/config.h"
#include "net/mx.h"
#include "net/smtp_start.h"

struct network {
    struct local_addresses local;
    struct local_addresses named; /* addresses given with --here */
    const char *resolver; /* ADDRESS or ADDRESS:PORT; NULL: the system's */
    struct dns *dns;
    uint16_t port;           /* the SMTP port */
    unsigned timeout;        /* seconds for each step */
    const char *tls_ca_file; /* NULL: the default */
};

enum network_option {
    OPTION_HERE = 512,
    OPTION_PORT,
    OPTION_RESOLVER,
    OPTION_TIMEOUT,
    OPTION_CA
};

/* Rows of an option table for getopt_long(). */
/* clang-format off */
#define NETWORK_OPTIONS                                   \
    {"here", required_argument, NULL, OPTION_HERE},       \
    {"port", required_argument, NULL, OPTION_PORT},       \
    {"resolver", required_argument, NULL, OPTION_RESOLVER}, \
    {"timeout", required_argument, NULL, OPTION_TIMEOUT}, \
    {"tls-ca-file", required_argument, NULL, OPTION_CA}
/* clang-format on */

/* Parse optarg, the argument of OPTION, a number from 1 to MAX. Returns false,
 * with the error, if it is invalid. */
bool
network_number(const char *option, unsigned max, unsigned *number,
               struct sdr_error *error);

/* Set the defaults, and find the addresses of this host. */
void
network_init(struct network *network);

/* Read the option that getopt_long() has returned. Returns false with the error
 * if its value is invalid, or with the error "" if it is not one of these
 * options. */
bool
network_option(struct network *network, int option, struct sdr_error *error);

/* Prepare for queries. Returns SDR_OK, and the caller closes it; or with the
 * error SDR_INVALID, the resolver is not an address, or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
network_open(struct network *network, struct sdr_error *error);

/* Find the hosts that accept mail for DOMAIN at the site, by MX or next-hop,
 * and their port. */
void
network_find(const struct network *network, const struct sdr_site *site,
             const char *domain, struct mx *mx, uint16_t *port);

/* Do the same for the host TEXT, "host:port" or "host", which may be this host.
 */
void
network_find_host(const struct network *network, const char *text,
                  struct mx *mx, uint16_t *port);

/* Set *TO to connect to PORT at the address of HOST with this index. Returns
 * false if this host has no route to it. */
bool
network_host(const struct network *network, const struct mx_host *host,
             unsigned index, uint16_t port, struct smtp_host *to);

/* Close what network_open() opened, if anything. */
void
network_close(struct network *network);

#endif
