/* recipients.c - see recipients.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "recipients.h"

#include <stdio.h>

/* Returns the end of the address that begins at S. */
static const char *
end_of(const char *s)
{
    bool quoted = false;

    for (; *s != '\0' && (quoted || *s != ','); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (*s == '\\' && quoted && s[1] != '\0')
            s++;
    }
    return s;
}

bool
recipients_next(const char **at, char *out, size_t size)
{
    const char *end;

    while (**at == ',' || **at == ' ')
        ++*at;
    if (**at == '\0')
        return false;
    end = end_of(*at);
    snprintf(out, size, "%.*s", (int)(end - *at), *at);
    *at = end;
    return true;
}
