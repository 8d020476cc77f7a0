/* access.h - proof that owner, routing address and hold can be read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An owner that is hidden looks like one that is not there, and the default
 * owner would get another site's mail. So an entry counts only after the
 * connection has proven that it may read these attributes, by a method that
 * depends on the kind of server (server_kind.h).
 *
 * OpenLDAP: the result of a compare, or of a filter where "x" cannot be
 * compared. Compare or search access is not read access: an entry that shows no
 * owner must also match a filter that says so. 389 Directory Server reports the
 * access of its reader (effective_rights.h).
 *
 * Active Directory does not (ad.h). There an attribute that no user shows
 * counts as readable, because nobody may have been moved yet, unless
 * - the configuration names it and the schema does not have it;
 * - the schema marks it as confidential;
 * - this process has seen it at this server: it counts as hidden until it is
 *   shown again or the configuration is reloaded. The hold attribute does not:
 *   it disappears with the last mailbox on hold.
 *
 * Other servers, and proxies for them, report nothing: an owner that is shown
 * counts; a missing one counts only if a must-see has shown an owner
 * (must_see.h).
 */
#ifndef SDR_ACCESS_H
#define SDR_ACCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ldap/ad.h"
#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* What has been seen at a server, over whichever connection; zero at first. Any
 * thread. */
struct sdr_access_seen {
    atomic_uint attributes; /* a bit each */
};

/* What is proven of one connection; all zero is a valid start, and forgets. */
struct sdr_access {
    int64_t until;          /* so long the last result stands */
    enum sdr_status status; /* the last result: SDR_OK or SDR_TEMPFAIL */
    struct sdr_error reason;
    unsigned unknown; /* to OpenLDAP, a bit each */
};

enum { SDR_ACCESS_COUNT = 3 };

/* The attributes that are looked at; those that the directory has none of are
 * NULL. In *named those that the configuration names itself, a bit each. */
void
sdr_access_list(const struct sdr_directory_options *directory,
                struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT],
                unsigned *named);

/* True if what failed last is remembered, because to ask is much work. */
bool
sdr_access_remembers(const struct sdr_access *access);

/* Prove it, with the help of the entry DN; proven for a while. Returns SDR_OK;
 * or SDR_TEMPFAIL with the reason.
 */
enum sdr_status SDR_MUST_USE
sdr_access_prove(struct sdr_access *access, struct sdr_access_seen *seen,
                 struct sdr_connection *connection, const char *dn,
                 struct sdr_error *error);

/* Which of them an attribute that an entry shows is, a bit each. */
unsigned
sdr_access_shown(const struct sdr_directory_options *directory,
                 const char *attribute);

/* Also prove that the entry DN, which names no owner, has no values of
 * attributes that it does not show (SHOWN: a bit each). To be called after
 * sdr_access_prove(). It may find that a proxy answers for another server in
 * this part of the tree. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_access_prove_absent(const struct sdr_access *access,
                        struct sdr_connection *connection, const char *dn,
                        unsigned shown, struct sdr_error *error);

#endif
