/* export.h - what a mail system without sdr must know
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A line for each address of a split domain whose mail leaves the site of that
 * system, in the format of the system. Values of a directory are written by
 * anybody: what a format cannot hold safely is an error, and left out.
 */
#ifndef SDRCTL_EXPORT_H
#define SDRCTL_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/route.h"

/* What becomes of the address there. */
enum export_action {
    EXPORT_REDIRECT, /* its mail goes to the targets */
    EXPORT_COPY,     /* likewise, and stays too */
    EXPORT_REMOVE    /* it stays, from now on: only in a difference */
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
    /* Octets of a local part that are not safe there, and those that are not
     * safe as the first one. */
    const char *never, *never_first;
    bool takes_quotes; /* local parts that need quotes are safe */
    bool takes_utf8;
    void (*begin)(const struct export *export);
    /* Print the line; the reason if it cannot be expressed, else NULL. Nothing
     * is printed then. */
    const char *(*line)(const struct export *export,
                        const struct export_line *line);
};

extern const struct export_format export_csv, export_cpanel, export_google;
extern const struct export_format export_postfix, export_exim;
extern const struct export_format export_exchange;

/* NULL if the format can hold the address safely; else the reason. */
const char *
export_fault(const struct export_format *format, const char *address);

/* ---- the addresses ---- */

struct export_addresses {
    char **items; /* as they are compared, sorted, each once */
    size_t count, room;
};

struct sdr_replica;
struct changes;

/* Read them from the replica: all, or those of the entries that SINCE changes,
 * unless it is NULL. SDR_OK; or SDR_TEMPFAIL with the reason. The caller clears
 * them in any case. */
enum sdr_status SDR_MUST_USE
export_addresses_read(struct export_addresses *addresses,
                      const struct sdr_config *config,
                      struct sdr_replica *replica, const struct changes *since,
                      struct sdr_error *error);

void
export_addresses_clear(struct export_addresses *addresses);

#endif
