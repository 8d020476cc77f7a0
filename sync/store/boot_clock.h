/* boot_clock.h - a clock that nobody can set
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Seconds since the machine was started, those asleep included; and which start
 * that was. What was counted within some minutes is compared by it.
 */
#ifndef SYNC_BOOT_CLOCK_H
#define SYNC_BOOT_CLOCK_H

#include <stdint.h>

struct boot_time {
    int64_t seconds;
    unsigned char boot[16]; /* all zero: unknown */
};

struct boot_time
boot_clock_now(void);

#endif
