/* access.h - proof that owner, routing address and hold can be read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A hidden owner looks like a missing one, and the default owner would get
 * another site's mail. So an entry counts only after the connection has proven
 * that it may read these attributes, by a method that depends on the kind of
 * server (server_kind.h).
 *
 * OpenLDAP: the result of a compare, or of a filter if "x" cannot be compared.
 * Compare or search access is not read access: an entry that shows no owner
 * must also match a filter for entries without one. 389 Directory Server
 * reports the access of its client (effective_rights.h).
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

/* The attributes that a server has shown over any connection; zero at first.
 * Any thread. */
struct sdr_access_seen {
    atomic_uint attributes; /* a bit for each */
};

/* The cached proof of one connection. All zero is the initial state; setting it
 * to zero discards the proof. */
struct sdr_access {
    int64_t until;          /* expiry of the last result */
    enum sdr_status status; /* the last result: SDR_OK or SDR_TEMPFAIL */
    struct sdr_error reason;
    unsigned unknown; /* those unknown to OpenLDAP, a bit for each */
};

enum { SDR_ACCESS_COUNT = 3 };

/* Fill ATTRIBUTES with the owner, routing and hold attribute; the name is NULL
 * if the directory has none. Sets in *NAMED a bit for each that the
 * configuration names itself. */
void
sdr_access_list(const struct sdr_directory_options *directory,
                struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT],
                unsigned *named);

/* Returns true if a failure is cached, because proving again is expensive. */
bool
sdr_access_remembers(const struct sdr_access *access);

/* Prove that the attributes can be read, using the entry DN. The result is
 * cached for a while. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_access_prove(struct sdr_access *access, struct sdr_access_seen *seen,
                 struct sdr_connection *connection, const char *dn,
                 struct sdr_error *error);

/* Returns a bit for each of the three attributes that ATTRIBUTE, shown by an
 * entry, stands for. */
unsigned
sdr_access_shown(const struct sdr_directory_options *directory,
                 const char *attribute);

/* Prove that the entry DN, which names no owner, has no hidden values. SHOWN
 * has a bit for each attribute that the entry shows. Call it after
 * sdr_access_prove(). May find that a proxy answers for another server in this
 * part of the tree. Returns as sdr_access_prove(). */
enum sdr_status SDR_MUST_USE
sdr_access_prove_absent(const struct sdr_access *access,
                        struct sdr_connection *connection, const char *dn,
                        unsigned shown, struct sdr_error *error);

#endif
