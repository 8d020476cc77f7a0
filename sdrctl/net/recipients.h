/* recipients.h - which recipients the hosts of a site accept
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * They are asked over SMTP, up to the recipients; no message is sent. There is
 * one session at a time, which asks for many recipients, at once if the host
 * offers PIPELINING. If it ends early, another one continues. An invented
 * recipient in each domain shows whether any is accepted there. All ends within
 * a time limit. Text from hosts must be cleaned before it is printed.
 */
#ifndef SDRCTL_RECIPIENTS_H
#define SDRCTL_RECIPIENTS_H

#include "net/recipient.h"

/* All zero is a valid start. Freed by recipients_clear(). */
struct recipients {
    struct recipient *items;
    size_t count, room;
    struct recipient *probes; /* the invented ones */
    size_t probe_count, probe_room;
};

/* Add a recipient and, if there is none yet, the probe of its domain. False
 * without memory. */
bool SDR_MUST_USE
recipients_add(struct recipients *recipients, const char *address);

/* The domain of a recipient or a probe. */
const char *
recipient_domain(const struct recipient *recipient);

/* Try all of them. SDR_OK: each has a result, except in a domain that accepts
 * any, if the check stops there; SDR_TEMPFAIL with the first reason: some may
 * have none. */
enum sdr_status SDR_MUST_USE
recipients_check(const struct recipient_check *check,
                 struct recipients *recipients, struct sdr_error *error);

void
recipients_clear(struct recipients *recipients);

#endif
