/* log.c - see log.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "log.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>

static bool
is_unsafe(ucs4_t c, const char *specials)
{
    const uint32_t hidden = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf
                            | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

    if (c < 0x80 && c >= ' ' && c != 0x7f)
        return strchr(specials, (int)c) != NULL;
    return uc_is_general_category_withtable(c, hidden);
}

size_t
sdr_log_clean(char *out, size_t size, const char *text, size_t len,
              const char *specials)
{
    const size_t dots = sizeof "...";
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        ucs4_t c;
        int octets = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        bool unsafe = octets < 1 || is_unsafe(c, specials);
        size_t step = octets < 1 ? 1 : (size_t)octets;
        size_t need = unsafe ? step * 4 : step;

        if (used + need + dots > size) {
            used += (size_t)snprintf(out + used, size - used, "...");
            return used < size ? used : size - 1;
        }
        for (size_t k = 0; k < step; k++) {
            if (unsafe)
                used += (size_t)snprintf(out + used, size - used, "\\x%02X",
                                         (unsigned char)text[i + k]);
            else
                out[used++] = text[i + k];
        }
        i += step;
    }
    out[used] = '\0';
    return used;
}
