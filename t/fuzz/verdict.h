/* verdict.h - the rules for every verdict
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef FUZZ_VERDICT_H
#define FUZZ_VERDICT_H

#include "decision/route.h"

/* Check the rules. QUESTION may be NULL. */
void
verdict_check(const struct sdr_question *question,
              const struct sdr_verdict *verdict);

/* Check the reply of a permanent (FOR_GOOD) or temporary refusal. */
void
verdict_check_reply(const struct sdr_reply *reply, bool for_good);

#endif
