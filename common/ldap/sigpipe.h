/* sigpipe.h - no SIGPIPE from other libraries
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own writes do not raise it (sockbuf.h). But c-ares, which writes to name
 * servers over TCP with writev(2), and Kerberos might; and the process, which
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

/* Block SIGPIPE in the calling thread, until sdr_sigpipe_restore(). */
void
sdr_sigpipe_block(struct sdr_sigpipe *saved);

/* Restore the signal mask. Consumes a SIGPIPE that was raised since. */
void
sdr_sigpipe_restore(const struct sdr_sigpipe *saved);

#endif
