/* journal_check.h - check that a journal has only changes that sdrctl makes
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * undo applies a journal with the permissions of an administrator. Pure
 * functions.
 */
#ifndef SDRCTL_JOURNAL_CHECK_H
#define SDRCTL_JOURNAL_CHECK_H

#include "change/change.h"
#include "config/config.h"
#include "status.h"

/* Each change must be of an entry below the search-base of its directory, and
 * only of its owner, routing address and hold attributes, with values that
 * move, hold and release write, and of our own object class together with one
 * of them. SDR_OK; SDR_INVALID with file, line and attribute of the first other
 * change; SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
journal_check(const struct sdr_config *config, const struct changes *changes,
              const char *path, struct sdr_error *error);

#endif
