/* new_ldif.h - an LDIF file that a directory could become
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_NEW_LDIF_H
#define SDRCTL_NEW_LDIF_H

#include "change/batch.h"
#include "config/config.h"
#include "decision/sdr.h"

struct new_ldif;

/* Find the directory that a file can be for: the one that is a file, or the
 * only one. False if there is none, or several. */
bool SDR_MUST_USE
new_ldif_find_directory(const struct sdr_config *config, unsigned *directory);

/* Read the file. SDR_OK; or the reason: SDR_CONFIG, it cannot be read;
 * SDR_INVALID, it is not valid, with the line; SDR_TEMPFAIL, no memory. The
 * path and the configuration are borrowed. */
enum sdr_status SDR_MUST_USE
new_ldif_open(struct new_ldif **file, const struct sdr_config *config,
              unsigned directory, const char *path, struct sdr_error *error);

/* Free it and set the pointer to NULL; NULL is fine. */
void
new_ldif_close(struct new_ldif **file);

/* Let SDR ask the file instead of the directory. */
void
new_ldif_use(struct new_ldif *file, struct sdr *sdr);

/* Add all addresses in split domains of its entries. SDR_OK; or SDR_TEMPFAIL
 * without memory. */
enum sdr_status SDR_MUST_USE
new_ldif_addresses(const struct new_ldif *file, struct batch *batch,
                   struct sdr_error *error);

#endif
