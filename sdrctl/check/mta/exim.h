/* exim.h - Exim's routers and main options, and the parts of its check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The check runs Exim to list its routers (-bP), expand strings (-be), and
 * rewrite (-brw) and route (-bt) invented recipients.
 */
#ifndef SDRCTL_MTA_EXIM_H
#define SDRCTL_MTA_EXIM_H

#include "check/mta/mta.h"

enum { ROUTERS_MAX = 128 };

struct exim {
    struct mta *mta;
    const char *file; /* NULL: the default file */
    char program[PROGRAM_SIZE];
    const struct reply *config;       /* the output of -bP config */
    const char *routers[ROUTERS_MAX]; /* the option lines of each, in order */
    unsigned count, index;            /* INDEX is the router that calls sdr */
    char name[128], data[VALUE_SIZE]; /* of that router */
};

/* Advice to copy the router and the ACLs from the examples again. */
extern const char exim_examples[];

/* ---- exim_config.c ---- */

const struct reply *
ask_exim(struct exim *exim, const char *option, const char *argument);

/* Returns the value of a main option, or "". Borrowed. */
const char *
get_main_option(struct exim *exim, const char *name);

/* Read the value of a router option, or "". */
void
read_router_option(const char *router, const char *name,
                   char value[VALUE_SIZE]);

/* True if a router has this boolean option. */
bool
has_router_flag(const char *router, const char *name);

void
name_router(const char *router, char name[128]);

/* Whether the domains option of a router matches a domain; PERHAPS if Exim does
 * not answer. */
enum answer
is_router_for(struct exim *exim, const char *router, const char *domain);

/* Whether a domain list matches a domain; PERHAPS if Exim does not answer. */
enum answer
is_in_domain_list(struct exim *exim, const char *domain, const char *list);

/* ---- exim_routers.c ---- */

/* Check that the router that calls sdr has the options it needs. */
void
look_at_sdr_router(struct exim *exim);

/* Check that no earlier router handles mail for DOMAIN. */
void
look_at_earlier_routers(struct exim *exim, const char *domain);

/* Check that no later router handles a recipient that sdr has not decided. */
void
look_at_later_routers(struct exim *exim);

/* Check that a router looks up the next hop if a site has delivery = route. */
void
look_at_next_hops(struct exim *exim);

/* ---- exim_domains.c ---- */

/* Check that Exim's domain lists contain the domains that they should, and no
 * others. */
void
look_at_domain_lists(void *arg, const char *domain, const char *site);

/* Check that the ACLs verify recipients and detect loops. */
void
look_at_acls(struct exim *exim);

/* Check that unknown recipients sent to another site are verified by callout.
 */
void
look_at_callouts(struct exim *exim);

/* ---- exim_addresses.c ---- */

/* Check how Exim rewrites and routes an invented recipient in DOMAIN. */
void
look_at_addresses(void *arg, const char *domain, const char *site);

#endif
