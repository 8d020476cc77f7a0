/* negotiation.c - see negotiation.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/negotiation.h"

#include "protocol/constants.h"
#include "recipients.h"

/* The actions that routing needs, and those that we use if the MTA allows them.
 * Also requested if the MTA's tables rewrite recipients: a reload may change
 * that. */
enum {
    NEEDED_ACTIONS = SMFIF_ADDRCPT | SMFIF_DELRCPT,
    USED_ACTIONS = SMFIF_ADDHDRS | SMFIF_ADDRCPT_PAR | SMFIF_SETSYMLIST
};

/* Steps that we do not need, and steps that we do not answer if the MTA allows
 * that. MAIL is needed: a new message must never see the recipients of an
 * abandoned one. */
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
