/* address.c - see address.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/address.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

/* The characters allowed in an unquoted local part (RFC 5321, atext), in
 * addition to letters, digits, dots and UTF-8. */
static const char atext_specials[] = "!#$%&'*+-/=?^_`{|}~";

/* The longest label of a domain (RFC 1035). */
enum { LABEL_MAX = 63 };

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}

static bool
is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool
is_utf8(const char *s, size_t len)
{
    return u8_check((const uint8_t *)s, len) == NULL;
}

static bool
is_atext(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80
           || (c != '\0' && strchr(atext_specials, c) != NULL);
}

static bool
is_dot_string(const char *s, size_t len)
{
    bool after_dot = true;

    for (size_t i = 0; i < len; i++) {
        if (s[i] != '.' && !is_atext(s[i]))
            return false;
        if (s[i] == '.' && after_dot)
            return false;
        after_dot = s[i] == '.';
    }
    return !after_dot;
}

/* Returns the length of the quoted string at the start of S, quotes included; 0
 * if there is none. */
static size_t
quoted_length(const char *s, size_t len)
{
    if (len == 0 || s[0] != '"')
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (is_control(s[i]))
            return 0;
        if (s[i] == '"')
            return i + 1;
        if (s[i] == '\\' && (++i == len || is_control(s[i])))
            return 0;
    }
    return 0;
}

/* Remove the quotes and backslashes. OUT has room for LEN octets. Returns the
 * new length. */
static size_t
dequote(const char *s, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 1; i + 1 < len; i++) {
        if (s[i] == '\\' && i + 2 < len)
            i++;
        out[n++] = s[i];
    }
    return n;
}

static bool
put_in_quotes(const char *s, size_t len, char *out, size_t size)
{
    size_t n = 0;

    out[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (n + 3 >= size)
            return false;
        if (s[i] == '"' || s[i] == '\\')
            out[n++] = '\\';
        out[n++] = s[i];
    }
    out[n++] = '"';
    out[n] = '\0';
    return true;
}

bool
sdr_address_quote(const char *s, size_t len, char *out, size_t size)
{
    if (!is_dot_string(s, len))
        return put_in_quotes(s, len, out, size);
    if (len >= size)
        return false;
    memcpy(out, s, len);
    out[len] = '\0';
    return true;
}

/* Convert to lower case, ASCII letters only. */
static void
lower(const char *s, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        bool upper = (unsigned char)(s[i] - 'A') < 26;

        out[i] = (char)(s[i] + (upper ? 'a' - 'A' : 0));
    }
}

/* Write S in NFC, case-folded if FOLD, to OUT of SDR_LOCAL_MAX + 1 octets. */
static bool
normalize(const char *s, size_t len, bool fold, char *out)
{
    size_t size = SDR_LOCAL_MAX;
    uint8_t *result;

    if (sdr_is_ascii(s, len)) {
        if (fold)
            lower(s, len, out);
        else
            memcpy(out, s, len);
        out[len] = '\0';
        return true;
    }
    result = fold ? u8_casefold((const uint8_t *)s, len, NULL, UNINORM_NFC,
                                (uint8_t *)out, &size)
                  : u8_normalize(UNINORM_NFC, (const uint8_t *)s, len,
                                 (uint8_t *)out, &size);
    if (result == NULL)
        return false;
    if (result != (uint8_t *)out) { /* longer than OUT, or out of memory */
        free(result);
        return false;
    }
    out[size] = '\0';
    return true;
}

/* Set LOCAL to TEXT, and FOLDED to its compared form. The caller has checked
 * the quoting of TEXT. */
static bool
set_local(struct sdr_address *addr, const char *text, size_t len)
{
    char bare[SDR_LOCAL_MAX + 1];

    if (len > SDR_LOCAL_MAX
        || (!sdr_is_ascii(text, len) && !is_utf8(text, len)))
        return false;
    memcpy(addr->local, text, len);
    addr->local[len] = '\0';
    if (len == 0 || text[0] != '"')
        return normalize(text, len, true, addr->folded);
    len = dequote(text, len, bare);
    return normalize(bare, len, true, addr->folded);
}

static bool
is_literal(const char *s, size_t len)
{
    if (len < 3 || s[0] != '[' || s[len - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < len; i++) {
        if (!is_alnum(s[i]) && strchr(".:-", s[i]) == NULL)
            return false;
    }
    return true;
}

/* Convert the name to lower case and check its labels. Host names have no
 * underscores, but domains in use do. */
static bool
set_ascii_domain(char *domain, const char *s, size_t len)
{
    size_t label = 0;

    if (len == 0 || len > SDR_DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '.' && (label == 0 || i + 1 == len))
            return false;
        if (s[i] != '.' && !is_alnum(s[i]) && s[i] != '-' && s[i] != '_')
            return false;
        label = s[i] == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return false;
    }
    lower(s, len, domain);
    domain[len] = '\0';
    return true;
}

