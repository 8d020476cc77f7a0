/* ldif_entries.c - see ldif_entries.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldif/ldif_entries.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldap/dn.h"
#include "ldap/range.h"

enum { RECORDS_A_BREATH = 1024 };

static const struct sdr_directory_options *
options_of(const struct ldif_entries *r)
{
    return &r->config->directories[r->directory];
}

/* ---- records ---- */

static enum sdr_status
remember(struct ldif_entries *r, const unsigned char id[SDR_RECORD_ID_SIZE])
{
    struct ldif_name *named;

    if (r->name_count == r->name_room) {
        size_t room = r->name_room == 0 ? 1024 : 2 * r->name_room;
        void *names = realloc(r->names, room * sizeof *r->names);

        if (names == NULL)
            return SDR_TEMPFAIL;
        r->names = names;
        r->name_room = room;
    }
    named = &r->names[r->name_count++];
    memcpy(named->id, id, sizeof named->id);
    named->line = r->content.line;
    return SDR_OK;
}

static enum sdr_status
begin_entry(struct ldif_entries *r)
{
    const char *dn = r->content.value;
    char *normal = dn_normal(dn);
    unsigned char id[SDR_RECORD_ID_SIZE];
    enum sdr_status status = SDR_TEMPFAIL;

    r->hidden = r->is_group = false;
    r->in_groups = 0;
    r->line = r->content.line;
    r->begin = r->content.begin;
    r->end = r->content.at;
    if (normal != NULL && dn_id(normal, id)) {
        r->wanted = dn_is_below(normal, r->base);
        status = r->taking ? SDR_OK : remember(r, id);
        entry_begin(&r->entry, r->config, r->directory, id, dn);
        r->entry.reader.groups = &r->groups;
    }
    free(normal);
    return status;
}

static bool
means_something(const struct sdr_mapping *mapping, const char *attribute)
{
    size_t len = strcspn(attribute, ";");
    const char *others[] = {mapping->owner, mapping->routing, mapping->hold};

    for (unsigned i = 0; i < mapping->addresses.count; i++) {
        if (strncasecmp(mapping->addresses.items[i], attribute, len) == 0
            && mapping->addresses.items[i][len] == '\0')
            return true;
    }
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i] != NULL && strncasecmp(others[i], attribute, len) == 0
            && others[i][len] == '\0')
            return true;
    }
    return false;
}

bool
ldif_entries_deleted(const char *attribute)
{
    static const char *const states[] = {"deleted", "deletedattribute"};
    const char *option = strchr(attribute, ';');

    for (; option != NULL; option = strchr(option, ';')) {
        size_t len = strcspn(++option, ";");

        for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
            if (strlen(states[i]) == len
                && strncasecmp(states[i], option, len) == 0)
                return true;
        }
    }
    return false;
}

static bool
is_value(const struct ldif_reader *content, const char *attribute,
         const char *value)
{
    size_t len = strlen(attribute);

    return strncasecmp(content->attribute, attribute, len) == 0
           && strchr(";", content->attribute[len]) != NULL
           && (value == NULL || strcasecmp(content->value, value) == 0);
}

/* Returns true for subentries, and for entries that were deleted or lost a
 * naming conflict. Active Directory's recycle bin keeps all attributes of an
 * entry for half a year. */
static bool
hides(const struct ldif_reader *content)
{
    return is_value(content, "objectClass", "nsTombstone")
           || is_value(content, "objectClass", "ldapSubEntry")
           || is_value(content, "isDeleted", "TRUE");
}

/* Collect nested groups, as sdr_groups_find() does on a server. They count in
 * Active Directory only, whose groups have an object class of their own. */
static void
take_group(struct ldif_entries *r)
{
    const struct ldif_reader *content = &r->content;

    r->is_group |= is_value(content, "objectClass", "group");
    if (sdr_groups_are_named_by(options_of(r)->mapping.owner)
        && is_value(content, options_of(r)->mapping.owner, NULL))
        r->in_groups |=
            sdr_config_owner(r->config, content->value, content->value_len)
            | sdr_groups_sites(&r->groups, content->value, content->value_len);
}

static enum sdr_status
take_value(struct ldif_entries *r, struct sdr_error *error)
{
    const struct ldif_reader *content = &r->content;
    struct sdr_range range;
    enum sdr_status piece = sdr_range_parse(content->attribute, &range);

    r->end = content->at;
    if (ldif_entries_deleted(content->attribute))
        return SDR_OK;
    r->hidden |= hides(content);
    take_group(r);
    if ((piece == SDR_INVALID || (piece == SDR_OK && range.more))
        && means_something(&options_of(r)->mapping, content->attribute)) {
        sdr_error_set(error, "%s: incomplete: the server had more values",
                      content->attribute);
        return SDR_INVALID;
    }
    entry_value(&r->entry, content->attribute, content->value,
                content->value_len);
    return SDR_OK;
}

