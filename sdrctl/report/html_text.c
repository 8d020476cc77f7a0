/* html_text.c - escaped text in an HTML page; see html.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/html.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

static void
put_octet(char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", stdout);
        return;
    case '<':
        fputs("&lt;", stdout);
        return;
    case '>':
        fputs("&gt;", stdout);
        return;
    case '"':
        fputs("&quot;", stdout);
        return;
    case '\'':
        fputs("&#39;", stdout);
        return;
    default:
        putchar(c);
    }
}

void
html_text(const char *text)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    for (const char *c = clean; *c != '\0'; c++)
        put_octet(*c);
}
