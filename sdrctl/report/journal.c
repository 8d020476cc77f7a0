/* journal.c - the number of recipients over time, from the journals of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each change has all owners before and after. No owner means the
 * default-owner.
 */
#include <string.h>
#include <strings.h>

#include "change/journal.h"
#include "change/journal_file.h"
#include "report/course.h"

struct journal_reader {
    struct course *course;
    const struct sdr_config *config;
    const struct chosen *chosen;
};

/* ---- one change ---- */

static sdr_sites
sites_of(const struct journal_reader *reader, const struct change *change,
         const struct values *values)
{
    const struct sdr_config *config = reader->config;
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
add_step(const struct journal_reader *reader, time_t when,
         const struct change *change, const struct change_attribute *owner)
{
    sdr_sites before = sites_of(reader, change, &owner->before);
    sdr_sites after = sites_of(reader, change, &owner->after);
    bool ok = true;

    for (unsigned i = 0; ok && i < reader->config->site_count; i++) {
        int delta = (int)(after >> i & 1U) - (int)(before >> i & 1U);

        if (delta != 0)
            ok = course_add(reader->course, when, i, delta);
    }
    return ok;
}

static bool
add_change(const struct journal_reader *reader, time_t when,
           const struct change *change)
{
    const struct sdr_directory_options *directory =
        &reader->config->directories[change->directory];
    const char *owner = directory->mapping.owner;

    if (owner == NULL || !is_chosen(reader->chosen, directory->name))
        return true;
    for (unsigned i = 0; i < change->count; i++) {
        if (strcasecmp(change->attributes[i].name, owner) == 0)
            return add_step(reader, when, change, &change->attributes[i]);
    }
    return true;
}

/* ---- one journal ---- */

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
add_changes(const struct journal_reader *reader, const char *path,
            const struct journal_content *content, struct sdr_error *error)
{
    const struct changes *changes = &content->changes;
    time_t when = 0;

    if (!parse_date(content->date, &when)) {
        sdr_error_set(error, "%s: no valid date", path);
        return false;
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];

        if (!change->not_made && !add_change(reader, when, change)) {
            sdr_error_set(error, "no memory");
            return false;
        }
    }
    return true;
}

static bool
read_journal(const struct journal_reader *reader, const char *path,
             struct sdr_error *error)
{
    struct journal_content content;
    bool ok;

    if (journal_read(&content, reader->config, path, error) != SDR_OK)
        return false;
    ok = add_changes(reader, path, &content, error);
    journal_content_clear(&content);
    return ok;
}

/* ---- all journals ---- */

bool
course_read(struct course *course, const struct sdr_config *config,
            const struct chosen *chosen, const char *folder,
            struct sdr_error *error)
{
    const struct journal_reader reader = {course, config, chosen};
    struct journal_list list;
    enum sdr_status status = journal_list_read(&list, folder, error);
    bool ok = true;

    if (status != SDR_OK)
        return status == SDR_NOTFOUND;
    for (size_t i = 0; ok && i < list.count; i++)
        ok = read_journal(&reader, list.paths[i], error);
    journal_list_clear(&list);
    return ok;
}
