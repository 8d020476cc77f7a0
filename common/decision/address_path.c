/* address_path.c - addresses as MTAs accept them, beyond RFC 5321's grammar
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Postfix (extract_addr(), tok822_parse()), Sendmail (prescan(), ruleset
 * Canonify) and Exim (parse_extract_address()) accept RFC 822 syntax in RCPT
 * TO, each a different part of it. If they read an address differently, we read
 * only its domain, and the recipient is rejected.
 */
#include "decision/address.h"

#include <string.h>

/* Longer than an SMTP command line: 512 octets by RFC 5321 (4.5.3.1.4); Postfix
 * and Sendmail accept 2048. */
enum { TEXT_MAX = 4096 };

struct address_path_reader {
    char text[TEXT_MAX + 1]; /* without comments and insignificant blanks */
    size_t len;
    bool torn; /* MTAs disagree on it, or reject it */
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool
is_special(char c)
{
    return strchr("@.<>:;,[]", c) != NULL;
}

/* Returns the length of the quoted string or escaped octet at the start of S,
 * or 1; 0 if it is unterminated. */
static size_t
unit_length(const char *s, size_t len)
{
    size_t i = 1;

    if (s[0] == '\\')
        return len > 1 ? 2 : 0;
    if (s[0] != '"')
        return 1;
    while (i < len && s[i] != '"')
        i += s[i] == '\\' ? 2 : 1;
    return i < len ? i + 1 : 0;
}

/* Returns the length of the comment at the start of S; comments nest. Returns 0
 * if it is unterminated. */
static size_t
comment_length(const char *s)
{
    unsigned depth = 0;

    for (size_t i = 0; s[i] != '\0'; i++) {
        if (s[i] == '\\' && s[i + 1] != '\0')
            i++;
        else if (s[i] == '(')
            depth++;
        else if (s[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* Append N octets. APART means that blanks or comments precede them; between
 * two words they become one blank. Sendmail replaces it by a dot, Postfix and
 * Exim reject it. */
static void
take(struct address_path_reader *reader, const char *s, size_t n, bool apart)
{
    if (apart && reader->len > 0 && !is_special(s[0])
        && !is_special(reader->text[reader->len - 1]))
        reader->text[reader->len++] = ' ';
    memcpy(reader->text + reader->len, s, n);
    reader->len += n;
}

/* Keep only the domain of a text that is too long. */
static void
take_end(struct address_path_reader *reader, const char *s)
{
    const char *at = strrchr(s, '@');
    size_t len = at == NULL ? 0 : strlen(at);

    reader->torn = true;
    reader->len = 0;
    if (len <= TEXT_MAX)
        take(reader, at, len, false);
}

static void
clean(struct address_path_reader *reader, const char *s)
{
    const char *end = s + strlen(s), *start = s;
    bool apart = false;

    reader->len = 0;
    reader->torn = false;
    while (s < end) {
        size_t left = (size_t)(end - s);
        size_t n = *s == '(' ? comment_length(s) : unit_length(s, left);
        bool means_nothing = *s == '(' || is_blank(*s);

        reader->torn |= n == 0 || (is_control(*s) && *s != '\t');
        if (n == 0)
            n = left;
        if (reader->len + n + 1 > TEXT_MAX) {
            take_end(reader, start);
            break;
        }
        if (!means_nothing)
            take(reader, s, n, apart);
        apart = means_nothing;
        s += n;
    }
    reader->text[reader->len] = '\0';
}

static void
keep(struct address_path_reader *reader, size_t from, size_t to)
{
    reader->len = to - from;
    memmove(reader->text, reader->text + from, reader->len);
    reader->text[reader->len] = '\0';
}

/* Returns the index after the quoted string, escaped octet or plain octet at I.
 */
static size_t
next(const struct address_path_reader *reader, size_t i)
{
    size_t n = unit_length(reader->text + i, reader->len - i);

    return n == 0 ? reader->len : i + n;
}

/* Reduce the text to the inside of the last "<...>"; leave it unchanged if the
 * brackets do not match. */
static void
find_brackets(struct address_path_reader *reader)
{
    size_t from = 0, to = reader->len;
    bool match = true;
    int depth = 0;

    for (size_t i = 0; i < reader->len; i = next(reader, i)) {
        if (reader->text[i] == '<') {
            depth++;
            from = i + 1;
            to = reader->len;
        } else if (reader->text[i] == '>') {
            match = match && --depth >= 0;
            if (to == reader->len)
                to = i;
        }
    }
    if (match && depth == 0)
        keep(reader, from, to);
    else
        reader->torn = true;
}

/* Returns the index after the colon that ends a source route "@a,@b:"; 0 if
 * there is none. Colons inside an address literal do not count. */
static size_t
find_route_end(const struct address_path_reader *reader)
{
    bool in_literal = false;

    for (size_t i = 0; i < reader->len; i = next(reader, i)) {
        char c = reader->text[i];

        if (c == '[' || c == ']')
            in_literal = c == '[';
        if (c == ':' && !in_literal)
            return i + 1;
    }
    return 0;
}

static void
skip_source_routes(struct address_path_reader *reader)
{
    size_t end = 1;

    while (reader->text[0] == '@' && end > 0) {
        end = find_route_end(reader);
        keep(reader, end, reader->len);
    }
}

/* Remove final dots, an unmatched bracket, an empty domain (Postfix reads
 * "alice@example.com@" as alice@example.com), and the end of a group: Postfix
 * removes the group's name, Sendmail does not. */
static void
trim_end(struct address_path_reader *reader)
{
    while (reader->len > 0
           && strchr(".@;>", reader->text[reader->len - 1]) != NULL) {
        if (reader->text[reader->len - 1] == ';')
            reader->torn = true;
        reader->text[--reader->len] = '\0';
    }
}

/* Returns the last unquoted "@"; the last one of any kind if all are quoted;
 * NULL if there is none. */
static char *
find_at(struct address_path_reader *reader)
{
    char *at = NULL;

    for (size_t i = 0; i < reader->len; i = next(reader, i)) {
        if (reader->text[i] == '@')
            at = reader->text + i;
    }
    if (at != NULL)
        return at;
    reader->torn = true;
    return strrchr(reader->text, '@');
}

/* Remove quotes and backslashes; OUT has room for LEN + 1 octets and may be
 * TEXT. Returns the new length; 0 also if the text contains an unquoted blank
 * or a control character. */
static size_t
dequote(const char *text, size_t len, char *out)
{
    bool quoted = false, apart;
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            quoted = !quoted;
            continue;
        }
        apart = text[i] == ' ' && !quoted;
        if (text[i] == '\\' && i + 1 < len)
            i++;
        if (apart || is_control(text[i])) {
            n = 0;
            break;
        }
        out[n++] = text[i];
    }
    out[n] = '\0';
    return n;
}

/* Split the text into local part and domain; the domain is not checked yet.
 * Returns false if there is no domain. */
static bool
read_text(struct address_path_reader *reader, const char *text, char **domain)
{
    char *at;

    clean(reader, text);
    find_brackets(reader);
    skip_source_routes(reader);
    trim_end(reader);
    at = find_at(reader);
    if (at == NULL)
        return false;
    *at = '\0';
    reader->len = (size_t)(at - reader->text);
    *domain = at + 1;
    dequote(*domain, strlen(*domain), *domain);
    return true;
}

/* Parse the two parts. A valid local part is kept octet for octet. */
static enum sdr_status
parse_parts(struct sdr_address *addr, struct address_path_reader *reader,
            const char *domain)
{
    char bare[TEXT_MAX + 1], name[SDR_DOMAIN_MAX + 1];
    char path[SDR_LOCAL_MAX + SDR_DOMAIN_MAX + 2];
    size_t len = dequote(reader->text, reader->len, bare);

    if (reader->torn || len == 0 || sdr_address_domain(name, domain) != SDR_OK)
        return SDR_INVALID;
    if (reader->len <= SDR_LOCAL_MAX) {
        sdr_address_join(reader->text, name, path, sizeof path);
        if (sdr_address_parse_path(addr, path) == SDR_OK)
            return SDR_OK;
    }
    return sdr_address_make(addr, bare, len, name);
}

/* Not inlined: the stack of almost all callers stays smaller by 10 kB. */
__attribute__((noinline)) static enum sdr_status
parse_tolerantly(struct sdr_address *addr, const char *text)
{
    struct sdr_address parsed;
    struct address_path_reader reader;
    char *domain;

    if (!read_text(&reader, text, &domain)
        || parse_parts(&parsed, &reader, domain) != SDR_OK)
        return SDR_INVALID;
    sdr_address_copy(addr, &parsed);
    return SDR_OK;
}

enum sdr_status
sdr_address_parse(struct sdr_address *addr, const char *text)
{
    return sdr_address_parse_path(addr, text) == SDR_OK
               ? SDR_OK
               : parse_tolerantly(addr, text);
}

enum sdr_status
sdr_address_find_domain(char domain[SDR_DOMAIN_MAX + 1], const char *text)
{
    struct sdr_address address;
    struct address_path_reader reader;
    char *found;

    if (sdr_address_parse_path(&address, text) == SDR_OK)
        return sdr_address_domain(domain, address.domain);
    if (!read_text(&reader, text, &found))
        return SDR_INVALID;
    return sdr_address_domain(domain, found);
}

/* Matches "alice%example.com", with or without more hosts after it. */
static bool
is_percent_route(const char *given, const struct sdr_address *mailbox)
{
    size_t local = strlen(mailbox->folded), domain = strlen(mailbox->domain);

    if (strncmp(given, mailbox->folded, local) != 0
        || (given[local] != '%' && given[local] != '@')
        || strncmp(given + local + 1, mailbox->domain, domain) != 0)
        return false;
    return strchr("%@", given[local + 1 + domain]) != NULL;
}

/* Matches "example.com!alice", with or without more hosts before it. */
static bool
is_bang_path(const char *given, const struct sdr_address *mailbox)
{
    char path[SDR_ADDRESS_MAX + 1];
    size_t len = strlen(given), path_len;

    sdr_address_join(mailbox->domain, mailbox->folded, path, sizeof path);
    path[strlen(mailbox->domain)] = '!';
    path_len = strlen(path);
    return len >= path_len && strcmp(given + len - path_len, path) == 0
           && (len == path_len || given[len - path_len - 1] == '!');
}

bool
sdr_address_is_route(const struct sdr_address *given,
                     const struct sdr_address *mailbox)
{
    return is_percent_route(given->folded, mailbox)
           || is_bang_path(given->folded, mailbox);
}
