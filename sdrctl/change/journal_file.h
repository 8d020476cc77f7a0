/* journal_file.h - the folder and the files of journals, and who could have
 * written them
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A journal decides what undo writes to the directory. So the file and every
 * folder above it must belong to root or to the user of this process, and
 * nobody else may write to them; in a folder with the sticky bit, such as /tmp,
 * others may, as they cannot replace the files of others. Symbolic links are
 * not followed, and a journal has one hard link. All checks use descriptors:
 * the file that was checked is the file that is opened.
 */
#ifndef SDRCTL_JOURNAL_FILE_H
#define SDRCTL_JOURNAL_FILE_H

#include <stddef.h>

#include "status.h"

/* Open the folder and set *fd. SDR_OK, and the caller closes it; SDR_NOTFOUND,
 * there is none; SDR_CONFIG, others can write to it, with the command that
 * fixes it; SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
journal_folder_open(const char *path, int *fd, struct sdr_error *error);

/* Open the journal at PATH to read it, and set *fd; the results are those of
 * journal_folder_open(). */
enum sdr_status SDR_MUST_USE
journal_file_open(const char *path, int *fd, struct sdr_error *error);

/* The same to read it and to append to it; it is made if there is none, and
 * then on disk, with its folder. */
enum sdr_status SDR_MUST_USE
journal_file_open_to_append(const char *path, int *fd, struct sdr_error *error);

/* The paths of all journals in the folder, in their order. */
struct journal_list {
    char **paths;
    size_t count;
};

/* Read it; the results are those of journal_folder_open(). The list is cleared
 * by the caller if it is SDR_OK. */
enum sdr_status SDR_MUST_USE
journal_list_read(struct journal_list *list, const char *folder,
                  struct sdr_error *error);

void
journal_list_clear(struct journal_list *list);

#endif
