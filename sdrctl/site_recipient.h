/* site_recipient.h - how a recipient is written to a site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SITE_RECIPIENT_H
#define SDRCTL_SITE_RECIPIENT_H

#include "decision/facts.h"
#include "status.h"

/* The facts of an entry if the site with this index becomes its only owner, as
 * by sdrctl move. */
struct sdr_facts
site_facts(const struct sdr_facts *now, unsigned site);

/* Write the recipient that the site with this index would get if it were the
 * only owner of ADDRESS, an address in a split domain whose entry has these
 * facts: in the routing domain of another site, in the split domain for this
 * one. RECIPIENT has room for SDR_ADDRESS_MAX + 1 octets. SDR_OK; or
 * SDR_INVALID with the reason: its mail would not go there. */
enum sdr_status SDR_MUST_USE
site_recipient(const struct sdr_config *config, const char *address,
               const struct sdr_facts *facts, unsigned site, char *recipient,
               struct sdr_error *error);

#endif
