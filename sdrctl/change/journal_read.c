/* journal_read.c - reading a journal; see journal.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Accepts only what sdrctl itself writes: LDIF has more, such as values read
 * from a named file, and replacements.
 */
#include "change/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <ldif.h>

#include "change/journal_file.h"
#include "chosen.h"

struct reader {
    const struct sdr_config *config;
    const char *path;
    struct journal_content *content;
    unsigned long line;
    char directory[256], address[SDR_ADDRESS_MAX * 4]; /* of the next record */
    FILE *record;                                      /* NULL between two */
    unsigned long begin;
    char *text; /* of the record */
    size_t size;
    struct change_octets octets; /* of the next record */
};

/* A line of them, in base64; see ldif_edit.c. */
enum { OCTETS_LINE_MAX = 128 * 1024 };

static void
clear_octets(struct change_octets *octets)
{
    free(octets->before.bv_val);
    free(octets->after.bv_val);
    *octets = (struct change_octets){.known = false};
}

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
set_result(struct change *change, const char *result)
{
    change->has_result = true;
    change->not_made = strcmp(result, "done") != 0;
}

/* The result of the last change, or of all that have none; without such a line
 * it is unknown. */
static void
read_result(struct reader *reader, const char *line)
{
    struct changes *changes = &reader->content->changes;
    char result[8];

    if (changes->count > 0 && is_comment(line, "result", result, sizeof result))
        set_result(&changes->items[changes->count - 1], result);
    if (!is_comment(line, "results", result, sizeof result))
        return;
    for (size_t i = 0; i < changes->count; i++) {
        if (!changes->items[i].has_result)
            set_result(&changes->items[i], result);
    }
}

static bool
read_base64(const char *text, struct berval *octets)
{
    const gnutls_datum_t in = {(unsigned char *)text, (unsigned)strlen(text)};
    gnutls_datum_t out = {NULL, 0};

    if (strcmp(text, "-") != 0 && gnutls_base64_decode2(&in, &out) != 0)
        return false;
    octets->bv_val = malloc(out.size + 1);
    octets->bv_len = out.size;
    if (octets->bv_val != NULL && out.size > 0)
        memcpy(octets->bv_val, out.data, out.size);
    gnutls_free(out.data);
    return octets->bv_val != NULL;
}

/* What is no such line is no octets: the values lead back as well. */
static void
read_octets(struct reader *reader, const char *line)
{
    struct change_octets *octets = &reader->octets;
    char before[OCTETS_LINE_MAX], after[OCTETS_LINE_MAX];

    if (strncmp(line, "# octets: ", 10) != 0)
        return;
    clear_octets(octets);
    octets->known = sscanf(line + 10, "%zu %131071s %131071s", &octets->offset,
                           before, after)
                        == 3
                    && read_base64(before, &octets->before)
                    && read_base64(after, &octets->after);
}

static void
read_comment(struct reader *reader, const char *line)
{
    struct journal_content *content = reader->content;

    read_result(reader, line);
    read_octets(reader, line);
    if (!is_comment(line, "date", content->date, sizeof content->date)
        && !is_comment(line, "administrator", content->administrator,
                       sizeof content->administrator)
        && !is_comment(line, "command", content->command,
                       sizeof content->command)
        && !is_comment(line, "directory", reader->directory,
                       sizeof reader->directory))
        is_comment(line, "address", reader->address, sizeof reader->address);
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
add_mod(struct change *change, const LDAPMod *mod)
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

/* Unfold lines as libldap does. */
static void
unfold(char *text)
{
    char *out = text;

    for (const char *in = text; *in != '\0'; in++) {
        if (in[0] == '\n' && in[1] == ' ')
            in++;
        else
            *out++ = *in;
    }
    *out = '\0';
}

/* A DN, then the kind of change without controls, and no value that libldap
 * would read from a URL. TEXT is unfolded and split. */
static bool
is_modification(char *text)
{
    unsigned number = 0;
    char *rest = NULL;

    unfold(text);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest), number++) {
        const char *colon = strchr(line, ':');

        if (colon != NULL && colon[1] == '<')
            return false;
        if (number == 1 && strcmp(line, "changetype: modify") != 0)
            return false;
    }
    return number > 1;
}

static bool
is_ours(const char *text)
{
    char *copy = strdup(text);
    bool ours = copy != NULL && is_modification(copy);

    free(copy);
    return ours;
}

