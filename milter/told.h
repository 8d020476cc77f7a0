/* told.h - of which recipients the lookup table has just told everything
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where Postfix asks the table as well as the milter, the table has added the
 * copies of a recipient with several owners before the milter comes to the end
 * of the message; a second one of each would be delivered. The milter cannot
 * see whether the table is in main.cf, but both are served here: if it was
 * asked about a recipient since the message began, it is in use. A few
 * hundred recipients are remembered; who is forgotten gets the copy from the
 * milter, for twice is better than never.
 *
 * Any thread.
 */
#ifndef SDR_MILTER_TOLD_H
#define SDR_MILTER_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"

/* The table has now answered for MAILBOX with all its targets. */
void
told_note(const struct sdr_address *mailbox);

/* True if it has since MOMENT (sdr_clock()). */
bool
told_since(const struct sdr_address *mailbox, int64_t moment);

#endif
