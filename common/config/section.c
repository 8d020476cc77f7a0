/* section.c - see load.h: read sections by the table of options
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ini_configobj.h>

#include "config/option.h"

/* A kind of section that has a name. */
struct kind {
    const char *name;
    size_t size; /* of one object */
};

static const struct kind site_kind = {"site", sizeof(struct sdr_site)};
static const struct kind domain_kind = {"domain", sizeof(struct sdr_domain)};
static const struct kind directory_kind = {
    "directory", sizeof(struct sdr_directory_options)};

/* Set one option from all its values in the section. Returns how many there
 * are, valid or not. */
static unsigned
read_option(struct sdr_load *load, const char *section,
            const struct sdr_option *option, void *object)
{
    int mode = INI_GET_FIRST_VALUE;
    struct value_obj *value;
    unsigned count = 0;

    while ((value = sdr_load_value(load, section, option->name, mode))
           != NULL) {
        struct sdr_error error = {""};
        int failed = 0;
        const char *text = ini_get_const_string_config_value(value, &failed);
        enum sdr_status status;

        mode = INI_GET_NEXT_VALUE;
        if (++count > 1 && option->type != SDR_OPTION_LIST) {
            sdr_load_mistake(load, sdr_load_value_line(value),
                             "%s: given twice", option->name);
            continue;
        }
        if (text == NULL || text[0] == '\0') {
            sdr_load_mistake(load, sdr_load_value_line(value), "%s: no value",
                             option->name);
            continue;
        }
        status = sdr_option_set(option, object, text, &error);
        if (status == SDR_TEMPFAIL)
            load->no_memory = true;
        else if (status != SDR_OK)
            sdr_load_mistake(load, sdr_load_value_line(value), "%s: %s",
                             option->name, error.text);
    }
    return count;
}

/* Returns KIND if such sections have this option; else another kind that has
 * it; NULL if none has. */
static const char *
section_with(const struct sdr_load *load, const char *kind, const char *name)
{
    const char *other = NULL;

    for (unsigned i = 0; i < load->option_count; i++) {
        const struct sdr_option *option = &load->options[i];

        if (strcasecmp(option->name, name) != 0)
            continue;
        if (strcmp(option->section, kind) == 0)
            return kind;
        if (other == NULL)
            other = option->section;
    }
    return other;
}

enum { PLACE_SIZE = 64 };

/* Write where options of KIND belong; "" if KIND is NULL. */
static void
place(char out[PLACE_SIZE], const char *kind)
{
    if (kind == NULL)
        out[0] = '\0';
    else if (kind[0] == '\0')
        snprintf(out, PLACE_SIZE, "the lines before all sections");
    else
        snprintf(out, PLACE_SIZE, "[%s]", kind);
}

/* The options given in a section. */
struct given {
    char **names; /* NULL: none, or there is no such section */
    int count;
};

/* In libini_config, asking for a value that does not exist takes longer than
 * listing all options of the section. */
static bool
is_given(const struct given *given, const char *name)
{
    for (int i = 0; given->names != NULL && i < given->count; i++) {
        if (strcasecmp(given->names[i], name) == 0)
            return true;
    }
    return false;
}

/* Note options that this kind of section does not have. */
static void
find_unknown(struct sdr_load *load, const char *kind, const char *section,
             const struct given *given)
{
    for (int i = 0; given->names != NULL && i < given->count; i++) {
        const char *name = given->names[i];
        struct value_obj *value;
        const char *other;
        char here[PLACE_SIZE], there[PLACE_SIZE];

        other = section_with(load, kind, name);
        if (other == kind)
            continue;
        value = sdr_load_value(load, section, name, INI_GET_FIRST_VALUE);
        place(here, kind);
        place(there, other);
        sdr_load_mistake(load, value == NULL ? 0 : sdr_load_value_line(value),
                         "%s: unknown option in %s%s%s", name, here,
                         there[0] != '\0' ? "; it belongs in " : "", there);
    }
}

