/* negotiation.h - the options that both engines negotiate with an MTA
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_PROTOCOL_NEGOTIATION_H
#define SDR_MILTER_PROTOCOL_NEGOTIATION_H

#include <stdint.h>

/* The macros that we request for RCPT. */
#define NEGOTIATION_MACROS "i v {rcpt_mailer} {rcpt_addr}"

/* The first packet of an MTA: version 6, all actions, all steps. Then QUIT. */
#define NEGOTIATION_QUESTION                                                   \
    "\0\0\0\015O\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\1Q"

/* All actions that we can use. */
extern const uint32_t negotiation_all_actions;

/* Returns the actions to request of those offered. Reports missing ones to
 * recipients.h. */
uint32_t
negotiation_actions(uint32_t offered);

/* Returns the steps to skip or leave unanswered, of those that the MTA offers.
 */
uint32_t
negotiation_steps(uint32_t offered);

#endif
