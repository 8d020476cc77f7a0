/* journal.c - see journal.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <ldif.h>

#include "log.h"

#define FIRST_LINE "# sdrctl journal 1"

struct journal {
    const struct sdr_config *config;
    char *path;
    FILE *file;
    size_t count;
};

/* ---- writing ---- */

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

/* The name tells the time; two of one second have another number. */
static int
open_new(const char *folder, const char *date, char **path)
{
    for (unsigned n = 1; n < 1000; n++) {
        int fd;

        if (asprintf(path, "%s/%s-%u.ldif", folder, date, n) < 0) {
            *path = NULL;
            errno = ENOMEM;
            return -1;
        }
        fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                  0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        free(*path);
    }
    *path = NULL;
    return -1;
}

static void
free_journal(struct journal **journal)
{
    if ((*journal)->file != NULL)
        fclose((*journal)->file);
    free((*journal)->path);
    free(*journal);
    *journal = NULL;
}

enum sdr_status
journal_begin(struct journal **journal, const struct sdr_config *config,
              const char *administrator, const char *command,
              struct sdr_error *error)
{
    struct journal *j = calloc(1, sizeof *j);
    char date[32] = "", name[32] = "";
    time_t now = time(NULL);
    struct tm tm;
    int fd;

    *journal = NULL;
    if (j == NULL || gmtime_r(&now, &tm) == NULL) {
        free(j);
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &tm);
    strftime(name, sizeof name, "%Y%m%dT%H%M%SZ", &tm);
    j->config = config;
    fd = open_new(config->journal_directory, name, &j->path);
    j->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (j->file == NULL) {
        enum sdr_status status = failed(config->journal_directory, error);

        if (fd >= 0)
            close(fd);
        free_journal(&j);
        return status;
    }
    fputs(FIRST_LINE "\n", j->file);
    put_comment(j->file, "date", date);
    put_comment(j->file, "administrator", administrator);
    put_comment(j->file, "command", command);
    fputs("version: 1\n\n", j->file);
    *journal = j;
    return SDR_OK;
}

const char *
journal_path(const struct journal *journal)
{
    return journal->path;
}

bool
journal_write(struct journal *journal, const struct change *change,
              struct sdr_error *error)
{
    put_comment(journal->file, "directory",
                journal->config->directories[change->directory].name);
    put_comment(journal->file, "address", change->address);
    if (change_print(change, journal->file) && to_disk(journal->file)) {
        journal->count++;
        return true;
    }
    failed(journal->path, error);
    return false;
}

void
journal_result(struct journal *journal, const char *result)
{
    put_comment(journal->file, "result", result);
    fputc('\n', journal->file);
    fflush(journal->file);
}

void
journal_end(struct journal **journal)
{
    if (*journal == NULL)
        return;
    if ((*journal)->count == 0)
        unlink((*journal)->path);
    else
        to_disk((*journal)->file);
    free_journal(journal);
}

/* ---- reading ---- */

struct reader {
    const struct sdr_config *config;
    const char *path;
    struct journal_content *content;
    char directory[256], address[SDR_ADDRESS_MAX * 4]; /* of the next record */
};

/* The text behind "# NAME: ", if the line is that comment. */
static bool
is_comment(const char *line, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);

    if (strncmp(line, "# ", 2) != 0 || strncmp(line + 2, name, n) != 0
        || strncmp(line + 2 + n, ": ", 2) != 0)
        return false;
    line += 2 + n + 2;
    n = strcspn(line, "\r\n");
    if (n >= size)
        n = size - 1;
    memcpy(out, line, n);
    out[n] = '\0';
    return true;
}

static void
take_comment(struct reader *reader, const char *line)
{
    struct journal_content *content = reader->content;

    if (!is_comment(line, "date", content->date, sizeof content->date)
        && !is_comment(line, "administrator", content->administrator,
                       sizeof content->administrator)
        && !is_comment(line, "command", content->command,
                       sizeof content->command)
        && !is_comment(line, "directory", reader->directory,
                       sizeof reader->directory))
        is_comment(line, "address", reader->address, sizeof reader->address);
}

static bool
find_directory(const struct sdr_config *config, const char *name,
               unsigned *directory)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (strcasecmp(config->directories[i].name, name) == 0) {
            *directory = i;
            return true;
        }
    }
    return false;
}

