/* probe.h - an SMTP conversation with a site's host, up to the recipients
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PROBE_H
#define SDRCTL_PROBE_H

#include "check.h"
#include "smtp.h"

struct probe {
    const struct check *check;
    char known[SDR_ADDRESS_MAX + 1];    /* a recipient; "": none to try */
    char unknown[SDR_ADDRESS_MAX + 64]; /* nobody */
    enum sdr_finding worst;             /* of all hosts so far */
};

/* Tell what HOST says in a conversation that was opened with this address, from
 * its greeting on. If TLS cannot be had, *smtp becomes another one without. */
void
probe_host(struct probe *probe, struct smtp **smtp, const char *host,
           const struct sockaddr *address, socklen_t len);

#endif
