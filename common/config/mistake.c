/* mistake.c - see load.h: mistakes in the file, and line numbers
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini_configobj.h>

enum { SECTION_MAX_OCTETS = 512 };

void *
sdr_load_grow(struct sdr_load *load, void *array, unsigned *count, size_t size)
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
    struct sdr_mistake *mistake = sdr_load_grow(
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

void
sdr_load_report(struct sdr_load *load, const struct sdr_trace *trace)
{
    const char *path = load->path;

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

unsigned
sdr_load_value_line(struct value_obj *value)
{
    uint32_t line = 0;

    if (value_get_line(value, &line) != 0 || line == 0)
        return 0;
    return line - 1;
}

struct value_obj *
sdr_load_value(const struct sdr_load *load, const char *section,
               const char *option, int mode)
{
    struct value_obj *value = NULL;

    if (ini_get_config_valueobj(section, option, load->parsed, mode, &value)
        != 0)
        return NULL;
    return value;
}

unsigned
sdr_load_directory_line(const struct sdr_load *load,
                        const struct sdr_directory_options *directory,
                        const char *option)
{
    return sdr_load_line(load, "directory", directory->name, option);
}

unsigned
sdr_load_line_of(const struct sdr_load *load, const char *kind,
                 const char *name, const char *option, unsigned index)
{
    char section[SECTION_MAX_OCTETS];
    struct value_obj *value;

    full_name(section, kind, name);
    value = sdr_load_value(load, section, option, INI_GET_FIRST_VALUE);
    for (; index > 0 && value != NULL; index--)
        value = sdr_load_value(load, section, option, INI_GET_NEXT_VALUE);
    return value == NULL ? 0 : sdr_load_value_line(value);
}

unsigned
sdr_load_line(const struct sdr_load *load, const char *kind, const char *name,
              const char *option)
{
    return sdr_load_line_of(load, kind, name, option, 0);
}

unsigned
sdr_load_find(const struct sdr_load *load, const char *section)
{
    size_t len = strlen(section);
    unsigned line = 0; /* the first line is ours */

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
    return sdr_load_find(load, section);
}
