/* safe.c - whether a format can hold an address safely; see export.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <string.h>

#include "export/export.h"

/* A dot-string of RFC 5321, but for UTF-8. */
static bool
needs_quotes(const char *local, size_t len)
{
    static const char atoms[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)local[i] < 0x80 && strchr(atoms, local[i]) == NULL)
            return true;
    }
    return len == 0 || local[0] == '.' || local[len - 1] == '.'
           || memmem(local, len, "..", 2) != NULL;
}

static bool
has_octet(const char *local, size_t len, const char *octets)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr(octets, local[i]) != NULL)
            return true;
    }
    return false;
}

const char *
export_fault(const struct export_format *format, const char *address)
{
    const char *at = strrchr(address, '@');
    size_t len = at != NULL ? (size_t)(at - address) : 0;

    if (len == 0 || has_octet(address, len, "\r\n\t"))
        return "not an address";
    if (!format->takes_quotes && needs_quotes(address, len))
        return "its local part needs quotes";
    if (!format->takes_utf8 && !sdr_is_ascii(address, strlen(address)))
        return "it is not ASCII";
    if (strchr(format->never_first, address[0]) != NULL)
        return "its first character has a meaning there";
    if (has_octet(address, len, format->never))
        return "one of its characters has a meaning there";
    return NULL;
}
