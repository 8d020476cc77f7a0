/* thread.h - threads with a stack that is large enough, and no larger
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_THREAD_H
#define SDR_MILTER_THREAD_H

#include <pthread.h>

/* Start one, which takes no signals that the caller's does not. Returns 0, or
 * the error number, nothing said: there may be too many threads already. */
int
thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

#endif
