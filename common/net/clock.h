/* clock.h - deadlines
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A time is a number of milliseconds on CLOCK_MONOTONIC, which never jumps.
 */
#ifndef SDR_CLOCK_H
#define SDR_CLOCK_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* Returns the current time. */
static inline int64_t
sdr_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns the time of the kernel's last tick, some milliseconds ago at most:
 * cheaper than sdr_clock(). */
static inline int64_t
sdr_clock_tick(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns the time until DEADLINE; at least a millisecond, because libldap
 * reads zero as "do not wait" in some calls and as "for ever" in others. */
static inline struct timeval
sdr_clock_left(int64_t deadline)
{
    int64_t left = deadline - sdr_clock();

    if (left < 1)
        left = 1;
    return (struct timeval){.tv_sec = left / 1000,
                            .tv_usec = left % 1000 * 1000};
}

#endif
