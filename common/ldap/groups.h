/* groups.h - groups in groups that name an owner
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With owner-attribute = memberOf an entry of Active Directory shows the groups
 * that it is in itself, not those that these are in; nor does it change when
 * they do. So the groups in a group that is an owner value are looked for, and
 * count like it. Other servers are left alone: 389 Directory Server resolves
 * them itself; for OpenLDAP, sdrctl check directory warns.
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
    sdr_sites sites; /* that it names */
    sdr_sites asked; /* those for which it was asked what is in it */
    bool looked;     /* it was asked at all */
    bool inner;      /* it was found in another */
    unsigned char id[SDR_GROUP_ID_SIZE]; /* objectGUID, if it is inner */
};

/* What is known over one connection; all zero is a valid start. */
struct sdr_groups {
    bool of_filter;   /* set at first: those that the filter names as well */
    bool everywhere;  /* set at first: look on any server */
    const char *only; /* set at first: of the owner values this one; or NULL */
    bool detected;
    bool follows;      /* groups in groups are looked for */
    char domain[1024]; /* where */
    int64_t until;     /* what was found stands so long */
    struct sdr_group *items;
    size_t count, room;
};

/* True for an attribute that names groups: not all of them mean an owner. */
bool
sdr_groups_are_named_by(const char *attribute);

/* Find the groups that name owners in this directory, unless what was found
 * still stands; there is nothing to do without memberOf. Returns SDR_OK; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_groups_find(struct sdr_groups *groups, struct sdr_connection *connection,
                struct sdr_error *error);

/* The group DN, which was met elsewhere, is in others that name these sites.
 * *NEWS is set if it was not known to name all of them. False without memory.
 */
bool
sdr_groups_add(struct sdr_groups *groups, const char *dn, sdr_sites sites,
               bool *news);

/* The sites that a value of memberOf names by such a group; GROUPS may be NULL.
 */
sdr_sites
sdr_groups_sites(const struct sdr_groups *groups, const char *value,
                 size_t len);

/* Free what it holds; all but what was set at first is zero again. */
void
sdr_groups_clear(struct sdr_groups *groups);

#endif
