/* addresses.h - all addresses in the directories, or those that match a filter
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_VERIFY_ADDRESSES_H
#define SDRCTL_VERIFY_ADDRESSES_H

#include "change/batch.h"
#include "config/config.h"
#include "ldif/ldif_index.h"
#include "status.h"

/* Add each address in a split domain of each entry that matches the LDAP
 * filter; NULL: of all, from the replica where it has them. Each is added once.
 * SDR_OK; or the reason: SDR_INVALID, a file cannot be searched with a filter;
 * SDR_TEMPFAIL, a directory does not answer, or no memory. */
enum sdr_status SDR_MUST_USE
addresses_read(struct batch *batch, const struct sdr_config *config,
               const char *filter, struct sdr_error *error);

/* Add those of each entry of an LDIF file that is the directory with this
 * index. SDR_OK; or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
addresses_read_file(struct batch *batch, const struct sdr_config *config,
                    unsigned directory, const struct ldif_index *index,
                    struct sdr_error *error);

#endif
