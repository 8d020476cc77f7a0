/* exim.h - Exim's routers and main options, and the parts of their check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Exim itself is asked for its routers (-bP), expands strings (-be), rewrites
 * (-brw) and routes (-bt) made-up recipients.
 */
#ifndef SDRCTL_MTA_EXIM_H
#define SDRCTL_MTA_EXIM_H

#include "check/mta/mta.h"

enum { ROUTERS_MAX = 128 };

struct exim {
    struct mta *mta;
    const char *file; /* NULL: the usual one */
    char program[PROGRAM_SIZE];
    const struct reply *config;       /* of -bP config */
    const char *routers[ROUTERS_MAX]; /* the lines of each, in order */
    unsigned count, index;            /* INDEX is the one that asks sdr */
    char name[128], data[VALUE_SIZE]; /* of that one */
};

/* Advice: to copy the router and the ACLs anew. */
extern const char exim_examples[];

/* ---- exim_config.c ---- */

const struct reply *
ask_exim(struct exim *exim, const char *option, const char *argument);

/* The value of an option of the main section, or "". Borrowed. */
const char *
get_main_option(struct exim *exim, const char *name);

/* The value of an option of a router, or "". */
void
read_router_option(const char *router, const char *name,
                   char value[VALUE_SIZE]);

/* Whether an option without a value is set. */
bool
has_router_flag(const char *router, const char *name);

void
name_router(const char *router, char name[128]);

/* Whether a router may be asked about a domain; PERHAPS if Exim does not say.
 */
enum answer
is_router_for(struct exim *exim, const char *router, const char *domain);

/* The same of a domain list. */
enum answer
is_in_domain_list(struct exim *exim, const char *domain, const char *list);

/* ---- exim_routers.c ---- */

/* Whether the router that asks sdr has the options that it needs. */
void
look_at_sdr_router(struct exim *exim);

/* Whether a router before it takes mail for DOMAIN. */
void
look_at_earlier_routers(struct exim *exim, const char *domain);

/* Whether one behind it routes a recipient that has not been decided. */
void
look_at_later_routers(struct exim *exim);

/* Whether one asks for the next hop of sites that have one. */
void
look_at_next_hops(struct exim *exim);

/* ---- exim_domains.c ---- */

/* Whether the domain lists have a domain that is to be in them, or not. */
void
look_at_domain_lists(void *arg, const char *domain, const char *site);

/* Whether the ACLs verify recipients and end loops. */
void
look_at_acls(struct exim *exim);

/* Whether a callout asks the site that unknown recipients go to. */
void
look_at_callouts(struct exim *exim);

/* ---- exim_addresses.c ---- */

/* What becomes of made-up recipients in DOMAIN. */
void
look_at_addresses(void *arg, const char *domain, const char *site);

#endif
