/* options.c - see options.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/options.h"

#include <getopt.h>
#include <stddef.h>

bool
writer_option(struct writer *writer, int option)
{
    struct credentials *credentials = &writer->credentials;

    switch (option) {
    case 'D':
        credentials->bind_dn = optarg;
        return true;
    case 'y':
        credentials->password_file = optarg;
        return true;
    case 'x':
        credentials->external = true;
        return true;
    case 'g':
        credentials->gssapi = true;
        return true;
    case 'n':
        writer->dry_run = true;
        return true;
    case 'j':
        writer->json = true;
        return true;
    case 'q':
        writer->quiet = true;
        return true;
    case 'w':
        writer->wait = true;
        return true;
    default:
        return false;
    }
}

bool
writer_is_valid(const struct writer *writer, struct sdr_error *error)
{
    const struct credentials *credentials = &writer->credentials;
    bool named = credentials->bind_dn != NULL;
    bool secret = credentials->password_file != NULL;

    if (named && !secret) {
        sdr_error_set(error, "-D requires -y");
        return false;
    }
    if ((named || secret) + credentials->external + credentials->gssapi > 1) {
        sdr_error_set(error,
                      "use only one of -D with -y, --external and --gssapi");
        return false;
    }
    return true;
}
