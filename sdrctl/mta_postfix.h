/* mta_postfix.h - the two halves of the check of Postfix
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_MTA_POSTFIX_H
#define SDRCTL_MTA_POSTFIX_H

#include "check.h"
#include "postconf.h"

/* Whether sdr-milter is asked for all mail, last, and waited for. */
void
look_at_postfix_milters(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst);

/* Whether Postfix takes mail in our domains, and leaves the rest to the milter.
 */
void
look_at_postfix_domains(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst);

#endif
