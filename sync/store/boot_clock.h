/* boot_clock.h - a clock that cannot be set
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Seconds since the boot, including suspend, and the id of that boot. Used to
 * compare times within some minutes.
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
