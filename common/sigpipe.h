/* sigpipe.h - no SIGPIPE while others write
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What we write ourselves raises none (wire.h). c-ares, which writes to name
 * servers over TCP with writev(2), and Kerberos might; and the process, which
 * may be Exim, has its own ideas of the signal.
 */
#ifndef SDR_SIGPIPE_H
#define SDR_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sdr_sigpipe {
    sigset_t mask;
    bool was_pending;
};

/* Block it for the calling thread, until it is restored. */
void
sdr_sigpipe_block(struct sdr_sigpipe *saved);

/* As it was before; one that was raised meanwhile is consumed. */
void
sdr_sigpipe_restore(const struct sdr_sigpipe *saved);

#endif