static enum sdr_status
end_entry(struct ldif_entries *r, struct sdr_error *error)
{
    bool counts = r->wanted && !r->hidden;
    enum sdr_status status = SDR_OK;

    if (r->is_group && r->in_groups != 0 && !r->hidden && r->entry.dn != NULL
        && !sdr_groups_add(&r->groups, r->entry.dn, r->in_groups, &r->news))
        status = SDR_TEMPFAIL;
    if (counts && !entry_end(&r->entry))
        status = SDR_TEMPFAIL;
    if (status == SDR_OK && counts && r->entry.key_count > 0)
        r->with_address++;
    if (status == SDR_OK && counts && r->taking)
        status = r->take(r->arg, &r->entry, error);
    entry_clear(&r->entry);
    return status;
}

static enum sdr_status
take_item(struct ldif_entries *r, enum ldif_reader_item item,
          struct sdr_error *error)
{
    switch (item) {
    case CONTENT_DN:
        return begin_entry(r);
    case CONTENT_VALUE:
        return take_value(r, error);
    case CONTENT_END:
        return end_entry(r, error);
    case CONTENT_DONE:
        break;
    }
    return SDR_OK;
}

/* Read all records. */
static enum sdr_status
read_records(struct ldif_entries *r, struct sdr_error *error)
{
    enum ldif_reader_item item = CONTENT_END;
    enum sdr_status status = SDR_OK;
    size_t ended = 0;

    ldif_reader_begin(&r->content, r->text, r->len);
    while (status == SDR_OK && item != CONTENT_DONE) {
        status = ldif_reader_next(&r->content, &item, error);
        if (status == SDR_OK)
            status = take_item(r, item, error);
        if (item == CONTENT_END && ++ended % RECORDS_A_BREATH == 0
            && r->stops != NULL && r->stops(r->arg))
            status = SDR_TEMPFAIL;
    }
    if (status == SDR_INVALID)
        sdr_error_prefix(error, "%s:%lu", options_of(r)->ldif_path,
                         r->content.line);
    ldif_reader_clear(&r->content);
    entry_clear(&r->entry);
    return status;
}

/* ---- the file as a whole ---- */

static int
compare_names(const void *a, const void *b)
{
    const struct ldif_name *x = a, *y = b;
    int order = memcmp(x->id, y->id, sizeof x->id);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static enum sdr_status
check_names(struct ldif_entries *r, struct sdr_error *error)
{
    const struct ldif_name *first = NULL, *again = NULL;

    if (r->name_count > 0)
        qsort(r->names, r->name_count, sizeof *r->names, compare_names);
    for (size_t i = 1; i < r->name_count; i++) {
        const struct ldif_name *a = &r->names[i - 1], *b = &r->names[i];

        if (memcmp(a->id, b->id, sizeof a->id) == 0
            && (again == NULL || b->line < again->line)) {
            first = a;
            again = b;
        }
    }
    if (again == NULL)
        return SDR_OK;
    sdr_error_set(error, "%s:%lu: dn: the same as in line %lu",
                  options_of(r)->ldif_path, again->line, first->line);
    return SDR_INVALID;
}

/* Read the records once for each level of nested groups. */
static enum sdr_status
look_through(struct ldif_entries *r, struct sdr_error *error)
{
    enum sdr_status status;

    do {
        r->news = false;
        r->name_count = r->with_address = 0;
        status = read_records(r, error);
    } while (status == SDR_OK && r->news);
    return status;
}

/* Check that the file has addresses, as a live directory must show one before
 * "no entry" is trusted. */
static enum sdr_status
check_visibility(const struct ldif_entries *r, struct sdr_error *error)
{
    const char *path = options_of(r)->ldif_path;

    if (r->with_address > 0)
        return SDR_OK;
    if (r->name_count == 0)
        sdr_error_set(error, "%s: it contains no entries", path);
    else
        sdr_error_set(error,
                      "%s: none of its %zu entries%s%s has an address in a "
                      "split domain",
                      path, r->name_count, r->base[0] != '\0' ? " below " : "",
                      r->base);
    return SDR_INVALID;
}

enum sdr_status
ldif_entries_check(struct ldif_entries *r, struct sdr_error *error)
{
    const char *base = options_of(r)->search_base;
    enum sdr_status status = SDR_TEMPFAIL;

    r->base = dn_normal(base != NULL ? base : "");
    if (r->base != NULL)
        status = look_through(r, error);
    if (status == SDR_OK)
        status = check_names(r, error);
    if (status == SDR_OK)
        status = check_visibility(r, error);
    return status;
}

enum sdr_status
ldif_entries_take(struct ldif_entries *r, struct sdr_error *error)
{
    r->taking = true;
    return read_records(r, error);
}

void
ldif_entries_clear(struct ldif_entries *r)
{
    free(r->names);
    free(r->base);
    sdr_groups_clear(&r->groups);
}
