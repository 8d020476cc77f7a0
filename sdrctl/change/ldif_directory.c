/* ldif_directory.c - see ldif_directory.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "change/ldif_edit.h"
#include "change/ldif_write.h"
#include "config/file_owner.h"
#include "ldif/ldif_entries.h"

/* The new text of an entry. */
struct ldif_change {
    const struct ldif_span *span;
    char *text;
    size_t len;
};

struct ldif_directory {
    const struct sdr_config *config;
    unsigned directory;
    struct locked_file lock;
    char *text;
    size_t len;
    struct ldif_index *index;
    struct ldif_change *changes;
    size_t count, room;
};

static const char *
path_of(const struct ldif_directory *file)
{
    return file->config->directories[file->directory].ldif_path;
}

/* ---- reading ---- */

static void
forget(struct ldif_directory *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->changes[i].text);
    free(file->changes);
    file->changes = NULL;
    file->count = file->room = 0;
    ldif_index_free(&file->index);
    free(file->text);
    file->text = NULL;
}

static enum sdr_status
read_file(struct ldif_directory *file, const char *path,
          struct sdr_error *error)
{
    enum sdr_status status;

    forget(file);
    sdr_error_set(error, "no memory");
    status = sdr_file_read(path, false, LDIF_MAX_OCTETS, &file->text,
                           &file->len, error);
    if (status == SDR_OK)
        status = ldif_index_new(&file->index, file->config, file->directory,
                                file->text, file->len, error);
    return status;
}

enum sdr_status
ldif_directory_open(struct ldif_directory **file,
                    const struct sdr_config *config, unsigned directory,
                    struct sdr_error *error)
{
    struct ldif_directory *new = calloc(1, sizeof *new);
    enum sdr_status status;

    *file = NULL;
    if (new == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    new->config = config;
    new->directory = directory;
    new->lock.fd = -1;
    status = read_file(new, path_of(new), error);
    if (status == SDR_OK)
        *file = new;
    else
        ldif_directory_close(&new);
    return status;
}

void
ldif_directory_close(struct ldif_directory **file)
{
    struct ldif_directory *old = *file;

    *file = NULL;
    if (old == NULL)
        return;
    forget(old);
    locked_file_close(&old->lock);
    free(old);
}

const struct ldif_index *
ldif_directory_index(const struct ldif_directory *file)
{
    return file->index;
}

/* ---- changing ---- */

enum sdr_status
ldif_directory_lock(struct ldif_directory *file, struct sdr_error *error)
{
    enum sdr_status status =
        locked_file_open(&file->lock, path_of(file), error);

    if (status == SDR_OK)
        status = read_file(file, file->lock.path, error);
    if (status != SDR_OK)
        locked_file_close(&file->lock);
    return status;
}

static bool
is_changed(const struct ldif_directory *file, const struct ldif_span *span)
{
    for (size_t i = 0; i < file->count; i++) {
        if (file->changes[i].span == span)
            return true;
    }
    return false;
}

enum change_result
ldif_directory_change(struct ldif_directory *file, struct change *change,
                      struct sdr_error *error)
{
    const struct ldif_span *span = ldif_index_find(file->index, change->dn);
    struct ldif_change new = {.span = span};
    enum change_result result;

    if (span == NULL) {
        sdr_error_set(error, "the entry no longer exists");
        return CHANGE_CONFLICT;
    }
    if (is_changed(file, span)) {
        sdr_error_set(error, "the entry is changed twice");
        return CHANGE_CONFLICT;
    }
    result = ldif_edit(span, path_of(file), change, &new.text, &new.len, error);
    if (result != CHANGE_DONE
        || sdr_array_append(&file->changes, &file->count, &file->room, &new,
                            sizeof new))
        return result;
    free(new.text);
    sdr_error_set(error, "no memory");
    return CHANGE_FAILED;
}

/* ---- writing ---- */

static int
compare_changes(const void *a, const void *b)
{
    const struct ldif_change *x = a, *y = b;

    return (x->span->begin > y->span->begin)
           - (x->span->begin < y->span->begin);
}

static bool
make_text(const struct ldif_directory *file, char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    const char *at = file->text;

    if (out == NULL)
        return false;
    for (size_t i = 0; i < file->count; i++) {
        const struct ldif_change *change = &file->changes[i];

        fwrite(at, (size_t)(change->span->begin - at), 1, out);
        fwrite(change->text, change->len, 1, out);
        at = change->span->end;
    }
    fwrite(at, (size_t)(file->text + file->len - at), 1, out);
    if (!ferror(out) && fclose(out) == 0)
        return true;
    free(*text);
    return false;
}

/* Check that sdr-sync can read the new text. */
static enum sdr_status
check_text(const struct ldif_directory *file, const char *text, size_t len,
           struct sdr_error *error)
{
    struct ldif_entries entries = {.config = file->config,
                                   .directory = file->directory,
                                   .text = text,
                                   .len = len};
    enum sdr_status status;

    sdr_error_set(error, "no memory");
    status = ldif_entries_check(&entries, error);
    ldif_entries_clear(&entries);
    return status;
}

enum sdr_status
ldif_directory_publish(struct ldif_directory *file, struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;
    char *text = NULL;
    size_t len = 0;

    if (file->count > 0) {
        qsort(file->changes, file->count, sizeof *file->changes,
              compare_changes);
        status = SDR_TEMPFAIL;
        sdr_error_set(error, "no memory");
        if (make_text(file, &text, &len))
            status = check_text(file, text, len, error);
        if (status == SDR_OK)
            status = locked_file_replace(&file->lock, text, len, error);
        free(text);
    }
    forget(file);
    locked_file_close(&file->lock);
    return status;
}
