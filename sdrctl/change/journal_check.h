/* journal_check.h - check that sdrctl could have made the changes of a journal
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * undo applies a journal with an administrator's permissions. The functions do
 * no I/O.
 */
#ifndef SDRCTL_JOURNAL_CHECK_H
#define SDRCTL_JOURNAL_CHECK_H

#include "change/change.h"
#include "config/config.h"
#include "status.h"

/* Check that each change is of an entry below the search-base of its directory,
 * and only of its owner, routing address and hold attributes, with values that
 * move, hold and release write, and of the class sdrRecipient together with one
 * of them. Returns SDR_OK; SDR_INVALID with file, line and attribute of the
 * first other change; or SDR_TEMPFAIL if out of memory. */
enum sdr_status SDR_MUST_USE
journal_check(const struct sdr_config *config, const struct changes *changes,
              const char *path, struct sdr_error *error);

#endif
