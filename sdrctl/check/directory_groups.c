/* directory_groups.c - groups in the groups that name owners
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>

#include <ldap.h>

#include "ldap/filter.h"
#include "ldap/groups.h"
#include "ldap/server_kind.h"
#include "check/directory_check.h"

static const char *
site_of(const struct directory_check *check, sdr_sites sites)
{
    unsigned i = 0;

    while (i < check->config->site_count && (sites >> i & 1) == 0)
        i++;
    return i < check->config->site_count ? check->config->sites[i].name : "";
}

/* The group with an owner-value that the inner group is in. */
static const struct sdr_group *
find_outer(const struct sdr_groups *groups, const struct sdr_group *inner)
{
    for (unsigned i = 0; i < groups->count; i++) {
        const struct sdr_group *group = &groups->items[i];

        if (group->value && (group->sites & inner->sites) != 0)
            return group;
    }
    return inner;
}

/* Some servers list members of the inner group in the outer one. */
static void
check_group(struct directory_check *check, const struct sdr_groups *groups,
            const struct sdr_group *inner)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    const struct sdr_group *outer = find_outer(groups, inner);
    char *filter = sdr_filter_only_in(check->directory, inner->dn, outer->dn);
    struct sdr_error error = {""};
    char advice[DIRECTORY_CHECK_NAME_SIZE];

    snprintf(advice, sizeof advice, "add owner-value = %s to site %s",
             inner->dn, site_of(check, inner->sites));
    if (directory_check_search(check, NULL, filter, nothing, NULL, &error)
        != SDR_OK)
        report_finding(&check->worst, CHECK_DOUBTFUL, "groups", NULL, "%s",
                       error.text);
    else if (check->entries > 0)
        report_finding(
            &check->worst, CHECK_DOUBTFUL, "groups", advice,
            "%s is in %s, but the server does not list its members there, such "
            "as %s: they belong to the default-owner, %s",
            inner->dn, outer->dn, check->dn,
            check->directory->default_owner_text);
    free(filter);
}

void
directory_check_groups(struct directory_check *check)
{
    struct sdr_groups groups = {.everywhere = true};
    struct sdr_error error = {""};

    if (check->worst >= CHECK_WRONG || sdr_server_is_ad(check->server->kind))
        return; /* an earlier finding is the reason; or AD resolves nested
                   groups */
    if (sdr_groups_find(&groups, directory_check_connection(check), &error)
        != SDR_OK)
        report_finding(&check->worst, CHECK_DOUBTFUL, "groups", NULL, "%s",
                       error.text);
    for (unsigned i = 0; i < groups.count; i++) {
        if (groups.items[i].inner && !groups.items[i].value)
            check_group(check, &groups, &groups.items[i]);
    }
    sdr_groups_clear(&groups);
}
