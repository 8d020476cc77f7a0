/* load.c - see load.h: reading the file by the table of options
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini_configobj.h>
#include <unistr.h>

#include "config/file_owner.h"
#include "config/option.h"

enum { FILE_MAX_OCTETS = 1 << 20, SECTION_MAX_OCTETS = 512 };

/* libini_config forgets the first option that stands before any section, so the
 * file gets a first line; it is not counted where lines are reported. */
static const char first_line[] = "[" INI_DEFAULT_SECTION "]\n";

/* A kind of section, and where the config keeps its objects. */
struct kind {
    const char *name;
    size_t size; /* of one object */
};

static const struct kind site_kind = {"site", sizeof(struct sdr_site)};
static const struct kind domain_kind = {"domain", sizeof(struct sdr_domain)};
static const struct kind directory_kind = {
    "directory", sizeof(struct sdr_directory_options)};

/* One zeroed object more at the end of an array; NULL without memory. */
static void *
array_grow(struct sdr_load *load, void *array, unsigned *count, size_t size)
{
    char **items = array;
    char *grown = realloc(*items, (*count + 1) * size);

    if (grown == NULL) {
        load->no_memory = true;
        return NULL;
    }
    *items = grown;
    memset(grown + *count * size, 0, size);
    return grown + (*count)++ * size;
}

void
sdr_load_mistake(struct sdr_load *load, unsigned line, const char *format, ...)
{
    struct sdr_mistake *mistake = array_grow(
        load, &load->mistakes, &load->mistake_count, sizeof *load->mistakes);
    va_list args;

    if (mistake == NULL)
        return;
    mistake->line = line > 0 ? line : UINT_MAX;
    mistake->order = load->mistake_count;
    va_start(args, format);
    if (vasprintf(&mistake->text, format, args) < 0) {
        mistake->text = NULL;
        load->no_memory = true;
    }
    va_end(args);
}

