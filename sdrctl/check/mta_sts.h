/* mta_sts.h - an MTA-STS policy (RFC 8461)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy is parsed line by line; nothing here does I/O.
 */
#ifndef SDRCTL_MTA_STS_H
#define SDRCTL_MTA_STS_H

#include <stdbool.h>

#include "status.h"

enum { MTA_STS_HOSTS_MAX = 32, MTA_STS_HOST_SIZE = 256 };

enum mta_sts_mode {
    MTA_STS_UNSET,
    MTA_STS_NONE,    /* the same as no policy */
    MTA_STS_TESTING, /* mail is delivered, and failures are reported */
    MTA_STS_ENFORCE  /* mail is delivered to these hosts only */
};

/* All zero is a valid start. */
struct mta_sts {
    bool version;
    enum mta_sts_mode mode;
    unsigned long max_age; /* seconds; 0: unset */
    unsigned host_count;
    char hosts[MTA_STS_HOSTS_MAX][MTA_STS_HOST_SIZE]; /* may begin with "*." */
};

/* Parse a line, without its end of line. An unknown key is ignored. */
void
mta_sts_read(struct mta_sts *policy, const char *line);

/* Returns SDR_OK, or SDR_INVALID with the reason if the lines parsed so far are
 * not a valid policy. */
enum sdr_status SDR_MUST_USE
mta_sts_check(const struct mta_sts *policy, struct sdr_error *error);

/* True if the policy permits the host. */
bool
mta_sts_permits(const struct mta_sts *policy, const char *host);

#endif
