/* boot_clock.c - see boot_clock.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/boot_clock.h"

#include <stdio.h>
#include <time.h>

/* Read the boot id, which the kernel writes as a UUID. */
static void
read_boot(unsigned char boot[16])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    char text[37] = "";
    unsigned octet, count = 0;

    if (file == NULL)
        return;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    for (const char *at = text; *at != '\0' && count < 16; at++) {
        if (*at != '-' && sscanf(at++, "%2x", &octet) == 1)
            boot[count++] = (unsigned char)octet;
    }
}

struct boot_time
boot_clock_now(void)
{
    struct boot_time time = {.boot = {0}};
    struct timespec now = {.tv_sec = 0};

    clock_gettime(CLOCK_BOOTTIME, &now);
    time.seconds = (int64_t)now.tv_sec;
    read_boot(time.boot);
    return time;
}
