/* site_recipient.h - the address of a recipient at a site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SITE_RECIPIENT_H
#define SDRCTL_SITE_RECIPIENT_H

#include "decision/facts.h"
#include "status.h"

/* Returns the facts of an entry after the site with this index has become its
 * only owner, as by sdrctl move. */
struct sdr_facts
site_facts(const struct sdr_facts *now, unsigned site);

/* Write the address to which mail for ADDRESS would be sent if the site with
 * this index were the only owner: in the routing domain of another site, or in
 * the split domain for this site. ADDRESS is in a split domain, and FACTS are
 * those of its entry. RECIPIENT has room for SDR_ADDRESS_MAX + 1 octets.
 * Returns SDR_OK, or SDR_INVALID with the reason if its mail would not go to
 * that site. */
enum sdr_status SDR_MUST_USE
site_recipient(const struct sdr_config *config, const char *address,
               const struct sdr_facts *facts, unsigned site, char *recipient,
               struct sdr_error *error);

#endif
