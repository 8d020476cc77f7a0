/* sigpipe.c - see sigpipe.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/sigpipe.h"

#include <stddef.h>
#include <time.h>

void
sdr_sigpipe_block(struct sdr_sigpipe *saved)
{
    sigset_t pipe_set, pending;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&pending);
    saved->was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_set, &saved->mask);
}

void
sdr_sigpipe_restore(const struct sdr_sigpipe *saved)
{
    const struct timespec no_time = {0, 0};
    sigset_t pipe_set;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    if (!saved->was_pending) {
        while (sigtimedwait(&pipe_set, NULL, &no_time) == SIGPIPE)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &saved->mask, NULL);
}
