/* recipients.h - test which recipients the hosts of a site accept
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Tests run over SMTP up to RCPT TO; no message is sent. There is one session
 * at a time, which tests many recipients, at once if the host offers
 * PIPELINING. If it ends early, another one continues. An invented recipient in
 * each domain, the probe, shows whether the domain accepts any recipient. There
 * is a time limit. Text from hosts must be cleaned before it is printed.
 */
#ifndef SDRCTL_RECIPIENTS_H
#define SDRCTL_RECIPIENTS_H

#include "net/recipient.h"

/* All zero is a valid start. Freed by recipients_clear(). */
struct recipients {
    struct recipient *items;
    size_t count, room;
    struct recipient *probes; /* the invented recipients, one per domain */
    size_t probe_count, probe_room;
};

/* Add a recipient and, if there is none yet, the probe of its domain. Returns
 * false if out of memory. */
bool SDR_MUST_USE
recipients_add(struct recipients *recipients, const char *address);

/* Returns the domain of a recipient or a probe. Borrowed. */
const char *
recipient_domain(const struct recipient *recipient);

/* Test all recipients. Returns SDR_OK if each has a result, or may have been
 * skipped in a domain that accepts any; or SDR_TEMPFAIL with the first reason
 * if some may have none. */
enum sdr_status SDR_MUST_USE
recipients_check(const struct recipient_check *check,
                 struct recipients *recipients, struct sdr_error *error);

void
recipients_clear(struct recipients *recipients);

#endif
