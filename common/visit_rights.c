/* visit_rights.c - what the account of routing may read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <stdio.h>

#include <ldap.h>

#include "filter.h"
#include "rights.h"
#include "visit.h"

/* Somebody who is in the directory; his name in visit->dn. */
static bool
find_somebody(struct sdr_visit *visit)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const struct sdr_list *addresses = &visit->directory->mapping.addresses;
    char *filter = sdr_filter_present(visit->directory, addresses->items,
                                      addresses->count);
    struct sdr_error error = {""};
    bool found = sdr_visit_search(visit, NULL, filter, attributes, NULL, &error)
                     == SDR_OK
                 && visit->entries > 0;

    free(filter);
    return found;
}

static void
compare_rights(struct sdr_visit *visit)
{
    struct sdr_rights rights = {.detected = false};
    struct sdr_rights_seen seen = {0};
    struct sdr_error error = {""};
    bool broken;

    if (!find_somebody(visit))
        return;
    if (sdr_rights_prove(&rights, &seen, visit->connection, visit->directory,
                         visit->dn, sdr_visit_deadline(visit), &broken, &error)
        == SDR_OK)
        sdr_visit_tell(visit, SDR_FINE, "rights", NULL,
                       "owner, routing address and hold can be read");
    else
        sdr_visit_tell(visit, SDR_WRONG, "rights",
                       "give the account the right to read that attribute",
                       "%s", error.text);
}

/* ---- rights in Active Directory ---- */

static void
judge_ad_attribute(struct sdr_visit *visit,
                   const struct sdr_ad_attribute *attribute)
{
    char advice[512];

    if (attribute->shown) {
        sdr_visit_tell(visit, SDR_FINE, "rights", NULL, "%s can be read",
                       attribute->name);
    } else if (attribute->confidential) {
        sdr_visit_tell(
            visit, SDR_WRONG, "rights",
            "give the account the rights RP and CA on it, or take 128 off its "
            "searchFlags; then give somebody a value",
            "%s is marked as confidential, and no user shows a value",
            attribute->name);
    } else if (attribute->known) {
        snprintf(advice, sizeof advice,
                 "give somebody a value of %s and check again: if it does not "
                 "show, the account lacks the right to read it, or it is not "
                 "in the global catalog",
                 attribute->name);
        sdr_visit_tell(
            visit, SDR_DOUBTFUL, "rights", advice,
            "no user shows a value of %s: nobody has one, or it is hidden "
            "from this account; Active Directory does not tell which",
            attribute->name);
    }
}

static void
look_at_ad(struct sdr_visit *visit)
{
    struct sdr_ad_attribute attributes[SDR_RIGHTS_COUNT];
    struct sdr_error error = {""};
    unsigned named;
    bool broken;

    sdr_rights_list(visit->directory, attributes, &named);
    if (sdr_ad_look(&visit->ad, visit->connection, visit->directory, attributes,
                    SDR_RIGHTS_COUNT, sdr_visit_deadline(visit), &broken,
                    &error)
        != SDR_OK) {
        sdr_visit_tell(visit, SDR_WRONG, "rights",
                       "give the account the right to read the schema", "%s",
                       error.text);
        return;
    }
    for (unsigned i = 0; i < SDR_RIGHTS_COUNT; i++) {
        if (attributes[i].name != NULL)
            judge_ad_attribute(visit, &attributes[i]);
    }
}

/* ---- either ---- */

void
sdr_visit_rights(struct sdr_visit *visit)
{
    if (visit->worst >= SDR_WRONG)
        return; /* it would be the same again */
    if (visit->ad.is_ad)
        look_at_ad(visit);
    else
        compare_rights(visit);
}
