/* network.h - how hosts of other sites are found and asked
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the commands that do so share, and the options that say it.
 */
#ifndef SDRCTL_NETWORK_H
#define SDRCTL_NETWORK_H

#include <stdint.h>

#include "config.h"
#include "mx.h"

struct network {
    struct here here;
    const char *resolver; /* ADDRESS or ADDRESS:PORT; NULL: the system's */
    struct dns *dns;
    uint16_t port;           /* of SMTP */
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

/* As it is without options. */
void
network_init(struct network *network);

/* Take the option that getopt_long() has found. Returns NULL, or what is wrong
 * with it: most often, that it is none of these. */
const char *
network_option(struct network *network, int option);

/* Make ready to ask. SDR_OK, to be closed; SDR_INVALID: see network_misuse; or
 * SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
network_open(struct network *network);

/* What is wrong if it cannot be opened because of an option. */
extern const char network_misuse[];

/* Find the hosts that take mail for DOMAIN at the site, by MX or as its next
 * hop, and their port. */
void
network_find(const struct network *network, const struct sdr_site *site,
             const char *domain, struct mx *mx, uint16_t *port);

/* Close it; one that is not open is fine. */
void
network_close(struct network *network);

#endif
