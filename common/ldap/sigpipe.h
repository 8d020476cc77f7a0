/* sigpipe.h - no SIGPIPE from other libraries
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own writes raise none (sockbuf.h). c-ares, which writes to name servers
 * over TCP with writev(2), and Kerberos might raise it; and the process, which
 * may be Exim, handles the signal in its own way.
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

/* As it was before; one that was raised in between is consumed. */
void
sdr_sigpipe_restore(const struct sdr_sigpipe *saved);

#endif
