/* smtp_probe.h - test a host of a site over SMTP, up to the recipients
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PROBE_H
#define SDRCTL_PROBE_H

#include "check/finding.h"
#include "decision/address.h"
#include "net/smtp_start.h"

struct probe {
    char known[SDR_ADDRESS_MAX + 1];    /* an existing recipient, or "" */
    char unknown[SDR_ADDRESS_MAX + 64]; /* an invented recipient */
    enum check_result worst;            /* of all hosts so far */
};

/* Test the host in a connected session, from the greeting on, and report the
 * findings. *SMTP may be replaced by another connection. */
void
probe_host(struct probe *probe, struct smtp **smtp,
           const struct smtp_host *host);

#endif
