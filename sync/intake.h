/* intake.h - the text of an LDIF file, taken as a whole or not at all
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It is gone through twice: nothing is put into the store before its last line
 * is known to be good.
 */
#ifndef SYNC_INTAKE_H
#define SYNC_INTAKE_H

#include <stddef.h>

#include "status.h"
#include "worker.h"

/* Make the text the copy of the worker's directory. SDR_INVALID: it is no good
 * LDIF, or shows no address of ours; the error names file and line.
 * SDR_TEMPFAIL with the reason, "" for no memory. */
enum sdr_status SDR_MUST_USE
intake(struct worker *worker, const char *text, size_t len,
       struct sdr_error *error);

#endif
