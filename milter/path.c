/* path.c - see path.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "path.h"

#include <stdio.h>
#include <string.h>

#include "decision/address.h"

/* A part of a text. */
struct span {
    const char *start;
    size_t len;
};

enum path_mta
path_mta_of(const char *version)
{
    if (version != NULL && strncmp(version, "Postfix", 7) == 0)
        return PATH_POSTFIX;
    if (version != NULL && strncmp(version, "8.", 2) == 0)
        return PATH_SENDMAIL;
    return PATH_OTHER;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span
trim(struct span span)
{
    while (span.len > 0 && is_blank(span.start[0])) {
        span.start++;
        span.len--;
    }
    while (span.len > 0 && is_blank(span.start[span.len - 1]))
        span.len--;
    return span;
}

/* Remove one pair of brackets. Returns false if there is none. */
static bool
strip_brackets(struct span *span)
{
    if (span->len < 2 || span->start[0] != '<'
        || span->start[span->len - 1] != '>')
        return false;
    span->start++;
    span->len -= 2;
    return true;
}

/* Remove a source route, "@a,@b:". Returns false if there is none. Postfix ends
 * it at the first colon, even in "@[IPv6:::1]:". */
static bool
strip_route(struct span *span, bool first_colon)
{
    bool in_literal = false;

    if (span->len == 0 || span->start[0] != '@')
        return false;
    for (size_t i = 1; i < span->len; i++) {
        if (span->start[i] == ':' && (first_colon || !in_literal)) {
            span->start += i + 1;
            span->len -= i + 1;
            return true;
        }
        in_literal =
            span->start[i] == '[' || (in_literal && span->start[i] != ']');
    }
    return false;
}

static bool
copy(struct span span, char text[PATH_TEXT_MAX])
{
    if (span.len == 0 || span.len >= PATH_TEXT_MAX)
        return false;
    memcpy(text, span.start, span.len);
    text[span.len] = '\0';
    return true;
}

/* Remove parameters after "<...>" and a blank, which Sendmail of 2022 passes.
 */
static struct span
without_parameters(struct span span)
{
    bool quoted = false;

    for (size_t i = 0; i + 1 < span.len && span.start[0] == '<'; i++) {
        if (span.start[i] == '\\')
            i++;
        else if (span.start[i] == '"')
            quoted = !quoted;
        else if (!quoted && span.start[i] == '>' && is_blank(span.start[i + 1]))
            span.len = i + 1;
    }
    return span;
}

static struct span
without_brackets(const char *given)
{
    struct span span =
        without_parameters(trim((struct span){given, strlen(given)}));

    while (strip_brackets(&span))
        span = trim(span);
    return span;
}

/* Returns true if there is a comment, a display name, a list or a group. */
static bool
has_more(const char *text)
{
    bool quoted = false;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && strchr("<>(),; \t\r\n", *text) != NULL)
            return true;
    }
    return false;
}

bool
path_address(const char *given, char text[PATH_TEXT_MAX])
{
    struct span span = without_brackets(given);
    struct sdr_address address;

    while (strip_route(&span, false) || strip_brackets(&span))
        span = trim(span);
    return copy(span, text) && !has_more(text)
           && sdr_address_parse(&address, text) == SDR_OK;
}

/* smtpd removes one pair of brackets and one source route and parses the rest
 * (smtpd.c, extract_addr()). The result is compared, octet by octet, with what
 * cleanup parses from the milter's text (cleanup_milter.c, cleanup_del_rcpt()).
 * Both use the same function, so the same text has the same result. */
static bool
queued_in_postfix(const char *given, char text[PATH_TEXT_MAX])
{
    struct span span = {given, strlen(given)};

    (void)strip_brackets(&span);
    (void)strip_route(&span, true);
    return copy(span, text);
}

/* Sendmail parses the milter's text like the client's and compares the results
 * (recipient.c, removefromlist()). But it parses it as a list: a text that is
 * not a valid list refuses the whole message. */
static bool
queued_in_sendmail(const char *given, char text[PATH_TEXT_MAX])
{
    struct span span = without_brackets(given);

    return snprintf(text, PATH_TEXT_MAX, "<%.*s>", (int)span.len, span.start)
           < PATH_TEXT_MAX;
}

/* Nothing is known about other MTAs. An address without route, quotes and final
 * dot is assumed to be unchanged. */
static bool
queued_elsewhere(const char *given, const char *address,
                 char text[PATH_TEXT_MAX])
{
    struct span span = {given, strlen(given)};
    size_t len = strlen(address);
    struct sdr_address plain;

    (void)strip_brackets(&span);
    return sdr_address_parse_path(&plain, address) == SDR_OK && span.len == len
           && strncmp(span.start, address, len) == 0 && address[0] != '"'
           && address[len - 1] != '.'
           && copy((struct span){given, strlen(given)}, text);
}

bool
path_queued(enum path_mta mta, const char *given, char text[PATH_TEXT_MAX])
{
    char address[PATH_TEXT_MAX];

    if (!path_address(given, address))
        return false;
    switch (mta) {
    case PATH_POSTFIX:
        return queued_in_postfix(given, text);
    case PATH_SENDMAIL:
        return queued_in_sendmail(given, text);
    case PATH_OTHER:
        return queued_elsewhere(given, address, text);
    }
    return false;
}

bool
path_submitted(unsigned number, const char *given, char text[PATH_TEXT_MAX])
{
    char whole[PATH_TEXT_MAX];
    struct sdr_address address;
    const char *domain;
    int local, len = PATH_TEXT_MAX;

    if (!path_address(given, whole)
        || sdr_address_parse(&address, whole) != SDR_OK)
        return false;
    local = (int)strlen(address.local);
    domain = whole + local + 1;
    switch (number) {
    case 0:
        len = snprintf(text, PATH_TEXT_MAX, "%.*s", local, whole);
        break;
    case 1:
        len = snprintf(text, PATH_TEXT_MAX, "%s.", whole);
        break;
    case 2:
        len = snprintf(text, PATH_TEXT_MAX, "%.*s%%%s", local, whole, domain);
        break;
    case 3:
        len = snprintf(text, PATH_TEXT_MAX, "%s!%.*s", domain, local, whole);
        break;
    default:
        break;
    }
    return len < PATH_TEXT_MAX;
}