static struct change_attribute *
attribute_of(struct change *change, const char *name)
{
    for (unsigned i = 0; i < change->count; i++) {
        if (strcasecmp(change->attributes[i].name, name) == 0)
            return &change->attributes[i];
    }
    return change_attribute(change, name);
}

static bool
take_mod(struct change *change, const LDAPMod *mod)
{
    struct change_attribute *attribute = attribute_of(change, mod->mod_type);
    int op = mod->mod_op & ~LDAP_MOD_BVALUES;
    struct values *values;

    if (attribute == NULL || (op != LDAP_MOD_ADD && op != LDAP_MOD_DELETE)
        || mod->mod_bvalues == NULL)
        return false;
    values = op == LDAP_MOD_ADD ? &attribute->after : &attribute->before;
    for (size_t i = 0; mod->mod_bvalues[i] != NULL; i++) {
        if (!values_add(values, mod->mod_bvalues[i]->bv_val,
                        mod->mod_bvalues[i]->bv_len))
            return false;
    }
    return true;
}

/* One record, which libldap takes apart in place. */
static bool
take_record(struct reader *reader, char *text, unsigned long line)
{
    struct berval octets = {strlen(text), text};
    struct change *change;
    LDIFRecord record;
    unsigned directory;
    bool ok;

    memset(&record, 0, sizeof record);
    if (!find_directory(reader->config, reader->directory, &directory)
        || ldap_parse_ldif_record(&octets, line, &record, "sdrctl",
                                  LDIF_NO_CONTROLS)
               != LDAP_SUCCESS)
        return false;
    change = changes_add(&reader->content->changes);
    ok = change != NULL && record.lr_op == LDAP_REQ_MODIFY
         && change_begin(change, record.lr_dn.bv_val, reader->address,
                         directory);
    for (size_t i = 0;
         ok && record.lrop_mods != NULL && record.lrop_mods[i] != NULL; i++)
        ok = take_mod(change, record.lrop_mods[i]);
    ldap_ldif_record_done(&record);
    return ok;
}

/* Gather lines until one is empty; what is cut off at the end by a crash was
 * not made. */
static enum sdr_status
read_lines(struct reader *reader, FILE *file, struct sdr_error *error)
{
    char *line = NULL, *text = NULL;
    size_t size = 0, text_size = 0;
    unsigned long number = 1, begin = 0;
    enum sdr_status status = SDR_OK;
    FILE *record = NULL;

    while (status == SDR_OK && getline(&line, &size, file) > 0) {
        number++;
        if (line[0] == '#') {
            take_comment(reader, line);
        } else if (strncmp(line, "version:", 8) == 0) {
            continue;
        } else if (line[0] != '\n') {
            if (record == NULL) {
                record = open_memstream(&text, &text_size);
                begin = number;
            }
            if (record == NULL || fputs(line, record) == EOF)
                status = SDR_TEMPFAIL;
        } else if (record != NULL) {
            if (fclose(record) != 0 || !take_record(reader, text, begin)) {
                sdr_error_set(error, "%s:%lu: is no change that sdrctl made",
                              reader->path, begin);
                status = SDR_INVALID;
            }
            free(text);
            text = NULL;
            record = NULL;
        }
    }
    if (record != NULL)
        fclose(record);
    free(text);
    free(line);
    return status;
}

enum sdr_status
journal_read(struct journal_content *content, const struct sdr_config *config,
             const char *path, struct sdr_error *error)
{
    struct reader reader = {.config = config, .path = path, .content = content};
    char first[sizeof FIRST_LINE + 1] = "";
    enum sdr_status status;
    FILE *file;

    memset(content, 0, sizeof *content);
    file = fopen(path, "re");
    if (file == NULL)
        return failed(path, error);
    if (fgets(first, sizeof first, file) == NULL
        || strcmp(first, FIRST_LINE "\n") != 0) {
        sdr_error_set(error, "%s: is no journal", path);
        status = SDR_INVALID;
    } else {
        status = read_lines(&reader, file, error);
    }
    fclose(file);
    if (status != SDR_OK)
        journal_content_clear(content);
    return status;
}

void
journal_content_clear(struct journal_content *content)
{
    changes_clear(&content->changes);
    memset(content, 0, sizeof *content);
}
