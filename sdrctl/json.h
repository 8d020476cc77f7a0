/* json.h - what subcommands need of JSON (RFC 8259)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects that cannot be made for want of memory are NULL, which jansson takes
 * everywhere.
 */
#ifndef SDRCTL_JSON_H
#define SDRCTL_JSON_H

#include <jansson.h>

#include "config.h"
#include "facts.h"

/* A string; octets that are no UTF-8 are shown as \xNN. */
json_t *
make_string(const char *text);

/* The names of the sites. */
json_t *
make_sites(const struct sdr_config *config, sdr_sites sites);

/* The routing address, or null if there is none. */
json_t *
make_routing(const struct sdr_facts *facts);

/* Print the object as one line and free it. */
void
print_object(json_t *object);

#endif
