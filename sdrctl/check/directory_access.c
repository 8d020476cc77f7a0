/* directory_access.c - what the LDAP account of the directory may read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <stdio.h>

#include <ldap.h>

#include "ldap/filter.h"
#include "ldap/access.h"
#include "ldap/server_kind.h"
#include "check/directory_check.h"

/* Find any entry with an address and store its DN in check->dn. Returns false
 * if there is none or the search fails. */
static bool
find_somebody(struct directory_check *check)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const struct sdr_list *addresses = &check->directory->mapping.addresses;
    char *filter = sdr_filter_present(check->directory, addresses->items,
                                      addresses->count);
    struct sdr_error error = {""};
    bool found =
        directory_check_search(check, NULL, filter, attributes, NULL, &error)
            == SDR_OK
        && check->entries > 0;

    free(filter);
    return found;
}

static void
prove_access(struct directory_check *check)
{
    struct sdr_access access = {.until = 0};
    struct sdr_access_seen seen = {0};
    struct sdr_error error = {""};

    if (sdr_server_proof(check->server) == SDR_PROOF_MUST_SEE
        || !find_somebody(check))
        return; /* the must-see or visibility check has reported it */
    if (sdr_access_prove(&access, &seen, directory_check_connection(check),
                         check->dn, &error)
        == SDR_OK)
        report_finding(&check->worst, CHECK_OK, "access", NULL,
                       "owner, routing address and hold can be read");
    else
        report_finding(&check->worst, CHECK_WRONG, "access",
                       "allow the account to read that attribute", "%s",
                       error.text);
}

/* ---- Active Directory ---- */

static void
report_ad_attribute(struct directory_check *check,
                    const struct sdr_ad_attribute *attribute)
{
    char advice[512];

    if (attribute->shown) {
        report_finding(&check->worst, CHECK_OK, "access", NULL,
                       "%s can be read", attribute->name);
    } else if (attribute->confidential) {
        report_finding(&check->worst, CHECK_WRONG, "access",
                       "grant the account RP and CA on it, or remove 128 from "
                       "its searchFlags; then give one user a value",
                       "%s is marked confidential, and no user shows a value",
                       attribute->name);
    } else if (attribute->known) {
        snprintf(
            advice, sizeof advice,
            "give one user a value of %s and check again: if it is not shown, "
            "the account may not read it, or it is not in the global catalog",
            attribute->name);
        report_finding(
            &check->worst, CHECK_DOUBTFUL, "access", advice,
            "no user shows a value of %s: either no user has one, or this "
            "account may not read it; Active Directory does not say which",
            attribute->name);
    }
}

static void
check_ad(struct directory_check *check)
{
    struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT];
    struct sdr_error error = {""};
    unsigned named;

    sdr_access_list(check->directory, attributes, &named);
    if (sdr_ad_look(directory_check_connection(check), attributes,
                    SDR_ACCESS_COUNT, &error)
        != SDR_OK) {
        report_finding(&check->worst, CHECK_WRONG, "access",
                       "allow the account to read the schema", "%s",
                       error.text);
        return;
    }
    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++) {
        if (attributes[i].name != NULL)
            report_ad_attribute(check, &attributes[i]);
    }
}

/* ---- all servers ---- */

void
directory_check_access(struct directory_check *check)
{
    if (check->worst >= CHECK_WRONG)
        return; /* an earlier finding explains it */
    if (sdr_server_is_ad(check->server->kind))
        check_ad(check);
    else
        prove_access(check);
}
