/* thread.h - threads with a small stack
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_THREAD_H
#define SDR_MILTER_THREAD_H

#include <pthread.h>

/* Start a thread with the caller's signal mask. Returns 0, or the error number
 * without logging it: there may be too many threads already. */
int
thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

#endif
