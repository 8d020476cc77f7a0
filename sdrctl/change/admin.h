/* admin.h - connections of the administrator, who may write
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Never those of routing: who reads for it may not write.
 */
#ifndef SDRCTL_ADMIN_H
#define SDRCTL_ADMIN_H

#include <stdbool.h>

#include "change/ldif_directory.h"
#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* Who he is, as the command line has it; nothing of it: as sdr.conf has it. */
struct credentials {
    const char *bind_dn;
    const char *password_file;
    bool external; /* SASL EXTERNAL: the user of this process over ldapi:// */
    bool gssapi;   /* his own Kerberos ticket, as kinit(1) has left it */
};

struct admin;

/* Connects to nobody yet; CREDENTIALS and the configuration are borrowed. NULL
 * without memory. */
struct admin *
admin_new(const struct sdr_config *config,
          const struct credentials *credentials);

/* Close all and set the pointer to NULL; NULL is fine. */
void
admin_free(struct admin **admin);

/* The connection to the directory with this index; to its first server that
 * answers. SDR_OK; or the reason: SDR_CONFIG, it is not said who he is, or his
 * password must not go there; SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
admin_connect(struct admin *admin, unsigned directory,
              struct sdr_connection **connection, struct sdr_error *error);

/* The directory with this index, which is a file; read when it is asked for
 * first. Results as of ldif_directory_open(). */
enum sdr_status SDR_MUST_USE
admin_open_file(struct admin *admin, unsigned directory,
                struct ldif_directory **file, struct sdr_error *error);

/* True if it is Active Directory; of a server that is connected. */
bool
admin_is_ad(const struct admin *admin, unsigned directory);

/* His name, for the journal. Borrowed. */
const char *
admin_name(const struct admin *admin);

#endif
