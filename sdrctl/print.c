/* print.c - see print.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "print.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

void
print_clean(const char *text)
{
    print_clean_octets(text, strlen(text));
}

void
print_clean_octets(const char *octets, size_t len)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, octets, len, "");
    fputs(clean, stdout);
}

void
print_error_line(const struct sdr_error *error)
{
    char clean[4 * sizeof error->text];

    sdr_log_clean(clean, sizeof clean, error->text, strlen(error->text), "");
    fprintf(stderr, "sdrctl: %s\n", clean);
}
