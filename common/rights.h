/* rights.h - proof that owner, routing address and hold can be read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An owner that is hidden looks like one that is not there, and the default
 * owner would get mail that is somebody else's. So an entry counts only after
 * the connection has shown that it may read these attributes. Most servers tell
 * by the result of a compare, or by a filter where "x" is no value that could
 * be compared. Active Directory does not (ad.h). There an attribute that no
 * user shows counts as readable, nobody having been moved yet, unless
 * - the configuration names it and the schema does not know it;
 * - the schema marks it as confidential;
 * - this process has seen it at this server: it counts as hidden then, until it
 *   is shown again or the configuration is loaded anew. But not the hold: when
 *   the last of those on hold has been moved, nobody has it.
 */
#ifndef SDR_RIGHTS_H
#define SDR_RIGHTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ad.h"
#include "config.h"
#include "connection.h"
#include "status.h"

/* What has been seen at a server, over whichever connection; zero at first. Any
 * thread. */
struct sdr_rights_seen {
    atomic_uint attributes; /* a bit each */
};

/* What is proven of one connection; all zero is a valid start, and forgets. */
struct sdr_rights {
    bool detected;
    struct sdr_ad ad;
    int64_t until;          /* so long the last result stands */
    enum sdr_status status; /* the last result: SDR_OK or SDR_TEMPFAIL */
    struct sdr_error reason;
};

enum { SDR_RIGHTS_COUNT = 3 };

/* The attributes that are looked at; those that the directory has none of are
 * NULL. In *named those that the configuration names itself, a bit each. */
void
sdr_rights_list(const struct sdr_directory_options *directory,
                struct sdr_ad_attribute attributes[SDR_RIGHTS_COUNT],
                unsigned *named);

/* The server is none, as sdr_ad_never_shows tells: it need not be asked. */
void
sdr_rights_not_ad(struct sdr_rights *rights);

/* Prove it, with the help of the entry DN; proven for a while. Returns SDR_OK;
 * or SDR_TEMPFAIL with the reason, and *broken as of sdr_connection_search().
 */
enum sdr_status SDR_MUST_USE
sdr_rights_prove(struct sdr_rights *rights, struct sdr_rights_seen *seen,
                 struct sdr_connection *connection,
                 const struct sdr_directory_options *directory, const char *dn,
                 int64_t deadline, bool *broken, struct sdr_error *error);

#endif
