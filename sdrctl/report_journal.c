/* report_journal.c - the course over time from the journals of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each change tells all owners before and all after; none is the default-owner.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "journal.h"
#include "report_course.h"

#define SUFFIX ".ldif"
#define RESULT "# result: "

struct reading {
    struct course *course;
    const struct sdr_config *config;
    const struct chosen *chosen;
};

/* ---- one change ---- */

static sdr_sites
sites_of(const struct reading *reading, const struct change *change,
         const struct values *values)
{
    const struct sdr_config *config = reading->config;
    sdr_sites sites = 0;

    if (values->count == 0)
        return (sdr_sites)1
               << config->directories[change->directory].default_owner;
    for (size_t i = 0; i < values->count; i++)
        sites |= sdr_config_owner(config, values->items[i].bv_val,
                                  values->items[i].bv_len);
    return sites;
}

static bool
add_step(const struct reading *reading, time_t when,
         const struct change *change, const struct change_attribute *owner)
{
    sdr_sites before = sites_of(reading, change, &owner->before);
    sdr_sites after = sites_of(reading, change, &owner->after);
    bool ok = true;

    for (unsigned i = 0; ok && i < reading->config->site_count; i++) {
        int delta = (int)(after >> i & 1U) - (int)(before >> i & 1U);

        if (delta != 0)
            ok = course_add(reading->course, when, i, delta);
    }
    return ok;
}

static bool
take_change(const struct reading *reading, time_t when,
            const struct change *change)
{
    const struct sdr_directory_options *directory =
        &reading->config->directories[change->directory];
    const char *owner = directory->mapping.owner;

    if (owner == NULL || !is_chosen(reading->chosen, directory))
        return true;
    for (unsigned i = 0; i < change->count; i++) {
        if (strcasecmp(change->attributes[i].name, owner) == 0)
            return add_step(reading, when, change, &change->attributes[i]);
    }
    return true;
}

/* ---- one journal ---- */

/* What became of each change, in their order: true if it came to nothing. The
 * line stands behind the record; without it nobody knows. */
static void
read_results(const char *path, bool *failed, size_t count)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0, records = 0;

    while (file != NULL && getline(&line, &size, file) > 0) {
        if (strcmp(line, "changetype: modify\n") == 0)
            records++;
        else if (records > 0 && records <= count
                 && strncmp(line, RESULT, strlen(RESULT)) == 0)
            failed[records - 1] = strcmp(line, RESULT "done\n") != 0;
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static bool
parse_date(const char *text, time_t *when)
{
    const char *end;
    struct tm tm;

    memset(&tm, 0, sizeof tm);
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return false;
    *when = timegm(&tm);
    return true;
}

static bool
take_content(const struct reading *reading, const char *path,
             const struct journal_content *content, struct sdr_error *error)
{
    const struct changes *changes = &content->changes;
    bool *failed = calloc(changes->count + 1, sizeof *failed);
    bool ok = failed != NULL;
    time_t when = 0;

    if (!parse_date(content->date, &when)) {
        sdr_error_set(error, "%s: it does not say when", path);
        free(failed);
        return false;
    }
    if (ok)
        read_results(path, failed, changes->count);
    for (size_t i = 0; ok && i < changes->count; i++)
        ok = failed[i] || take_change(reading, when, &changes->items[i]);
    if (!ok)
        sdr_error_set(error, "no memory");
    free(failed);
    return ok;
}

static bool
read_journal(const struct reading *reading, const char *folder,
             const char *name, struct sdr_error *error)
{
    struct journal_content content;
    char *path = NULL;
    bool ok = false;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        sdr_error_set(error, "no memory");
        return false;
    }
    if (journal_read(&content, reading->config, path, error) == SDR_OK) {
        ok = take_content(reading, path, &content, error);
        journal_content_clear(&content);
    }
    free(path);
    return ok;
}

/* ---- all of them ---- */

static int
is_journal(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > strlen(SUFFIX)
           && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

bool
course_read(struct course *course, const struct sdr_config *config,
            const struct chosen *chosen, const char *folder,
            struct sdr_error *error)
{
    const struct reading reading = {course, config, chosen};
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
        ok = ok && read_journal(&reading, folder, names[i]->d_name, error);
        free(names[i]);
    }
    free(names);
    return ok;
}