static void
set_default(struct sdr_load *load, const struct sdr_option *option,
            void *object)
{
    struct sdr_error error;

    if (sdr_option_default(option, object, &error) == SDR_TEMPFAIL)
        load->no_memory = true;
}

/* A single value gets its default first, because the value given may not be
 * valid. A list gets its default only if no value is given. */
void
sdr_load_options(struct sdr_load *load, const char *kind, const char *section,
                 void *object)
{
    struct given given = {NULL, 0};
    int failed = 0;

    given.names =
        ini_get_attribute_list(load->parsed, section, &given.count, &failed);
    load->no_memory |= failed == ENOMEM;
    find_unknown(load, kind, section, &given);
    for (unsigned i = 0; i < load->option_count; i++) {
        const struct sdr_option *option = &load->options[i];
        bool is_list = option->type == SDR_OPTION_LIST;

        if (strcmp(option->section, kind) != 0)
            continue;
        if (!is_list)
            set_default(load, option, object);
        if (is_given(&given, option->name)
            && read_option(load, section, option, object) > 0)
            continue;
        if (option->required)
            sdr_load_mistake(load, sdr_load_find(load, section),
                             kind[0] == '\0' ? "%.0s%s is missing"
                                             : "[%s]: %s is missing",
                             section, option->name);
        else if (is_list)
            set_default(load, option, object);
    }
    ini_free_attribute_list(given.names);
}

/* Names appear in logs, replies and metrics, so they must have no control
 * characters. libini_config accepts a DEL. */
static bool
is_plain(const char *name)
{
    while (*name != '\0' && !iscntrl((unsigned char)*name))
        name++;
    return *name == '\0';
}

const char *
sdr_load_name(const char *section, const char *kind)
{
    size_t len = strlen(kind);
    const char *name = section + len;

    if (strncasecmp(section, kind, len) != 0 || !isspace((unsigned char)*name))
        return NULL;
    while (isspace((unsigned char)*name))
        name++;
    return *name != '\0' && is_plain(name) ? name : NULL;
}

static void
read_named(struct sdr_load *load, const char *section)
{
    struct sdr_config *config = load->config;
    const char *name;

    if ((name = sdr_load_name(section, site_kind.name)) != NULL) {
        struct sdr_site *site = sdr_load_grow(
            load, &config->sites, &config->site_count, site_kind.size);

        if (site == NULL)
            return;
        site->name = name;
        sdr_load_options(load, site_kind.name, section, site);
    } else if ((name = sdr_load_name(section, domain_kind.name)) != NULL) {
        struct sdr_domain *domain = sdr_load_grow(
            load, &config->domains, &config->domain_count, domain_kind.size);

        if (domain == NULL)
            return;
        domain->name = name;
        sdr_load_options(load, domain_kind.name, section, domain);
    } else if ((name = sdr_load_name(section, directory_kind.name)) != NULL) {
        struct sdr_directory_options *directory =
            sdr_load_grow(load, &config->directories, &config->directory_count,
                          directory_kind.size);

        if (directory == NULL)
            return;
        directory->name = name;
        sdr_load_options(load, directory_kind.name, section, directory);
    } else if (strcasecmp(section, "milter") != 0
               && strcasecmp(section, "replica") != 0
               && strcmp(section, INI_DEFAULT_SECTION) != 0) {
        sdr_load_mistake(load, sdr_load_find(load, section),
                         "[%s]: unknown section; known: [site NAME], [domain "
                         "NAME], [directory NAME], [replica], [milter]",
                         section);
    }
}

void
sdr_load_sections(struct sdr_load *load)
{
    int count = 0, failed = 0;
    char **sections = ini_get_section_list(load->parsed, &count, &failed);

    load->config->section_names = sections;
    sdr_load_options(load, "", INI_DEFAULT_SECTION, load->config);
    sdr_load_options(load, "milter", "milter", &load->config->milter);
    sdr_load_options(load, "replica", "replica", &load->config->replica);
    for (int i = 0; sections != NULL && i < count; i++)
        read_named(load, sections[i]);
}
