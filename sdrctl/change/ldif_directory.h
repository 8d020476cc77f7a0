/* ldif_directory.h - change a directory that is an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Changes are collected, then the file is replaced once, with all of them. Not
 * thread-safe.
 */
#ifndef SDRCTL_LDIF_DIRECTORY_H
#define SDRCTL_LDIF_DIRECTORY_H

#include "change/change.h"
#include "config/config.h"
#include "ldif/ldif_index.h"

struct ldif_directory;

/* Read the file of the directory with this index. Returns SDR_OK and sets
 * *FILE; or sets it to NULL and returns, with the reason, SDR_CONFIG, the file
 * cannot be read, SDR_INVALID with the line, it is not valid, or SDR_TEMPFAIL
 * if out of memory. */
enum sdr_status SDR_MUST_USE
ldif_directory_open(struct ldif_directory **file,
                    const struct sdr_config *config, unsigned directory,
                    struct sdr_error *error);

/* Unlock and free *FILE, and set it to NULL. *FILE may be NULL. */
void
ldif_directory_close(struct ldif_directory **file);

/* Returns the entries, valid until the file is locked or closed. */
const struct ldif_index *
ldif_directory_index(const struct ldif_directory *file);

/* Lock the file against other administrators, and read it again. Returns as
 * ldif_directory_open() or locked_file_open(). */
enum sdr_status SDR_MUST_USE
ldif_directory_lock(struct ldif_directory *file, struct sdr_error *error);

/* Add a change to a locked file, of an entry that has no change yet. Returns
 * CHANGE_DONE if it will be written. */
enum change_result
ldif_directory_change(struct ldif_directory *file, struct change *change,
                      struct sdr_error *error);

/* Replace the file, if there are changes, and unlock it. Returns SDR_OK; on any
 * other status the file is unchanged, and the error has the reason. */
enum sdr_status SDR_MUST_USE
ldif_directory_publish(struct ldif_directory *file, struct sdr_error *error);

#endif
