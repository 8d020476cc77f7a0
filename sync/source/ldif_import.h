/* ldif_import.h - the text of an LDIF file, taken as a whole or not at all
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The text is read at least twice: nothing is stored before the whole text is
 * known to be valid.
 */
#ifndef SYNC_LDIF_IMPORT_H
#define SYNC_LDIF_IMPORT_H

#include <stddef.h>

#include "status.h"
#include "source/worker.h"

/* Replace the copy of the worker's directory by the text. Returns SDR_OK;
 * SDR_INVALID if the text is not valid LDIF, or has no address in a split
 * domain, with file and line in the error; SDR_TEMPFAIL with the reason, "" for
 * no memory. */
enum sdr_status SDR_MUST_USE
ldif_import(struct worker *worker, const char *text, size_t len,
            struct sdr_error *error);

#endif
