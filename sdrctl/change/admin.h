/* admin.h - connections with the credentials of an administrator
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The account that routing binds with is never used: it needs read access only.
 */
#ifndef SDRCTL_ADMIN_H
#define SDRCTL_ADMIN_H

#include <stdbool.h>

#include "change/ldif_directory.h"
#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* The administrator's credentials from the command line. If none are given,
 * those of sdr.conf are used. */
struct credentials {
    const char *bind_dn;
    const char *password_file;
    bool external; /* SASL EXTERNAL, over ldapi:// */
    bool gssapi;   /* SASL GSSAPI: the Kerberos ticket from kinit(1) */
};

struct admin;

/* Make an administrator without a connection. CREDENTIALS and the configuration
 * are borrowed. Returns NULL if out of memory. */
struct admin *
admin_new(const struct sdr_config *config,
          const struct credentials *credentials);

/* Close all connections and files, and set the pointer to NULL. *ADMIN may be
 * NULL. */
void
admin_free(struct admin **admin);

/* Connect to the directory with this index, to its first server that answers,
 * unless connected. Returns SDR_OK; or with the reason SDR_CONFIG, there are no
 * credentials or the password would be sent unencrypted, or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
admin_connect(struct admin *admin, unsigned directory,
              struct sdr_connection **connection, struct sdr_error *error);

/* Open the directory with this index, which is a file, unless it is open.
 * Returns the status of ldif_directory_open(). */
enum sdr_status SDR_MUST_USE
admin_open_file(struct admin *admin, unsigned directory,
                struct ldif_directory **file, struct sdr_error *error);

/* True if the server is Active Directory. The directory must be connected. */
bool
admin_is_ad(const struct admin *admin, unsigned directory);

/* Returns the administrator's name for the journal. Borrowed. */
const char *
admin_name(const struct admin *admin);

#endif
