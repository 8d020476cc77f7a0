/* thread.c - see thread.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "thread.h"

enum { STACK = 1024 * 1024 };

int
thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    pthread_attr_t attributes;
    int rc = pthread_attr_init(&attributes);

    if (rc == 0) {
        pthread_attr_setstacksize(&attributes, STACK);
        rc = pthread_create(thread, &attributes, run, arg);
        pthread_attr_destroy(&attributes);
    }
    return rc;
}
