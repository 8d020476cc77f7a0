/* negotiation.c - see negotiation.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/negotiation.h"

#include "protocol/constants.h"
#include "recipients.h"

/* What routing needs, and what we use if the MTA lets us. Where its tables
 * rewrite recipients we ask for the same: a reload may change that. */
enum {
    NEEDED_ACTIONS = SMFIF_ADDRCPT | SMFIF_DELRCPT,
    USED_ACTIONS = SMFIF_ADDHDRS | SMFIF_ADDRCPT_PAR | SMFIF_SETSYMLIST
};

/* Steps that we do not need. MAIL stays: a new message must never find the
 * recipients of one that was given up. And steps that we never answer if the
 * MTA does not wait for it. */
enum {
    UNWANTED_STEPS = SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOEOH
                     | SMFIP_NOBODY | SMFIP_NOUNKNOWN,
    SILENT_STEPS = SMFIP_NR_MAIL | SMFIP_NR_HDR
};

const uint32_t negotiation_all_actions = NEEDED_ACTIONS | USED_ACTIONS;

uint32_t
negotiation_actions(uint32_t offered)
{
    recipients_negotiate((offered & NEEDED_ACTIONS) == NEEDED_ACTIONS,
                         (offered & SMFIF_ADDHDRS) != 0);
    return offered & negotiation_all_actions;
}

uint32_t
negotiation_steps(uint32_t offered)
{
    return offered & (UNWANTED_STEPS | SILENT_STEPS);
}
