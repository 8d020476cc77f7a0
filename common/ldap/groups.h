/* groups.h - nested groups that name an owner
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With owner-attribute = memberOf, an entry of Active Directory shows the
 * groups that it is a direct member of, not the groups that contain these; and
 * it does not change when their membership changes. So groups nested in an
 * owner value are looked up, and count like it. Other servers are not searched:
 * 389 Directory Server resolves nested groups itself; for OpenLDAP, sdrctl
 * check directory warns.
 */
#ifndef SDR_GROUPS_H
#define SDR_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

enum { SDR_GROUP_ID_SIZE = 16 };

struct sdr_group {
    char *dn;
    sdr_sites sites; /* that the group names */
    sdr_sites asked; /* the sites for which its members were searched */
    bool looked;     /* its members were searched */
    bool inner;      /* found in another group */
    unsigned char id[SDR_GROUP_ID_SIZE]; /* objectGUID, if it is inner */
};

/* The groups found over one connection. All zero is the initial state. */
struct sdr_groups {
    bool of_filter;   /* set by the caller: also the groups of the filter */
    bool everywhere;  /* set by the caller: search on any server */
    const char *only; /* set by the caller: only this owner value; or NULL */
    bool detected;
    bool follows;      /* nested groups are searched */
    char domain[1024]; /* base of the search */
    int64_t until;     /* expiry of the result */
    struct sdr_group *items;
    size_t count, room;
};

/* Returns true for memberOf, whose values are groups: not all of them are
 * owners. */
bool
sdr_groups_are_named_by(const char *attribute);

/* Find the groups that name owners in this directory, unless the last result is
 * still valid. Does nothing without memberOf. Returns SDR_OK, or SDR_TEMPFAIL
 * with the reason. */
enum sdr_status SDR_MUST_USE
sdr_groups_find(struct sdr_groups *groups, struct sdr_connection *connection,
                struct sdr_error *error);

/* Record that the group DN, found elsewhere, is nested in groups that name
 * these sites. Sets *NEWS if it was not known to name all of them. Returns
 * false without memory. */
bool
sdr_groups_add(struct sdr_groups *groups, const char *dn, sdr_sites sites,
               bool *news);

/* Returns the sites that a value of memberOf names through such a group. GROUPS
 * may be NULL. */
sdr_sites
sdr_groups_sites(const struct sdr_groups *groups, const char *value,
                 size_t len);

/* Free the contents and reset the object, except what the caller set. */
void
sdr_groups_clear(struct sdr_groups *groups);

#endif
