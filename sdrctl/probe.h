/* probe.h - an SMTP conversation with a site's host, up to the recipients
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PROBE_H
#define SDRCTL_PROBE_H

#include "check.h"
#include "smtp_start.h"

struct probe {
    char known[SDR_ADDRESS_MAX + 1];    /* a recipient; "": none to try */
    char unknown[SDR_ADDRESS_MAX + 64]; /* nobody */
    enum sdr_finding worst;             /* of all hosts so far */
};

/* Tell what the host says in a conversation that is open, from its greeting on;
 * *smtp may become another one. */
void
probe_host(struct probe *probe, struct smtp **smtp,
           const struct smtp_host *host);

#endif