static bool
set_domain(char *domain, const char *s, size_t len)
{
    char text[SDR_DOMAIN_MAX + 1];
    char *ascii = NULL;
    bool ok;

    if (len > 0 && s[len - 1] == '.')
        len--;
    if (set_ascii_domain(domain, s, len))
        return true;
    if (len > SDR_DOMAIN_MAX || memchr(s, '\0', len) != NULL)
        return false;
    if (is_literal(s, len))
        return normalize(s, len, true, domain);
    if (sdr_is_ascii(s, len))
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)
        != IDN2_OK)
        return false;
    ok = set_ascii_domain(domain, ascii, strlen(ascii));
    idn2_free(ascii);
    return ok;
}

/* Narrow the text to what is between the brackets, if there are any: up to the
 * first unquoted '>'. Parameters may follow: Sendmail of 2022 passes them. */
static bool
strip_brackets(const char **text, size_t *len)
{
    const char *s = *text + 1;
    size_t n = 0;

    if (*len == 0 || **text != '<')
        return true;
    while (n + 1 < *len && s[n] != '>') {
        size_t quoted = quoted_length(s + n, *len - 1 - n);

        n += quoted > 0 ? quoted : 1;
    }
    if (n + 1 >= *len || (n + 2 < *len && s[n + 1] != ' '))
        return false;
    *text = s;
    *len = n;
    return true;
}

/* Skip a source route, "@a,@b:". RFC 5321 (appendix C) says to ignore it. */
static bool
skip_source_route(const char **text, size_t *len)
{
    const char *colon;

    if (*len == 0 || **text != '@')
        return true;
    colon = memchr(*text, ':', *len);
    if (colon == NULL)
        return false;
    *len -= (size_t)(colon + 1 - *text);
    *text = colon + 1;
    return true;
}

/* Returns the length of the local part by the grammar of RFC 5321; 0 if there
 * is none. */
static size_t
local_length(const char *s, size_t len)
{
    size_t n = quoted_length(s, len);
    const char *at;

    if (n > 0)
        return n;
    at = memchr(s, '@', len);
    if (at == NULL || !is_dot_string(s, (size_t)(at - s)))
        return 0;
    return (size_t)(at - s);
}

static void
copy_text(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
}

void
sdr_address_copy_at(struct sdr_address *to, const struct sdr_address *from,
                    const char *domain)
{
    copy_text(to->local, from->local);
    copy_text(to->folded, from->folded);
    copy_text(to->domain, domain);
}

void
sdr_address_copy(struct sdr_address *to, const struct sdr_address *from)
{
    sdr_address_copy_at(to, from, from->domain);
}

enum sdr_status
sdr_address_parse_path(struct sdr_address *addr, const char *text)
{
    struct sdr_address parsed;
    size_t len = strlen(text);
    size_t local;
    bool bracketed = len > 0 && text[0] == '<';

    if (!strip_brackets(&text, &len))
        return SDR_INVALID;
    if (len == 0 && bracketed) {
        *addr = (struct sdr_address){0};
        return SDR_OK;
    }
    if (!skip_source_route(&text, &len))
        return SDR_INVALID;
    local = local_length(text, len);
    if (local == 0 || local == len || text[local] != '@')
        return SDR_INVALID;
    if (!set_local(&parsed, text, local))
        return SDR_INVALID;
    if (!set_domain(parsed.domain, text + local + 1, len - local - 1))
        return SDR_INVALID;
    sdr_address_copy(addr, &parsed);
    return SDR_OK;
}

enum sdr_status
sdr_address_read(struct sdr_address *addr, const char *text, size_t len)
{
    struct sdr_address parsed;
    const char *at = memrchr(text, '@', len);
    size_t local;

    if (at == NULL)
        return SDR_INVALID;
    local = (size_t)(at - text);
    for (size_t i = 0; i < local; i++) {
        if (is_control(text[i]))
            return SDR_INVALID;
    }
    if (local > 0 && text[0] == '"' && quoted_length(text, local) != local)
        return SDR_INVALID;
    if (!set_local(&parsed, text, local))
        return SDR_INVALID;
    if (!set_domain(parsed.domain, at + 1, len - local - 1))
        return SDR_INVALID;
    sdr_address_copy(addr, &parsed);
    return SDR_OK;
}

