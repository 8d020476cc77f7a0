/* batch.c - see batch.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>

#include "grow.h"

bool
batch_add(struct batch *batch, const char *address, unsigned long line)
{
    void *items =
        grow(batch->items, batch->count, &batch->room, sizeof *batch->items);

    if (items == NULL)
        return false;
    batch->items = items;
    batch->items[batch->count].line = line;
    batch->items[batch->count].address = strdup(address);
    return batch->items[batch->count++].address != NULL;
}

void
batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->items[i].address);
    free(batch->items);
    *batch = (struct batch){.items = NULL};
}

/* The quote that ends what the first one begins: not one that is doubled (CSV)
 * or behind a backslash (RFC 5321). NULL if there is none. */
static char *
closing_quote(char *text)
{
    for (char *at = text + 1; *at != '\0'; at++) {
        if (*at == '"' && at[1] != '"')
            return at;
        if ((*at == '"' || *at == '\\') && at[1] != '\0')
            at++;
    }
    return NULL;
}

static void
halve_quotes(char *text)
{
    char *out = text;

    for (char *at = text; *at != '\0'; at++) {
        if (*at == '"' && at[1] == '"')
            at++;
        *out++ = *at;
    }
    *out = '\0';
}

/* The first field, in place; NULL if its quotes are not closed. Quotes may be
 * around the field, or around the local part: "a b"@example.com. */
static char *
first_field(char *line)
{
    static const char ends[] = ",;\t";
    char *end;

    if (line[0] != '"') {
        line[strcspn(line, ends)] = '\0';
        return line;
    }
    end = closing_quote(line);
    if (end == NULL)
        return NULL;
    if (end[1] != '\0' && strchr(ends, end[1]) == NULL) {
        end[strcspn(end, ends)] = '\0';
        return line;
    }
    *end = '\0';
    halve_quotes(line + 1);
    return line + 1;
}

static char *
trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

struct reading {
    struct batch *batch;
    batch_mistake mistake;
    void *arg;
    unsigned long line;
    bool has_content, ok;
};

static void
complain(struct reading *reading, const char *text)
{
    reading->mistake(reading->arg, reading->batch, reading->line, text);
    reading->ok = false;
}

static void
take_line(struct reading *reading, char *line, size_t len)
{
    char *field;

    if (memchr(line, '\0', len) != NULL
        || u8_check((const uint8_t *)line, len) != NULL) {
        complain(reading, "is not UTF-8");
        return;
    }
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return;
    field = first_field(line);
    if (field == NULL)
        complain(reading, "a quote is not closed");
    else if ((strchr(field, '@') != NULL || reading->has_content)
             && !batch_add(reading->batch, trim(field), reading->line))
        complain(reading, "no memory");
    reading->has_content = true;
}

bool
batch_read(struct batch *batch, const char *path, batch_mistake mistake,
           void *arg)
{
    struct reading reading = {
        .batch = batch, .mistake = mistake, .arg = arg, .ok = true};
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    batch->file = path;
    if (file == NULL) {
        complain(&reading, strerror(errno));
        return false;
    }
    while ((len = getline(&line, &size, file)) > 0) {
        size_t skip =
            reading.line++ == 0 && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3
                                                                         : 0;

        take_line(&reading, line + skip, (size_t)len - skip);
    }
    if (ferror(file))
        complain(&reading, strerror(errno));
    free(line);
    if (file != stdin)
        fclose(file);
    return reading.ok;
}
