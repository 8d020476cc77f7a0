/* batch.c - see batch.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>

#include "array.h"
#include "print.h"

bool
batch_add(struct batch *batch, const char *address, unsigned long line)
{
    struct batch_line item = {strdup(address), line};

    if (item.address != NULL
        && sdr_array_append(&batch->items, &batch->count, &batch->room, &item,
                            sizeof item))
        return true;
    free(item.address);
    return false;
}

void
batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->items[i].address);
    free(batch->items);
    *batch = (struct batch){.items = NULL};
}

static int
compare_lines(const void *a, const void *b)
{
    const struct batch_line *x = a, *y = b;

    return strcmp(x->address, y->address);
}

void
batch_sort(struct batch *batch)
{
    size_t kept = 0;

    if (batch->count > 1)
        qsort(batch->items, batch->count, sizeof *batch->items, compare_lines);
    for (size_t i = 0; i < batch->count; i++) {
        if (kept > 0
            && strcmp(batch->items[kept - 1].address, batch->items[i].address)
                   == 0)
            free(batch->items[i].address);
        else
            batch->items[kept++] = batch->items[i];
    }
    batch->count = kept;
}

/* Returns the closing quote of a text that begins with a quote, or NULL. A
 * doubled quote (CSV) or one after a backslash (RFC 5321) does not close it. */
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

/* Returns the first field, cut in place, or NULL if a quote is not closed. The
 * whole field may be quoted, or only the local part: "a b"@example.com. */
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

void
batch_print_mistake(void *arg, const struct batch *batch, unsigned long line,
                    const char *text)
{
    struct sdr_error error;

    (void)arg;
    sdr_error_set(&error, "%s", text);
    if (line > 0)
        sdr_error_prefix(&error, "%s:%lu", batch->file, line);
    else
        sdr_error_prefix(&error, "%s", batch->file);
    print_error_line(&error);
}

struct batch_reader {
    struct batch *batch;
    batch_mistake mistake;
    void *arg;
    unsigned long line;
    bool has_content, ok;
};

static void
report_mistake(struct batch_reader *reader, const char *text)
{
    reader->mistake(reader->arg, reader->batch, reader->line, text);
    reader->ok = false;
}

static void
read_line(struct batch_reader *reader, char *line, size_t len)
{
    char *field;

    if (memchr(line, '\0', len) != NULL
        || u8_check((const uint8_t *)line, len) != NULL) {
        report_mistake(reader, "not UTF-8");
        return;
    }
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return;
    field = first_field(line);
    if (field == NULL)
        report_mistake(reader, "a quote is not closed");
    else if ((strchr(field, '@') != NULL || reader->has_content)
             && !batch_add(reader->batch, trim(field), reader->line))
        report_mistake(reader, "no memory");
    reader->has_content = true;
}

bool
batch_read(struct batch *batch, const char *path, batch_mistake mistake,
           void *arg)
{
    struct batch_reader reader = {
        .batch = batch, .mistake = mistake, .arg = arg, .ok = true};
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    batch->file = path;
    if (file == NULL) {
        report_mistake(&reader, strerror(errno));
        return false;
    }
    while ((len = getline(&line, &size, file)) > 0) {
        size_t skip =
            reader.line++ == 0 && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

        read_line(&reader, line + skip, (size_t)len - skip);
    }
    if (ferror(file))
        report_mistake(&reader, strerror(errno));
    free(line);
    if (file != stdin)
        fclose(file);
    return reader.ok;
}
