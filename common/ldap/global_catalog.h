/* global_catalog.h - what a global catalog of Active Directory does not hold
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * On ports 3268 and 3269 a domain controller answers for the whole forest, but
 * only with the attributes that the schema marks with
 * isMemberOfPartialAttributeSet. All others look as if no entry had a value:
 * recipients would be unknown, or all belong to the default owner.
 */
#ifndef SDR_CATALOG_H
#define SDR_CATALOG_H

#include "ldap/connection.h"
#include "status.h"

/* Check that the server of this connection holds each attribute of the
 * directory's mapping. Every server except a global catalog does. A catalog
 * holds an attribute if the schema marks it, if an entry shows a value, or if
 * the schema does not have it. A catalog that hides the marks is trusted,
 * except for the first address attribute of Exchange. Returns SDR_OK; or
 * SDR_TEMPFAIL with the reason, which names the attribute. */
enum sdr_status SDR_MUST_USE
sdr_catalog_prove(struct sdr_connection *connection, struct sdr_error *error);

#endif
