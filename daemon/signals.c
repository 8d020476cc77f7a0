/* signals.c - see signals.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "signals.h"

void
signals_block(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}
