/* mta.c - see mta.h; code common to both engines
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mta.h"

void
mta_reply_text(const struct sdr_reply *reply, char text[MTA_REPLY_MAX])
{
    size_t n = 0;

    for (const char *s = reply->text; *s != '\0'; s++) {
        if (*s == '%')
            text[n++] = '%';
        text[n++] = *s;
    }
    text[n] = '\0';
}