/* Parse one record, which libldap splits in place. */
static bool
parse_record(struct reader *reader)
{
    struct berval octets = {strlen(reader->text), reader->text};
    struct change *change;
    LDIFRecord record;
    int directory = find_directory(reader->config, reader->directory);
    bool ok;

    memset(&record, 0, sizeof record);
    if (directory < 0 || !is_ours(reader->text)
        || ldap_parse_ldif_record(&octets, reader->begin, &record, "sdrctl",
                                  LDIF_NO_CONTROLS)
               != LDAP_SUCCESS)
        return false;
    change = changes_add(&reader->content->changes);
    ok = change != NULL && record.lr_op == LDAP_REQ_MODIFY
         && change_begin(change, record.lr_dn.bv_val, reader->address,
                         (unsigned)directory);
    if (ok) {
        change->line = reader->begin;
        change->octets = reader->octets;
        reader->octets = (struct change_octets){.known = false};
    }
    for (size_t i = 0;
         ok && record.lrop_mods != NULL && record.lrop_mods[i] != NULL; i++)
        ok = add_mod(change, record.lrop_mods[i]);
    ldap_ldif_record_done(&record);
    return ok && change->count > 0;
}

static bool
end_record(struct reader *reader)
{
    bool ok = fclose(reader->record) == 0 && parse_record(reader);

    reader->record = NULL;
    free(reader->text);
    reader->text = NULL;
    reader->directory[0] = reader->address[0] = '\0';
    return ok;
}

static bool
add_line(struct reader *reader, const char *line)
{
    if (reader->record == NULL) {
        reader->record = open_memstream(&reader->text, &reader->size);
        reader->begin = reader->line;
    }
    return reader->record != NULL && fputs(line, reader->record) != EOF;
}

/* Read a line of LEN octets. sdrctl writes neither NUL nor CR. */
static bool
read_line(struct reader *reader, const char *line, size_t len)
{
    if (strlen(line) != len || strchr(line, '\r') != NULL)
        return false;
    if (line[0] == '#')
        read_comment(reader, line);
    else if (line[0] == '\n')
        return reader->record == NULL || end_record(reader);
    else if (reader->record != NULL || strcmp(line, "version: 1\n") != 0)
        return add_line(reader, line);
    return true;
}

/* Collect lines up to an empty one. A record cut off by a crash was not
 * applied. */
static enum sdr_status
read_lines(struct reader *reader, FILE *file, struct sdr_error *error)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    bool good = true;

    while (good && (len = getline(&line, &size, file)) > 0) {
        reader->line++;
        good = read_line(reader, line, (size_t)len);
    }
    if (!good)
        sdr_error_set(error, "%s:%lu: not a change made by sdrctl",
                      reader->path,
                      reader->begin > 0 ? reader->begin : reader->line);
    else if (ferror(file))
        sdr_error_set(error, "%s: %s", reader->path, strerror(errno));
    if (reader->record != NULL)
        fclose(reader->record);
    clear_octets(&reader->octets);
    free(reader->text);
    free(line);
    return good && !ferror(file) ? SDR_OK : SDR_INVALID;
}

static enum sdr_status
open_stream(const char *path, FILE **file, struct sdr_error *error)
{
    int fd;
    enum sdr_status status = journal_file_open(path, &fd, error);

    if (status != SDR_OK)
        return status;
    *file = fdopen(fd, "r");
    if (*file != NULL)
        return SDR_OK;
    close(fd);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
journal_read(struct journal_content *content, const struct sdr_config *config,
             const char *path, struct sdr_error *error)
{
    struct reader reader = {
        .config = config, .path = path, .content = content, .line = 1};
    char first[sizeof JOURNAL_FIRST_LINE + 1] = "";
    enum sdr_status status;
    FILE *file;

    memset(content, 0, sizeof *content);
    status = open_stream(path, &file, error);
    if (status != SDR_OK)
        return status;
    if (fgets(first, sizeof first, file) == NULL
        || strcmp(first, JOURNAL_FIRST_LINE "\n") != 0) {
        sdr_error_set(error, "%s: not a journal of sdrctl", path);
        status = SDR_INVALID;
    } else {
        status = read_lines(&reader, file, error);
    }
    fclose(file);
    if (status != SDR_OK)
        journal_content_clear(content);
    return status;
}

/* Only the comments at the top; they are written together with the first
 * change. */
static bool
find_origin(FILE *file, char *origin, size_t size)
{
    char line[1024];

    if (fgets(line, sizeof line, file) == NULL
        || strcmp(line, JOURNAL_FIRST_LINE "\n") != 0)
        return false;
    while (fgets(line, sizeof line, file) != NULL && line[0] == '#') {
        if (is_comment(line, "wave", origin, size))
            return true;
    }
    return false;
}

enum sdr_status
journal_read_origin(const char *path, char *origin, size_t size,
                    struct sdr_error *error)
{
    FILE *file;
    enum sdr_status status = open_stream(path, &file, error);

    if (status != SDR_OK)
        return status;
    if (!find_origin(file, origin, size))
        origin[0] = '\0';
    status = ferror(file) ? SDR_TEMPFAIL : SDR_OK;
    if (status != SDR_OK)
        sdr_error_set(error, "%s: %s", path, strerror(errno));
    fclose(file);
    return status;
}

void
journal_content_clear(struct journal_content *content)
{
    changes_clear(&content->changes);
    memset(content, 0, sizeof *content);
}
