/* report_journal.c - the course over time from the journals of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A journal is LDIF: comments tell when and in which directory, a record names
 * the owners before (delete) and after (add); none is the default-owner. What
 * came to nothing says so behind its record.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldif.h>

#include "report_course.h"

#define FIRST_LINE "# sdrctl journal 1\n"
#define SUFFIX     ".ldif"

struct reading {
    struct course *course;
    const struct sdr_config *config;
    const struct chosen *chosen;
    const char *path;
    time_t when;
    const struct sdr_directory_options *directory; /* of the next record */
    /* The last record, of which it is not known yet what became of it. */
    bool pending;
    sdr_sites before, after;
    bool no_memory;
};

/* ---- records ---- */

static void
settle(struct reading *reading)
{
    sdr_sites gone = reading->before & ~reading->after;
    sdr_sites come = reading->after & ~reading->before;

    for (unsigned i = 0; reading->pending && i < reading->config->site_count;
         i++) {
        int delta = (int)(come >> i & 1U) - (int)(gone >> i & 1U);

        if (delta != 0
            && !course_add(reading->course, reading->when, i, delta))
            reading->no_memory = true;
    }
    reading->pending = false;
}

static sdr_sites
sites_of(const struct sdr_config *config, struct berval **values)
{
    sdr_sites sites = 0;

    for (size_t i = 0; values != NULL && values[i] != NULL; i++)
        sites |= sdr_config_owner(config, values[i]->bv_val, values[i]->bv_len);
    return sites;
}

static void
take_mods(struct reading *reading, LDAPMod *const *mods)
{
    const struct sdr_directory_options *directory = reading->directory;
    const char *owner = directory->mapping.owner;
    bool had = false, has = false;

    reading->before = reading->after = 0;
    for (size_t i = 0; mods != NULL && mods[i] != NULL; i++) {
        struct berval **values = mods[i]->mod_bvalues;

        if (owner == NULL || strcasecmp(owner, mods[i]->mod_type) != 0)
            continue;
        reading->pending = true;
        if ((mods[i]->mod_op & LDAP_MOD_OP) == LDAP_MOD_DELETE) {
            had = true;
            reading->before |= sites_of(reading->config, values);
        } else if (values != NULL) {
            has = true;
            reading->after |= sites_of(reading->config, values);
        }
    }
    if (!had)
        reading->before = (sdr_sites)1 << directory->default_owner;
    if (!has)
        reading->after = (sdr_sites)1 << directory->default_owner;
}

/* One record, which libldap takes apart in place. */
static bool
take_record(struct reading *reading, char *text, unsigned long line)
{
    struct berval octets = {strlen(text), text};
    LDIFRecord record;

    memset(&record, 0, sizeof record);
    if (ldap_parse_ldif_record(&octets, line, &record, "sdrctl",
                               LDIF_NO_CONTROLS)
        != LDAP_SUCCESS)
        return false;
    if (record.lr_op == LDAP_REQ_MODIFY && reading->directory != NULL)
        take_mods(reading, record.lrop_mods);
    ldap_ldif_record_done(&record);
    return true;
}

/* ---- lines ---- */

static bool
parse_date(const char *text, time_t *when)
{
    struct tm tm;
    const char *end;

    memset(&tm, 0, sizeof tm);
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return false;
    *when = timegm(&tm);
    return true;
}

/* One that is gone from the configuration, or not chosen, is NULL. */
static const struct sdr_directory_options *
find_directory(const struct reading *reading, const char *name)
{
    for (unsigned i = 0; i < reading->config->directory_count; i++) {
        const struct sdr_directory_options *directory =
            &reading->config->directories[i];

        if (strcasecmp(directory->name, name) == 0)
            return is_chosen(reading->chosen, directory) ? directory : NULL;
    }
    return NULL;
}

/* False if it is a date that is none. */
static bool
take_comment(struct reading *reading, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, "# date: ", 8) == 0)
        return parse_date(line + 8, &reading->when);
    if (strncmp(line, "# directory: ", 13) == 0) {
        settle(reading);
        reading->directory = find_directory(reading, line + 13);
    } else if (strncmp(line, "# result: ", 10) == 0) {
        reading->pending &= strcmp(line + 10, "done") == 0;
        settle(reading);
    }
    return true;
}

/* The lines of a record, up to the empty one, and go on behind it. */
static bool
read_record(struct reading *reading, FILE *file, char **line, size_t *size,
            unsigned long *number)
{
    unsigned long begin = *number;
    size_t text_size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &text_size);
    bool ok = out != NULL;

    while (ok && (*line)[0] != '\n') {
        ok = fputs(*line, out) != EOF;
        ++*number;
        if (getline(line, size, file) <= 0)
            break; /* cut off: it was not made */
    }
    if (out != NULL && fclose(out) != 0)
        ok = false;
    settle(reading);
    if (ok && (*line)[0] == '\n')
        ok = take_record(reading, text, begin);
    free(text);
    return ok;
}

static bool
read_lines(struct reading *reading, FILE *file, unsigned long *number)
{
    char *line = NULL;
    size_t size = 0;
    bool ok = true;

    while (ok && getline(&line, &size, file) > 0) {
        ++*number;
        if (line[0] == '#')
            ok = take_comment(reading, line);
        else if (line[0] != '\n' && strncmp(line, "version:", 8) != 0)
            ok = read_record(reading, file, &line, &size, number);
    }
    settle(reading);
    free(line);
    return ok;
}

/* ---- files ---- */

/* A file that is no journal is none of ours. */
static bool
read_file(struct reading *reading, struct sdr_error *error)
{
    char first[sizeof FIRST_LINE] = "";
    FILE *file = fopen(reading->path, "re");
    unsigned long number = 1;
    bool ok = true;

    if (file == NULL) {
        sdr_error_set(error, "%s: %s", reading->path, strerror(errno));
        return false;
    }
    reading->directory = NULL;
    reading->when = 0;
    if (fgets(first, sizeof first, file) != NULL
        && strcmp(first, FIRST_LINE) == 0)
        ok = read_lines(reading, file, &number);
    if (!ok)
        sdr_error_set(error, "%s:%lu: is nothing that sdrctl wrote",
                      reading->path, number);
    fclose(file);
    return ok;
}

static int
is_journal(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > strlen(SUFFIX)
           && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static bool
read_entry(struct reading *reading, const char *folder, const char *name,
           struct sdr_error *error)
{
    char *path = NULL;
    bool ok;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        sdr_error_set(error, "no memory");
        return false;
    }
    reading->path = path;
    ok = read_file(reading, error);
    free(path);
    return ok;
}

bool
course_read(struct course *course, const struct sdr_config *config,
            const struct chosen *chosen, const char *folder,
            struct sdr_error *error)
{
    struct reading reading = {
        .course = course, .config = config, .chosen = chosen};
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_journal, alphasort);
    bool ok = true;

    if (count < 0 && errno == ENOENT)
        return true;
    if (count < 0) {
        sdr_error_set(error, "%s: %s", folder, strerror(errno));
        return false;
    }
    for (int i = 0; i < count; i++) {
        ok = ok && read_entry(&reading, folder, names[i]->d_name, error);
        free(names[i]);
    }
    free(names);
    if (ok && reading.no_memory)
        sdr_error_set(error, "no memory");
    return ok && !reading.no_memory;
}
