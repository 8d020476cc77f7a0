/* ldif_directory.h - a directory that is an LDIF file, to be changed
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Changes are collected, then the file is replaced once, with all of them. One
 * thread.
 */
#ifndef SDRCTL_LDIF_DIRECTORY_H
#define SDRCTL_LDIF_DIRECTORY_H

#include "change/change.h"
#include "config/config.h"
#include "ldif/ldif_index.h"

struct ldif_directory;

/* Read the file of the directory with this index. SDR_OK; or with the reason
 * SDR_CONFIG, it cannot be read, SDR_INVALID, it is not valid, with the line,
 * or SDR_TEMPFAIL without memory. *FILE is NULL unless it is SDR_OK. */
enum sdr_status SDR_MUST_USE
ldif_directory_open(struct ldif_directory **file,
                    const struct sdr_config *config, unsigned directory,
                    struct sdr_error *error);

/* Free it and set the pointer to NULL; NULL is fine. A lock is given back. */
void
ldif_directory_close(struct ldif_directory **file);

/* Its entries, until it is locked or closed. */
const struct ldif_index *
ldif_directory_index(const struct ldif_directory *file);

/* Lock it against other administrators, and read it again. Results as above,
 * or as of locked_file_open(). */
enum sdr_status SDR_MUST_USE
ldif_directory_lock(struct ldif_directory *file, struct sdr_error *error);

/* After that: add a change of an entry that has none yet. CHANGE_DONE: it will
 * be in the file. */
enum change_result
ldif_directory_change(struct ldif_directory *file, struct change *change,
                      struct sdr_error *error);

/* Replace the file, if there are changes, and give the lock back. SDR_OK; else
 * nothing has changed, and the error says why. */
enum sdr_status SDR_MUST_USE
ldif_directory_publish(struct ldif_directory *file, struct sdr_error *error);

#endif
