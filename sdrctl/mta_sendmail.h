/* mta_sendmail.h - the parts of the check of Sendmail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_MTA_SENDMAIL_H
#define SDRCTL_MTA_SENDMAIL_H

#include "check.h"
#include "sendmailcf.h"

/* Whether the rules of sendmail-sdr.m4 are there, and their maps. */
bool
is_routed_by_rules(const struct sendmailcf *cf);

/* Whether these ask the lookup tables of sdr-milter, about all our domains. */
void
look_at_sendmail_tables(const struct check *check, const struct sendmailcf *cf,
                        enum sdr_finding *worst);

#endif
