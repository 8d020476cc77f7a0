/* eximconf.h - what Exim says of its configuration
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_EXIMCONF_H
#define SDRCTL_EXIMCONF_H

#include "mta.h"
#include "program.h"

enum { ROUTERS_MAX = 128, OPTION_SIZE = 2048 };

struct eximconf {
    char program[PROGRAM_PATH_SIZE];
    const char *file; /* NULL: the usual one */
    unsigned timeout; /* seconds for each answer */
    char *version;    /* of -bV */
    char *config;     /* of -bP config */
    char *routers;    /* of -bP routers */
    unsigned router_count;
    struct router {
        const char *name; /* up to the blank */
        const char *end;  /* of its options */
    } list[ROUTERS_MAX];  /* in order */
};

/* Ask the program at exim->program about exim->file. Returns SDR_OK and
 * something to be freed; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
eximconf_read(struct eximconf *exim, struct sdr_error *error);

void
eximconf_free(struct eximconf *exim);

/* "sdr" */
void
router_name(const struct router *router, char *name, size_t size);

/* The value of an option; "" if it has none. */
void
router_option(const struct router *router, const char *name,
              char value[OPTION_SIZE]);

/* Whether an option without a value is set. */
bool
router_flag(const struct router *router, const char *name);

/* Expand a string: its first line into RESULT. False if it cannot be asked. */
bool
eximconf_expand(const struct eximconf *exim, const char *string, char *result,
                size_t size);

/* Whether DOMAIN is in a domain list; PERHAPS if Exim cannot tell. */
enum answer
eximconf_match(const struct eximconf *exim, const char *domain,
               const char *list);

#endif