static int
compare_mistakes(const void *a, const void *b)
{
    const struct sdr_mistake *x = a, *y = b;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* Report what was noted, in the order of the file; what has no line at last. */
static void
report_mistakes(struct sdr_load *load, const struct sdr_trace *trace)
{
    const char *path = load->config->path;

    if (load->mistake_count > 0)
        qsort(load->mistakes, load->mistake_count, sizeof *load->mistakes,
              compare_mistakes);
    for (unsigned i = 0; i < load->mistake_count; i++) {
        struct sdr_mistake *mistake = &load->mistakes[i];

        if (mistake->text != NULL && mistake->line != UINT_MAX)
            sdr_trace(trace, "%s:%u: %s", path, mistake->line, mistake->text);
        else if (mistake->text != NULL)
            sdr_trace(trace, "%s: %s", path, mistake->text);
        free(mistake->text);
    }
    free(load->mistakes);
}

static void
full_name(char *out, const char *kind, const char *name)
{
    if (kind[0] == '\0')
        snprintf(out, SECTION_MAX_OCTETS, "%s", INI_DEFAULT_SECTION);
    else if (name == NULL)
        snprintf(out, SECTION_MAX_OCTETS, "%s", kind);
    else
        snprintf(out, SECTION_MAX_OCTETS, "%s %s", kind, name);
}

static unsigned
value_line(struct value_obj *value)
{
    uint32_t line = 0;

    if (value_get_line(value, &line) != 0 || line == 0)
        return 0;
    return line - 1;
}

static struct value_obj *
get_value(const struct sdr_load *load, const char *section, const char *option,
          int mode)
{
    struct value_obj *value = NULL;

    if (ini_get_config_valueobj(section, option, load->config->parsed, mode,
                                &value)
        != 0)
        return NULL;
    return value;
}

unsigned
sdr_load_line_of(const struct sdr_load *load, const char *kind,
                 const char *name, const char *option, unsigned index)
{
    char section[SECTION_MAX_OCTETS];
    struct value_obj *value;

    full_name(section, kind, name);
    value = get_value(load, section, option, INI_GET_FIRST_VALUE);
    for (; index > 0 && value != NULL; index--)
        value = get_value(load, section, option, INI_GET_NEXT_VALUE);
    return value == NULL ? 0 : value_line(value);
}

unsigned
sdr_load_line(const struct sdr_load *load, const char *kind, const char *name,
              const char *option)
{
    return sdr_load_line_of(load, kind, name, option, 0);
}

/* The line of the first "[SECTION]", 0 if it is not found. */
static unsigned
find_section(const struct sdr_load *load, const char *section)
{
    size_t len = strlen(section);
    unsigned line = 0; /* the first is not the file's */

    for (const char *s = load->text; s != NULL; line++) {
        const char *name = s + 1;

        if (*s == '[') {
            name += strspn(name, " \t");
            if (strncasecmp(name, section, len) == 0
                && name[len + strspn(name + len, " \t")] == ']')
                return line;
        }
        s = strchr(s, '\n');
        if (s != NULL)
            s++;
    }
    return 0;
}

unsigned
sdr_load_section(const struct sdr_load *load, const char *kind,
                 const char *name)
{
    char section[SECTION_MAX_OCTETS];

    full_name(section, kind, name);
    return find_section(load, section);
}

/* Set one option from all its values in the section. */
static unsigned
read_option(struct sdr_load *load, const char *section,
            const struct sdr_option *option, void *object)
{
    int mode = INI_GET_FIRST_VALUE;
    struct value_obj *value;
    unsigned count = 0;

    while ((value = get_value(load, section, option->name, mode)) != NULL) {
        struct sdr_error error = {""};
        int failed = 0;
        const char *text = ini_get_const_string_config_value(value, &failed);
        enum sdr_status status;

        mode = INI_GET_NEXT_VALUE;
        if (++count > 1 && option->type != SDR_OPTION_LIST) {
            sdr_load_mistake(load, value_line(value), "%s: given twice",
                             option->name);
            continue;
        }
        if (text == NULL || text[0] == '\0') {
            sdr_load_mistake(load, value_line(value), "%s: no value",
                             option->name);
            continue;
        }
        status = sdr_option_set(option, object, text, &error);
        if (status == SDR_TEMPFAIL)
            load->no_memory = true;
        else if (status != SDR_OK)
            sdr_load_mistake(load, value_line(value), "%s: %s", option->name,
                             error.text);
    }
    return count;
}

/* The kind of section that has this option; NULL: none. */
static const char *
other_section(const char *name)
{
    for (unsigned i = 0; i < sdr_option_count; i++) {
        if (strcasecmp(sdr_options[i].name, name) == 0)
            return sdr_options[i].section;
    }
    return NULL;
}

enum { PLACE_SIZE = 64 };

/* "" if KIND is NULL. */
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

/* Complain about options that the kind of section does not have. */
static void
find_unknown(struct sdr_load *load, const char *kind, const char *section)
{
    int count = 0, failed = 0;
    char **names =
        ini_get_attribute_list(load->config->parsed, section, &count, &failed);

    for (int i = 0; names != NULL && i < count; i++) {
        struct value_obj *value;
        const char *other;
        char here[PLACE_SIZE], there[PLACE_SIZE];

        if (sdr_option_find(kind, names[i]) != NULL)
            continue;
        value = get_value(load, section, names[i], INI_GET_FIRST_VALUE);
        other = other_section(names[i]);
        place(here, kind);
        place(there, other);
        sdr_load_mistake(load, value == NULL ? 0 : value_line(value),
                         "%s: unknown option in %s%s%s", names[i], here,
                         there[0] != '\0' ? "; it belongs in " : "", there);
    }
    ini_free_attribute_list(names);
}

static void
set_default(struct sdr_load *load, const struct sdr_option *option,
            void *object)
{
    struct sdr_error error;

    if (sdr_option_default(option, object, &error) == SDR_TEMPFAIL)
        load->no_memory = true;
}

/* The default comes first, for a value may be none; that of a list does not
 * stay beside what is given. */
static void
read_section(struct sdr_load *load, const char *kind, const char *section,
             void *object)
{
    find_unknown(load, kind, section);
    for (unsigned i = 0; i < sdr_option_count; i++) {
        const struct sdr_option *option = &sdr_options[i];
        bool is_list = option->type == SDR_OPTION_LIST;

        if (strcmp(option->section, kind) != 0)
            continue;
        if (!is_list)
            set_default(load, option, object);
        if (read_option(load, section, option, object) > 0)
            continue;
        if (option->required)
            sdr_load_mistake(load, find_section(load, section),
                             kind[0] == '\0' ? "%.0s%s is missing"
                                             : "[%s]: %s is missing",
                             section, option->name);
        else if (is_list)
            set_default(load, option, object);
    }
}

/* Names go to logs, replies and metrics. libini_config takes a DEL. */
static bool
is_plain(const char *name)
{
    while (*name != '\0' && !iscntrl((unsigned char)*name))
        name++;
    return *name == '\0';
}

/* If SECTION is "KIND NAME", the name. */
static const char *
name_after(const char *section, const char *kind)
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

    if ((name = name_after(section, site_kind.name)) != NULL) {
        struct sdr_site *site = array_grow(load, &config->sites,
                                           &config->site_count, site_kind.size);

        if (site == NULL)
            return;
        site->name = name;
        read_section(load, site_kind.name, section, site);
    } else if ((name = name_after(section, domain_kind.name)) != NULL) {
        struct sdr_domain *domain = array_grow(
            load, &config->domains, &config->domain_count, domain_kind.size);

        if (domain == NULL)
            return;
        domain->name = name;
        read_section(load, domain_kind.name, section, domain);
    } else if ((name = name_after(section, directory_kind.name)) != NULL) {
        struct sdr_directory_options *directory =
            array_grow(load, &config->directories, &config->directory_count,
                       directory_kind.size);

        if (directory == NULL)
            return;
        directory->name = name;
        read_section(load, directory_kind.name, section, directory);
    } else if (strcasecmp(section, "milter") != 0
               && strcasecmp(section, "replica") != 0
               && strcmp(section, INI_DEFAULT_SECTION) != 0) {
        sdr_load_mistake(load, find_section(load, section),
                         "[%s]: unknown section; known: [site NAME], [domain "
                         "NAME], [directory NAME], [replica], [milter]",
                         section);
    }
}

