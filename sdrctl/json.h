/* json.h - JSON output (RFC 8259)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Without memory objects are NULL, which jansson accepts everywhere.
 */
#ifndef SDRCTL_JSON_H
#define SDRCTL_JSON_H

#include <jansson.h>

#include "config/config.h"
#include "decision/facts.h"

/* A string; if it is not UTF-8, it is cleaned, with octets as \xNN. */
json_t *
make_string(const char *text);

/* The same for LEN octets. */
json_t *
make_string_of(const char *text, size_t len);

/* The names of the sites. */
json_t *
make_sites(const struct sdr_config *config, sdr_sites sites);

/* The routing address, or null if there is none. */
json_t *
make_routing(const struct sdr_facts *facts);

/* Print the object as one line of ASCII, safe for a terminal, and free it. */
void
print_object(json_t *object);

#endif
