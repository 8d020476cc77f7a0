/* log_recipients.c - see log_recipients.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "diff/log_recipients.h"

#include <stdbool.h>
#include <string.h>

struct finder {
    void (*found)(void *arg, const char *text, size_t len);
    void *arg;
};

/* ---- words ---- */

/* Returns the length of a word, which ends at one of ENDS outside quotes and
 * angle brackets. */
static size_t
word_length(const char *text, const char *ends)
{
    bool quoted = false, bracketed = false;
    const char *at = text;

    for (; *at != '\0' && *at != '\n' && *at != '\r'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '<' || *at == '>'))
            bracketed = *at == '<';
        else if (!quoted && !bracketed && strchr(ends, *at) != NULL)
            break;
    }
    return (size_t)(at - text);
}

/* Report a word, without its angle brackets. */
static void
report(const struct finder *finder, const char *text, size_t len)
{
    if (len >= 2 && text[0] == '<' && text[len - 1] == '>') {
        text++;
        len -= 2;
    }
    if (len > 0)
        finder->found(finder->arg, text, len);
}

/* ---- Postfix, Sendmail, sdr-milter: to=<a@b>,<c@d>, ... ---- */

/* Returns the value of " NAME=", or NULL. */
static const char *
find_value(const char *line, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = line; (at = strstr(at, name)) != NULL; at += len) {
        if (at > line && (at[-1] == ' ' || at[-1] == '\t'))
            return at + len;
    }
    return NULL;
}

static void
report_list(const struct finder *finder, const char *text)
{
    for (;;) {
        size_t len = word_length(text, ", \t");

        report(finder, text, len);
        if (text[len] != ',' || text[len + 1] == ' ')
            return;
        text += len + 1;
    }
}

static void
find_keyed(const struct finder *finder, const char *line)
{
    static const char *const names[] = {"orig_to=", "rcpt=", "to="};
    const char *value;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        value = find_value(line, names[i]);
        if (value != NULL) {
            report_list(finder, value);
            return;
        }
    }
    value = find_value(line, "arg1=");
    if (value != NULL && strstr(line, "ruleset=check_rcpt") != NULL)
        report_list(finder, value);
}

/* ---- Exim ---- */

/* Report the recipient in "=> alice@hosted.example.com <alice@example.com>
 * R=...". */
static void
report_delivery(const struct finder *finder, const char *text)
{
    size_t len = word_length(text, " ");

    if (text[len] == ' ' && text[len + 1] == '<') {
        text += len + 1;
        len = word_length(text, " ");
    }
    if (len > 0 && text[len - 1] == ':') /* "** a@b: reason" */
        len--;
    report(finder, text, len);
}

static void
report_words(const struct finder *finder, const char *text)
{
    for (size_t len; (len = word_length(text, " ")) > 0; text += len) {
        report(finder, text, len);
        if (text[len] != ' ')
            return;
        len++;
    }
}

static void
find_exim(const struct finder *finder, const char *line)
{
    static const char *const marks[] = {
        " => ", " -> ", " ** ", " == ", " *> ", " >> ", " rejected RCPT "};
    const char *at = strstr(line, " <= ");
    const char *last = NULL;

    for (; at != NULL && (at = strstr(at, " for ")) != NULL; at++)
        last = at;
    if (last != NULL) {
        report_words(finder, last + strlen(" for "));
        return;
    }
    if (strstr(line, " <= ") != NULL)
        return;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        at = strstr(line, marks[i]);
        if (at != NULL) {
            report_delivery(finder, at + strlen(marks[i]));
            return;
        }
    }
}

void
log_recipients(const char *line,
               void (*found)(void *arg, const char *text, size_t len),
               void *arg)
{
    const struct finder finder = {found, arg};

    if (find_value(line, "to=") != NULL || find_value(line, "orig_to=") != NULL
        || find_value(line, "rcpt=") != NULL
        || find_value(line, "arg1=") != NULL)
        find_keyed(&finder, line);
    else
        find_exim(&finder, line);
}