enum sdr_status
sdr_address_domain(char domain[SDR_DOMAIN_MAX + 1], const char *text)
{
    char name[SDR_DOMAIN_MAX + 1];

    if (text[0] == '[' || !set_domain(name, text, strlen(text)))
        return SDR_INVALID;
    memcpy(domain, name, strlen(name) + 1);
    return SDR_OK;
}

bool
sdr_address_same(const struct sdr_address *a, const struct sdr_address *b)
{
    /* A quoted empty string is a local part; the catch-all has none. */
    return (a->local[0] == '\0') == (b->local[0] == '\0')
           && strcmp(a->folded, b->folded) == 0
           && strcmp(a->domain, b->domain) == 0;
}

size_t
sdr_address_bare(const struct sdr_address *addr, char out[SDR_LOCAL_MAX + 1])
{
    size_t len = strlen(addr->local);

    if (addr->local[0] == '"')
        len = dequote(addr->local, len, out);
    else
        memcpy(out, addr->local, len);
    out[len] = '\0';
    return len;
}

enum sdr_status
sdr_address_make(struct sdr_address *addr, const char *bare, size_t len,
                 const char *domain)
{
    char local[SDR_LOCAL_MAX + 1];

    if (!sdr_address_quote(bare, len, local, sizeof local)
        || !set_local(addr, local, strlen(local)))
        return SDR_INVALID;
    copy_text(addr->domain, domain);
    return SDR_OK;
}

bool
sdr_address_requote(const char *local, size_t len, char *out, size_t size)
{
    char bare[SDR_ADDRESS_MAX];

    if (len > sizeof bare)
        return false;
    if (len < 2 || local[0] != '"' || local[len - 1] != '"')
        return sdr_address_quote(local, len, out, size);
    len = dequote(local, len, bare);
    return sdr_address_quote(bare, len, out, size);
}

void
sdr_address_format(const struct sdr_address *addr, char *text, size_t size)
{
    sdr_address_join(addr->local, addr->domain, text, size);
}

void
sdr_address_join(const char *local, const char *domain, char *text, size_t size)
{
    size_t local_len = strlen(local), domain_len = strlen(domain);

    if (local_len + 1 + domain_len >= size) {
        snprintf(text, size, "%s@%s", local, domain);
        return;
    }
    memcpy(text, local, local_len);
    text[local_len] = '@';
    memcpy(text + local_len + 1, domain, domain_len + 1);
}

static void
add_spelling(struct sdr_spellings *spellings, const char *local,
             const char *domain)
{
    char *text = spellings->text[spellings->count];

    if (strlen(local) > SDR_LOCAL_MAX || strlen(domain) > SDR_DOMAIN_MAX)
        return;
    snprintf(text, sizeof spellings->text[0], "%s@%s", local, domain);
    for (unsigned i = 0; i < spellings->count; i++) {
        if (strcmp(spellings->text[i], text) == 0)
            return;
    }
    spellings->count++;
}

/* Add the local part, unquoted and quoted, in both domains. */
static void
spell_local(struct sdr_spellings *spellings, const char *bare,
            const char *const domains[2])
{
    char quoted[SDR_LOCAL_MAX + 1];
    bool quotable = bare[0] != '\0'
                    && put_in_quotes(bare, strlen(bare), quoted, sizeof quoted);

    for (int i = 0; i < 2; i++) {
        add_spelling(spellings, bare, domains[i]);
        if (quotable)
            add_spelling(spellings, quoted, domains[i]);
    }
}

void
sdr_address_spell(const struct sdr_address *addr,
                  struct sdr_spellings *spellings)
{
    char bare[SDR_LOCAL_MAX + 1];
    char written[SDR_LOCAL_MAX + 1];
    char *unicode = NULL;
    const char *domains[2] = {addr->domain, addr->domain};
    size_t len = strlen(addr->local);

    spellings->count = 0;
    if (strstr(addr->domain, "xn--") != NULL
        && idn2_to_unicode_8z8z(addr->domain, &unicode, 0) == IDN2_OK)
        domains[1] = unicode;
    spell_local(spellings, addr->folded, domains);
    if (!sdr_is_ascii(addr->folded, strlen(addr->folded))
        || !sdr_is_ascii(addr->local, len)) {
        len = sdr_address_bare(addr, bare);
        if (normalize(bare, len, false, written))
            spell_local(spellings, written, domains);
    }
    idn2_free(unicode);
}
