/* journal.c - see journal.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "change/journal_file.h"
#include "log.h"

struct journal {
    const struct sdr_config *config;
    char *path;
    const char *name; /* its last component */
    int folder;
    FILE *file;
    size_t count;
};

static enum sdr_status
failed(const char *path, struct sdr_error *error)
{
    sdr_error_set(error, "%s: %s", path, strerror(errno));
    return SDR_TEMPFAIL;
}

static bool
to_disk(FILE *file)
{
    return fflush(file) == 0 && fdatasync(fileno(file)) == 0;
}

/* A comment is one line. */
static void
put_comment(FILE *file, const char *name, const char *text)
{
    char clean[1024];

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    fprintf(file, "# %s: %s\n", name, clean);
}

/* The name is the time, with a number for runs in the same second. */
static int
open_new(struct journal *journal, const char *date)
{
    const char *folder = journal->config->journal_directory;

    for (unsigned n = 1; n < 1000; n++) {
        int fd;

        if (asprintf(&journal->path, "%s/%s-%u.ldif", folder, date, n) < 0) {
            journal->path = NULL;
            errno = ENOMEM;
            return -1;
        }
        journal->name = journal->path + strlen(folder) + 1;
        fd = openat(journal->folder, journal->name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        free(journal->path);
        journal->path = NULL;
    }
    return -1;
}

static void
free_journal(struct journal **journal)
{
    if ((*journal)->file != NULL)
        fclose((*journal)->file);
    if ((*journal)->folder >= 0)
        close((*journal)->folder);
    free((*journal)->path);
    free(*journal);
    *journal = NULL;
}

/* The folder is synced to disk too, before anything is changed. */
static enum sdr_status
create(struct journal *journal, const char *name, struct sdr_error *error)
{
    const char *folder = journal->config->journal_directory;
    enum sdr_status status =
        journal_folder_open(folder, &journal->folder, error);
    int fd;

    if (status != SDR_OK)
        return status;
    fd = open_new(journal, name);
    journal->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (journal->file != NULL && fsync(journal->folder) == 0)
        return SDR_OK;
    status = failed(folder, error);
    if (fd >= 0 && journal->file == NULL)
        close(fd);
    return status;
}

enum sdr_status
journal_begin(struct journal **journal, const struct sdr_config *config,
              const char *administrator, const char *command,
              const char *origin, struct sdr_error *error)
{
    struct journal *j = calloc(1, sizeof *j);
    char date[32] = "", name[32] = "";
    time_t now = time(NULL);
    enum sdr_status status;
    struct tm tm;

    *journal = NULL;
    if (j == NULL || gmtime_r(&now, &tm) == NULL) {
        free(j);
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &tm);
    strftime(name, sizeof name, "%Y%m%dT%H%M%SZ", &tm);
    j->config = config;
    j->folder = -1;
    status = create(j, name, error);
    if (status != SDR_OK) {
        free_journal(&j);
        return status;
    }
    fputs(JOURNAL_FIRST_LINE "\n", j->file);
    put_comment(j->file, "date", date);
    put_comment(j->file, "administrator", administrator);
    put_comment(j->file, "command", command);
    if (origin != NULL)
        put_comment(j->file, "wave", origin);
    fputs("version: 1\n\n", j->file);
    *journal = j;
    return SDR_OK;
}

const char *
journal_path(const struct journal *journal)
{
    return journal->path;
}

/* In base64, "-" for none. */
static bool
put_base64(FILE *file, const struct berval *octets)
{
    const gnutls_datum_t in = {(unsigned char *)octets->bv_val,
                               (unsigned)octets->bv_len};
    gnutls_datum_t out;

    if (octets->bv_len == 0)
        return fputs(" -", file) != EOF;
    if (gnutls_base64_encode2(&in, &out) != 0)
        return false;
    fprintf(file, " %.*s", (int)out.size, (char *)out.data);
    gnutls_free(out.data);
    return true;
}

static bool
put_octets(FILE *file, const struct change_octets *octets)
{
    if (!octets->known)
        return true;
    fprintf(file, "# octets: %zu", octets->offset);
    return put_base64(file, &octets->before) && put_base64(file, &octets->after)
           && fputc('\n', file) != EOF;
}

bool
journal_add(struct journal *journal, const struct change *change,
            struct sdr_error *error)
{
    put_comment(journal->file, "directory",
                journal->config->directories[change->directory].name);
    put_comment(journal->file, "address", change->address);
    if (put_octets(journal->file, &change->octets)
        && change_print(change, journal->file)) {
        journal->count++;
        return true;
    }
    failed(journal->path, error);
    return false;
}

bool
journal_sync(struct journal *journal, struct sdr_error *error)
{
    if (to_disk(journal->file))
        return true;
    failed(journal->path, error);
    return false;
}

bool
journal_write(struct journal *journal, const struct change *change,
              struct sdr_error *error)
{
    return journal_add(journal, change, error) && journal_sync(journal, error);
}

static void
put_result(struct journal *journal, const char *name, const char *result)
{
    put_comment(journal->file, name, result);
    fputc('\n', journal->file);
    fflush(journal->file);
}

void
journal_result(struct journal *journal, const char *result)
{
    put_result(journal, "result", result);
}

void
journal_results(struct journal *journal, const char *result)
{
    put_result(journal, "results", result);
}

void
journal_end(struct journal **journal)
{
    if (*journal == NULL)
        return;
    if ((*journal)->count == 0)
        unlinkat((*journal)->folder, (*journal)->name, 0);
    else
        to_disk((*journal)->file);
    free_journal(journal);
}
