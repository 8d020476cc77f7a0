/* directory_groups.c - groups nested in the groups that name owners
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "ldap/dn.h"
#include "ldap/filter.h"
#include "ldap/groups.h"
#include "ldap/server_kind.h"
#include "check/directory_check.h"

/* Report INNER if it has members that the server does not list as members of
 * OUTER. Some servers do list them. */
static void
check_group(struct directory_check *check, const struct sdr_site *site,
            const char *inner, const char *outer)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    char *filter =
        sdr_filter_only_in(check->directory, inner, &site->owner_values);
    struct sdr_error error = {""};
    char advice[DIRECTORY_CHECK_NAME_SIZE];

    snprintf(advice, sizeof advice, "add owner-value = %s to site %s", inner,
             site->name);
    if (directory_check_search(check, NULL, filter, nothing, NULL, &error)
        != SDR_OK)
        report_finding(&check->worst, CHECK_DOUBTFUL, "groups", NULL, "%s",
                       error.text);
    else if (check->entries > 0)
        report_finding(
            &check->worst, CHECK_DOUBTFUL, "groups", advice,
            "%s is in %s, but the server does not list its members there, such "
            "as %s: they belong to the default-owner, %s",
            inner, outer, check->dn, check->directory->default_owner_text);
    free(filter);
}

/* Check the groups nested in the group OUTER, at any depth. */
static void
check_value(struct directory_check *check, const struct sdr_site *site,
            const char *outer)
{
    struct sdr_groups groups = {.everywhere = true, .only = outer};
    struct sdr_error error = {""};

    if (sdr_groups_find(&groups, directory_check_connection(check), &error)
        != SDR_OK)
        report_finding(&check->worst, CHECK_DOUBTFUL, "groups", NULL, "%s",
                       error.text);
    for (unsigned i = 0; i < groups.count; i++) {
        const char *inner = groups.items[i].dn;

        if (sdr_config_owner(check->config, inner, strlen(inner)) == 0)
            check_group(check, site, inner, outer);
    }
    sdr_groups_clear(&groups);
}

void
directory_check_groups(struct directory_check *check)
{
    if (check->worst >= CHECK_WRONG || sdr_server_is_ad(check->server->kind))
        return; /* an earlier finding explains it, or AD resolves nested groups
                 */
    for (unsigned i = 0; i < check->config->site_count; i++) {
        const struct sdr_site *site = &check->config->sites[i];

        for (unsigned k = 0; k < site->owner_values.count; k++) {
            if (dn_is_possible(site->owner_values.items[k]))
                check_value(check, site, site->owner_values.items[k]);
        }
    }
}