static void
read_sections(struct sdr_load *load)
{
    int count = 0, failed = 0;
    char **sections =
        ini_get_section_list(load->config->parsed, &count, &failed);

    load->config->section_names = sections;
    read_section(load, "", INI_DEFAULT_SECTION, load->config);
    read_section(load, "milter", "milter", &load->config->milter);
    read_section(load, "replica", "replica", &load->config->replica);
    for (int i = 0; sections != NULL && i < count; i++)
        read_named(load, sections[i]);
}

/* What libini_config refuses; its own words are "Equal sign is missing." */
static void
explain_line(struct sdr_load *load, unsigned line, const char *otherwise)
{
    const char *s = load->text; /* the first line is not the file's */
    const char *closing;
    size_t len;

    for (unsigned i = 0; i < line; i++) {
        s = strchrnul(s, '\n');
        s += *s != '\0';
    }
    len = strcspn(s, "\r\n");
    closing = memrchr(s, ']', len);
    if (s[0] == '[' && closing == NULL)
        sdr_load_mistake(load, line, "\"%.*s\" has no ] at its end", (int)len,
                         s);
    else if (s[0] == '[' && closing != s + len - 1)
        sdr_load_mistake(load, line, "\"%.*s\": text after the ]", (int)len, s);
    else if (s[0] == '[' && closing == s + 1 + strspn(s + 1, " \t"))
        sdr_load_mistake(load, line, "\"%.*s\": no name", (int)len, s);
    else if (s[0] == '=')
        sdr_load_mistake(load, line,
                         "\"%.*s\": no option before the =", (int)len, s);
    else if (len > 0 && memchr(s, '=', len) == NULL)
        sdr_load_mistake(load, line,
                         "\"%.*s\" is neither OPTION = VALUE nor [SECTION], "
                         "and no line continues another",
                         (int)len, s);
    else
        sdr_load_mistake(load, line, "%s", otherwise);
}

static void
explain_syntax(struct sdr_load *load)
{
    char **errors = NULL;

    if (ini_config_get_errors(load->config->parsed, &errors) != 0)
        return;
    for (int i = 0; errors != NULL && errors[i] != NULL; i++) {
        unsigned line = 0;
        const char *text = strchr(errors[i], ':');

        if (text == NULL
            || sscanf(errors[i], "%*[^0-9]%*u%*[^0-9]%u", &line) < 1)
            sdr_load_mistake(load, 0, "%s", errors[i]);
        else
            explain_line(load, line > 0 ? line - 1 : 0,
                         text + 1 + strspn(text + 1, " "));
    }
    ini_config_free_errors(errors);
}

/* libini_config takes ASCII alone in the names of sections and options, and
 * says no more than EINVAL. */
