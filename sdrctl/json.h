/* json.h - JSON output (RFC 8259)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * If out of memory, objects are NULL, which all functions of jansson accept.
 */
#ifndef SDRCTL_JSON_H
#define SDRCTL_JSON_H

#include <jansson.h>

#include "config/config.h"
#include "decision/facts.h"

/* Make a string. If TEXT is not UTF-8, octets are escaped as \xNN. */
json_t *
make_string(const char *text);

/* Do the same for LEN octets. */
json_t *
make_string_of(const char *text, size_t len);

/* Make an array of the names of the sites. */
json_t *
make_sites(const struct sdr_config *config, sdr_sites sites);

/* Make a string of the routing address, or null if there is none. */
json_t *
make_routing(const struct sdr_facts *facts);

/* Print the object as one line of ASCII, safe for a terminal, and free it. */
void
print_object(json_t *object);

#endif
