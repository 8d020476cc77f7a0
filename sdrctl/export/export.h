/* export.h - tables for a mail system without sdr
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A table has a line for each address of a split domain whose mail leaves the
 * site of that system, in the format of the system. Directory values are
 * untrusted: an address that a format cannot represent safely is reported and
 * left out.
 */
#ifndef SDRCTL_EXPORT_H
#define SDRCTL_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/route.h"

/* The action for an address. */
enum export_action {
    EXPORT_REDIRECT, /* its mail goes to the targets */
    EXPORT_COPY,     /* its mail goes to the targets and stays too */
    EXPORT_REMOVE    /* its mail stays from now on; only in a difference */
};

struct export_line {
    enum export_action action;
    const char *address;
    const struct sdr_target *targets; /* none for EXPORT_REMOVE */
    unsigned count;
};

struct export
{
    const struct sdr_config *config; /* this-site is the site exported for */
    bool is_difference;
};

struct export_format {
    const char *name;
    /* Octets that are not safe in a local part, and those that are not safe as
     * its first octet. */
    const char *never, *never_first;
    bool for_spreadsheets;
    bool takes_quotes; /* quoted local parts are safe */
    bool takes_utf8;
    void (*begin)(const struct export *export);
    /* Print the line and return NULL; or return the reason why it cannot be
     * represented, and print nothing. */
    const char *(*line)(const struct export *export,
                        const struct export_line *line);
};

extern const struct export_format export_csv, export_cpanel, export_google;
extern const struct export_format export_postfix, export_exim;
extern const struct export_format export_exchange;

/* Returns NULL if the format can represent the address safely, else the reason.
 */
const char *
export_fault(const struct export_format *format, const char *address);

/* ---- the addresses ---- */

struct export_addresses {
    char **items; /* in canonical form, sorted, without duplicates */
    size_t count, room;
};

struct sdr_replica;
struct changes;

/* Read the addresses from the replica: all, or, if SINCE is not NULL, those of
 * the entries in SINCE. Returns SDR_OK, or SDR_TEMPFAIL with the reason. The
 * caller clears the addresses in any case. */
enum sdr_status SDR_MUST_USE
export_addresses_read(struct export_addresses *addresses,
                      const struct sdr_config *config,
                      struct sdr_replica *replica, const struct changes *since,
                      struct sdr_error *error);

void
export_addresses_clear(struct export_addresses *addresses);

#endif