static void
explain_unreadable(struct sdr_load *load, const char *text, int rc)
{
    unsigned line = 0; /* the first is not the file's */

    for (const char *s = text; *s != '\0'; line++) {
        const char *end = strchrnul(s, '\n');
        const char *stop = *s == '[' ? end : s + strcspn(s, "=\n");

        if (*s != '#' && *s != ';') {
            for (const char *c = s; c < stop; c++) {
                if ((unsigned char)*c < 0x80)
                    continue;
                sdr_load_mistake(
                    load, line,
                    "a name is not ASCII; write domains as xn--...");
                break;
            }
        }
        s = *end == '\0' ? end : end + 1;
    }
    if (load->mistake_count == 0)
        sdr_load_mistake(load, 0, "cannot be parsed: %s", strerror(rc));
}

/* Parse TEXT, its first line included, into config->parsed. */
static enum sdr_status
parse(struct sdr_load *load, char *text, size_t len)
{
    struct ini_cfgfile *file = NULL;
    int rc;

    if (ini_config_create(&load->config->parsed) != 0)
        return SDR_TEMPFAIL;
    if (ini_config_file_from_mem(text, (uint32_t)len, &file) != 0)
        return SDR_TEMPFAIL;
    rc = ini_config_parse(
        file, INI_STOP_ON_NONE, INI_MV1S_ALLOW | INI_MV2S_ALLOW | INI_MS_MERGE,
        INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, load->config->parsed);
    ini_config_file_destroy(file);
    if (ini_config_error_count(load->config->parsed) > 0)
        explain_syntax(load);
    else if (rc == ENOMEM)
        return SDR_TEMPFAIL;
    else if (rc != 0)
        explain_unreadable(load, text, rc);
    return load->mistake_count > 0 ? SDR_CONFIG : SDR_OK;
}

/* Indentation means nothing, but libini_config takes it before options alone.
 */
static void
remove_indentation(char *text)
{
    char *out = text;

    for (const char *s = text; *s != '\0'; *out++ = *s++) {
        if (s == text || s[-1] == '\n')
            s += strspn(s, " \t");
        if (*s == '\0')
            break;
    }
    *out = '\0';
}

/* What the parser would choke on without a word. */
static enum sdr_status
check_text(struct sdr_load *load, const char *text, size_t len)
{
    const uint8_t *bad = u8_check((const uint8_t *)text, len);
    unsigned line = 1;

    for (const char *s = text; bad != NULL && s < (const char *)bad; s++)
        line += *s == '\n';
    if (strlen(text) != len)
        sdr_load_mistake(load, 0, "contains a NUL: not UTF-8 text");
    else if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        sdr_load_mistake(load, 1, "begins with a byte order mark; remove it");
    else if (bad != NULL)
        sdr_load_mistake(load, line, "not UTF-8");
    return load->mistake_count > 0 ? SDR_CONFIG : SDR_OK;
}

static enum sdr_status
read_file(struct sdr_load *load, const struct sdr_trace *trace)
{
    const size_t extra = sizeof first_line - 1;
    struct sdr_error error = {""};
    char *text = NULL;
    size_t len = 0;
    enum sdr_status status = sdr_file_read(
        load->config->path, false, FILE_MAX_OCTETS, &text, &len, &error);

    if (status == SDR_OK)
        status = check_text(load, text, len);
    else if (status == SDR_CONFIG)
        sdr_trace(trace, "%s", error.text);
    if (status == SDR_OK && (load->text = malloc(extra + len + 1)) == NULL)
        status = SDR_TEMPFAIL;
    if (status == SDR_OK) {
        memcpy(load->text, first_line, extra);
        remove_indentation(text);
        len = strlen(text);
        memcpy(load->text + extra, text, len + 1);
        status = parse(load, load->text, extra + len);
    }
    free(text);
    return status;
}

enum sdr_status
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes)
{
    struct sdr_load load = {.config = NULL};
    enum sdr_status status;

    *config = NULL;
    load.config = calloc(1, sizeof *load.config);
    if (load.config == NULL)
        return SDR_TEMPFAIL;
    load.config->path = strdup(path);
    if (load.config->path == NULL) {
        sdr_config_free(&load.config);
        return SDR_TEMPFAIL;
    }
    status = read_file(&load, mistakes);
    if (status == SDR_OK) {
        read_sections(&load);
        sdr_check(&load);
        if (load.no_memory)
            status = SDR_TEMPFAIL;
        else if (load.mistake_count > 0)
            status = SDR_CONFIG;
    }
    report_mistakes(&load, mistakes);
    free(load.text);
    if (status != SDR_OK)
        sdr_config_free(&load.config);
    *config = load.config;
    return status;
}
