/* negotiation.h - what we ask of an MTA, whichever engine speaks to it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_PROTOCOL_NEGOTIATION_H
#define SDR_MILTER_PROTOCOL_NEGOTIATION_H

#include <stdint.h>

/* The macros of a recipient. */
#define NEGOTIATION_MACROS "i v {rcpt_mailer} {rcpt_addr}"

/* What an MTA says first: version 6, all actions, all steps. Then QUIT. */
#define NEGOTIATION_QUESTION                                                   \
    "\0\0\0\015O\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\1Q"

/* All actions that we can use. */
extern const uint32_t negotiation_all_actions;

/* Those among the actions that the MTA offers. What is missing recipients.h is
 * informed of. */
uint32_t
negotiation_actions(uint32_t offered);

/* Of the steps that the MTA can leave out, or need not have answered, those
 * that we want so. */
uint32_t
negotiation_steps(uint32_t offered);

#endif
