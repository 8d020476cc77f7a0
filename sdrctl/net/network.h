/* network.h - access to the hosts of other sites
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Shared by the commands that use them, with their options.
 */
#ifndef SDRCTL_NETWORK_H
#define SDRCTL_NETWORK_H

#include <stdint.h>

#include "config/config.h"
#include "net/mx.h"
#include "net/smtp_start.h"

struct network {
    struct local_addresses local;
    struct local_addresses named; /* those of --here */
    const char *resolver; /* ADDRESS or ADDRESS:PORT; NULL: the system's */
    struct dns *dns;
    uint16_t port;           /* the SMTP port */
    unsigned timeout;        /* seconds for each step */
    const char *tls_ca_file; /* NULL: the system's */
};

enum network_option {
    OPTION_HERE = 512,
    OPTION_PORT,
    OPTION_RESOLVER,
    OPTION_TIMEOUT,
    OPTION_CA
};

/* Rows of a table for getopt_long(). */
/* clang-format off */
#define NETWORK_OPTIONS                                   \
    {"here", required_argument, NULL, OPTION_HERE},       \
    {"port", required_argument, NULL, OPTION_PORT},       \
    {"resolver", required_argument, NULL, OPTION_RESOLVER}, \
    {"timeout", required_argument, NULL, OPTION_TIMEOUT}, \
    {"tls-ca-file", required_argument, NULL, OPTION_CA}
/* clang-format on */

/* Read the argument of OPTION, from 1 to MAX. False, with the error, if it is
 * no such number. */
bool
network_number(const char *option, unsigned max, unsigned *number,
               struct sdr_error *error);

/* Set the defaults. */
void
network_init(struct network *network);

/* Read the option found by getopt_long(). False if its value is bad, with the
 * error, or if it is not one of these options, with the error "". */
bool
network_option(struct network *network, int option, struct sdr_error *error);

/* Prepare for queries. SDR_OK, and the caller closes it; SDR_INVALID: the
 * resolver is not an address; SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
network_open(struct network *network, struct sdr_error *error);

/* Find the hosts that accept mail for DOMAIN at the site, by MX or next-hop,
 * and their port. */
void
network_find(const struct network *network, const struct sdr_site *site,
             const char *domain, struct mx *mx, uint16_t *port);

/* The same for the host in TEXT, "host:port" or "host", which may be this one.
 */
void
network_find_host(const struct network *network, const char *text,
                  struct mx *mx, uint16_t *port);

/* Set *TO for the address of HOST with this index, to connect to PORT. False if
 * this host has no route to it. */
bool
network_host(const struct network *network, const struct mx_host *host,
             unsigned index, uint16_t port, struct smtp_host *to);

/* Close it, if it is open. */
void
network_close(struct network *network);

#endif
