/* safe.c - can a format represent an address safely? See export.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdint.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>

#include "export/export.h"
#include "spreadsheet.h"

/* True unless the local part is a dot-string (RFC 5321), which may contain
 * UTF-8. */
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

/* True if the text has non-ASCII characters that are invisible or blank, or
 * change how others are displayed: a reader could not see what the list says.
 */
static bool
has_hidden(const char *text)
{
    const uint32_t hidden =
        UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Z;
    const uint8_t *at = (const uint8_t *)text;
    ucs4_t c;

    while ((at = u8_next(&c, at)) != NULL) {
        if (c >= 0x80
            && (uc_is_general_category_withtable(c, hidden)
                || uc_is_property_default_ignorable_code_point(c)))
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
    if (has_hidden(address))
        return "it has an invisible character";
    if (format->for_spreadsheets && spreadsheet_is_formula(address))
        return "a spreadsheet would read it as a formula";
    if (strchr(format->never_first, address[0]) != NULL)
        return "its first character has a meaning there";
    if (has_octet(address, len, format->never))
        return "one of its characters has a meaning there";
    return NULL;
}
