/* sendmailcf.c - see sendmailcf.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "sendmailcf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

enum { FILE_MAX = 4 << 20, CLASS_DEPTH = 3 };

/* ---- reading ---- */

/* A regular file, ended by a NUL; NULL with errno. */
static char *
read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(FILE_MAX + 1);
    struct stat st;
    ssize_t n = 1;

    *len = 0;
    if (text != NULL && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        free(text);
        text = NULL;
        errno = EINVAL;
    }
    while (text != NULL && *len < FILE_MAX && n > 0) {
        n = read(fd, text + *len, FILE_MAX - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (text != NULL)
        text[*len] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

/* Lines that begin with a blank go on with the one before. */
static void
split_lines(struct sendmailcf *cf)
{
    for (size_t i = 0; i < cf->len; i++) {
        if (cf->text[i] != '\n')
            continue;
        cf->text[i] =
            cf->text[i + 1] == ' ' || cf->text[i + 1] == '\t' ? ' ' : '\0';
    }
}

/* The line after LINE, or the first if that is NULL; NULL at the end. */
static const char *
line_after(const struct sendmailcf *cf, const char *line)
{
    const char *next = line == NULL ? cf->text : line + strlen(line) + 1;

    return next < cf->text + cf->len ? next : NULL;
}

static void
take_filter(struct sendmailcf *cf, const char *line)
{
    struct filter *filter = &cf->filters[cf->filter_count];
    const char *comma = strchr(line, ',');

    if (comma == NULL || cf->filter_count == FILTERS_MAX)
        return;
    snprintf(filter->name, sizeof filter->name, "%.*s",
             (int)strcspn(line + 1, ", \t"), line + 1);
    filter->equates = comma + 1;
    cf->filter_count++;
}

enum sdr_status
sendmailcf_read(struct sendmailcf *cf, const char *path,
                struct sdr_error *error)
{
    static const char daemon[] = "O DaemonPortOptions=";

    memset(cf, 0, sizeof *cf);
    cf->text = read_file(path, &cf->len);
    if (cf->text == NULL) {
        sdr_error_set(error, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? SDR_NOTFOUND : SDR_TEMPFAIL;
    }
    cf->relays_subdomains = strstr(cf->text, "< @ $* $=R >") != NULL;
    cf->asks_route = strstr(cf->text, "$(route ") != NULL;
    split_lines(cf);
    for (const char *line = NULL; (line = line_after(cf, line)) != NULL;) {
        if (line[0] == 'X')
            take_filter(cf, line);
        else if (strncmp(line, daemon, sizeof daemon - 1) == 0
                 && cf->daemon_count < DAEMONS_MAX)
            cf->daemons[cf->daemon_count++] = line + sizeof daemon - 1;
    }
    return SDR_OK;
}

void
sendmailcf_free(struct sendmailcf *cf)
{
    free(cf->text);
    cf->text = NULL;
}

/* ---- options and maps ---- */

const char *
sendmailcf_option(const struct sendmailcf *cf, const char *name)
{
    const char *value = "";
    size_t len = strlen(name);

    for (const char *line = NULL; (line = line_after(cf, line)) != NULL;) {
        if (strncmp(line, "O ", 2) == 0 && strncasecmp(line + 2, name, len) == 0
            && line[2 + len] == '=')
            value = line + 3 + len;
    }
    return value;
}

const char *
sendmailcf_macro(const struct sendmailcf *cf, char name)
{
    const char *value = "";

    for (const char *line = NULL; (line = line_after(cf, line)) != NULL;) {
        if (line[0] == 'D' && line[1] == name)
            value = line + 2;
    }
    return value;
}

/* What stands after "KNAME "; NULL if there is no such map. */
static const char *
find_map(const struct sendmailcf *cf, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = NULL; (line = line_after(cf, line)) != NULL;) {
        if (line[0] == 'K' && strncmp(line + 1, name, len) == 0
            && isspace((unsigned char)line[1 + len]))
            return line + 1 + len;
    }
    return NULL;
}

bool
sendmailcf_has_map(const struct sendmailcf *cf, const char *name)
{
    return find_map(cf, name) != NULL;
}

/* PATH of "local:PATH" or "unix:PATH". */
static void
take_path(const char *address, char *path, size_t size)
{
    if (strncmp(address, "local:", 6) == 0 || strncmp(address, "unix:", 5) == 0)
        snprintf(path, size, "%s", strchr(address, ':') + 1);
}

void
sendmailcf_socket_map(const struct sendmailcf *cf, const char *name, char *path,
                      size_t size)
{
    const char *at = find_map(cf, name);
    char word[512];

    path[0] = '\0';
    if (at == NULL || !next_word(&at, word, sizeof word)
        || strcmp(word, "socket") != 0)
        return;
    while (next_word(&at, word, sizeof word))
        take_path(word, path, size);
}

void
sendmailcf_socket_aliases(const struct sendmailcf *cf, char *path, size_t size)
{
    const char *at = sendmailcf_option(cf, "AliasFile");
    char word[512];

    path[0] = '\0';
    while (next_word(&at, word, sizeof word)) {
        if (strncmp(word, "socket:", 7) == 0)
            take_path(word + 7, path, size);
    }
}

void
sendmailcf_equate(const char *list, const char *key, char *value, size_t size)
{
    size_t len = strlen(key);

    value[0] = '\0';
    while (*list != '\0') {
        size_t end;

        list += strspn(list, ", \t");
        end = strcspn(list, ",");
        if (strncasecmp(list, key, len) == 0 && list[len] == '=')
            snprintf(value, size, "%.*s", (int)(end - len - 1), list + len + 1);
        list += end;
    }
}

/* ---- classes ---- */

static enum answer
in_class(const struct sendmailcf *cf, const char *class, const char *domain,
         bool subdomains, int depth);

/* What stands after "Cw", "C{w}", "Fw" or "F{w}" in a line of this kind; NULL
 * if it is another line. */
static const char *
class_line(const char *line, char kind, const char *class)
{
    size_t len = strlen(class);

    if (line[0] != kind)
        return NULL;
    if (line[1] == '{')
        return strncmp(line + 2, class, len) == 0 && line[2 + len] == '}'
                   ? line + 3 + len
                   : NULL;
    return len == 1 && line[1] == class[0] ? line + 2 : NULL;
}

static bool
matches(const char *word, const char *domain, bool subdomains)
{
    return strcasecmp(word, domain) == 0
           || (subdomains && is_below(domain, word));
}

/* The words after C; "$={x}" and "$=x" are the words of another class. */
static enum answer
among_words(const struct sendmailcf *cf, const char *words, const char *domain,
            bool subdomains, int depth)
{
    enum answer answer = NO;
    char word[256];

    while (sscanf(words, " %255s", word) == 1) {
        enum answer inner = NO;

        words = strstr(words, word) + strlen(word);
        if (strncmp(word, "$=", 2) == 0 && depth < CLASS_DEPTH) {
            size_t brace = word[2] == '{';

            word[strcspn(word, "}")] = '\0';
            inner =
                in_class(cf, word + 2 + brace, domain, subdomains, depth + 1);
        } else if (matches(word, domain, subdomains)) {
            inner = YES;
        }
        if (inner == YES)
            return YES;
        answer = inner == PERHAPS ? PERHAPS : answer;
    }
    return answer;
}

/* The lines of the file after F; it may be a program or a map. "-o": it need
 * not be there. */
static enum answer
among_lines(const char *path, const char *domain, bool subdomains)
{
    enum answer answer = NO;
    char *text, *at, *line, word[256];
    size_t len;

    path += strspn(path, " \t");
    if (strncmp(path, "-o", 2) == 0)
        path += 2 + strspn(path + 2, " \t");
    if (path[0] != '/')
        return PERHAPS;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(path, " \t"), path);
    text = read_file(word, &len);
    if (text == NULL)
        return errno == ENOENT ? NO : PERHAPS;
    at = text;
    while (answer == NO && (line = next_line(&at)) != NULL) {
        if (sscanf(line, " %255s", word) == 1
            && matches(word, domain, subdomains))
            answer = YES;
    }
    free(text);
    return answer;
}

static enum answer
in_class(const struct sendmailcf *cf, const char *class, const char *domain,
         bool subdomains, int depth)
{
    enum answer answer = NO;

    for (const char *line = NULL; (line = line_after(cf, line)) != NULL;) {
        const char *words = class_line(line, 'C', class);
        const char *file = class_line(line, 'F', class);
        enum answer found = NO;

        if (words != NULL)
            found = among_words(cf, words, domain, subdomains, depth);
        else if (file != NULL)
            found = among_lines(file, domain, subdomains);
        if (found == YES)
            return YES;
        answer = found == PERHAPS ? PERHAPS : answer;
    }
    return answer;
}

enum answer
sendmailcf_in_class(const struct sendmailcf *cf, const char *class,
                    const char *domain, bool subdomains)
{
    return in_class(cf, class, domain, subdomains, 0);
}
