/* value.c - see value.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/value.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* ---- the whole value ---- */

void
sdr_value_trim(const char **value, size_t *len)
{
    while (*len > 0 && (*value)[*len - 1] == ' ')
        --*len;
    while (*len > 0 && **value == ' ') {
        ++*value;
        --*len;
    }
}

bool
sdr_value_is(const char *text, const char *value, size_t len)
{
    return text != NULL && strlen(text) == len
           && strncasecmp(text, value, len) == 0;
}

bool
sdr_attribute_is(const char *name, const char *attribute)
{
    return sdr_value_is(name, attribute, strcspn(attribute, ";"));
}

/* Prefixes in use for mail addresses, other than "smtp:". */
static bool
is_link(const char *scheme, size_t len)
{
    static const char *const names[] = {"mailto", "mail", "email", "e-mail",
                                        "rfc822"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sdr_value_is(names[i], scheme, len))
            return true;
    }
    return false;
}

enum sdr_scheme
sdr_value_scheme(const char **value, size_t *len)
{
    const char *s = *value;
    size_t n = 0;

    while (n < *len && (isalnum((unsigned char)s[n]) || s[n] == '-'))
        n++;
    if (n == 0 || n == *len || s[n] != ':')
        return SDR_SCHEME_NONE;
    *value += n + 1;
    *len -= n + 1;
    if (sdr_value_is("smtp", s, n))
        return SDR_SCHEME_MAIL;
    return is_link(s, n) ? SDR_SCHEME_LINK : SDR_SCHEME_OTHER;
}

static enum sdr_scheme
usual_scheme(const char *attribute)
{
    return sdr_attribute_is("proxyAddresses", attribute) ? SDR_SCHEME_MAIL
                                                         : SDR_SCHEME_NONE;
}

const struct sdr_value_form *
sdr_value_forms(const char *attribute)
{
    static const struct sdr_value_form without_scheme[] = {
        {"", ""}, {"", "."}, {"<", ">"}, {"smtp:", ""}, {NULL, NULL}};
    static const struct sdr_value_form with_scheme[] = {
        {"smtp:", ""}, {"smtp:", "."}, {"smtp: ", ""}, {"smtp:<", ">"},
        {"", ""},      {"<", ">"},     {NULL, NULL}};

    return usual_scheme(attribute) == SDR_SCHEME_NONE ? without_scheme
                                                      : with_scheme;
}

/* ---- addresses inside the value ---- */

struct search {
    void (*found)(void *arg, const struct sdr_address *address, bool certain);
    void *arg;
    const char *text;
    size_t len;
};

/* A part of the text. */
struct run {
    size_t from, to;
};

/* Characters that a server may ignore or a person may not see: white space of
 * all scripts, formatting and control characters. RFC 4518 maps them to a blank
 * or to nothing. */
static bool
is_unseen(ucs4_t c)
{
    return uc_is_property_white_space(c) || uc_is_property_iso_control(c)
           || uc_is_property_default_ignorable_code_point(c);
}

/* Servers map U+FF20 and U+FE6B to @ (NFKC). */
static bool
is_at(ucs4_t c)
{
    return c == '@' || c == 0xff20 || c == 0xfe6b;
}

static bool
is_in_domain(ucs4_t c)
{
    return c >= 0x80 || isalnum((int)c) || c == '-' || c == '_' || c == '.';
}

static bool
is_in_local(ucs4_t c)
{
    return is_in_domain(c) || (c > ' ' && strchr("!#$%&'*+/=?^`{|}~", (int)c));
}

/* Read the character at I. Returns its length. */
static size_t
character(const struct search *search, size_t i, ucs4_t *c)
{
    int n = u8_mbtouc(c, (const uint8_t *)search->text + i, search->len - i);

    return n > 0 ? (size_t)n : 1;
}

static struct run
find_domain(const struct search *search, size_t i)
{
    struct run domain = {i, i};
    ucs4_t c;

    for (size_t n; i < search->len && domain.to - domain.from <= SDR_DOMAIN_MAX;
         i += n) {
        n = character(search, i, &c);
        if (is_unseen(c) ? domain.to > domain.from : !is_in_domain(c))
            break;
        if (is_unseen(c))
            domain.from = domain.to = i + n;
        else
            domain.to = i + n;
    }
    while (domain.to > domain.from
           && strchr(".-_", search->text[domain.to - 1]) != NULL)
        domain.to--;
    return domain;
}

static void
offer(const struct search *search, struct run local, struct run domain)
{
    char text[SDR_ADDRESS_MAX + 1];
    size_t local_len = local.to - local.from;
    size_t domain_len = domain.to - domain.from;
    struct sdr_address address;

    if (local_len == 0 || local_len + 1 + domain_len > sizeof text)
        return;
    memcpy(text, search->text + local.from, local_len);
    text[local_len] = '@';
    memcpy(text + local_len + 1, search->text + domain.from, domain_len);
    if (sdr_address_read(&address, text, local_len + 1 + domain_len) == SDR_OK)
        search->found(search->arg, &address, false);
}

/* Report the address, and also the part of its local part after the last
 * special character: "'alice" may be alice in quotes, "x|alice" the second of
 * two. */
static void
offer_all(const struct search *search, struct run local, size_t behind_at)
{
    struct run domain = find_domain(search, behind_at);
    size_t from = local.to;

    offer(search, local, domain);
    if (local.to == local.from || search->text[local.from] == '"')
        return;
    while (from > local.from
           && strchr("!#$%&'*/=?^`{|}~", search->text[from - 1]) == NULL)
        from--;
    if (from > local.from)
        offer(search, (struct run){from, local.to}, domain);
}

/* Returns true if the next character that is not a blank is an @. */
static bool
is_before_at(const struct search *search, size_t i)
{
    ucs4_t c = 0;

    for (size_t n; i < search->len; i += n) {
        n = character(search, i, &c);
        if (!is_unseen(c))
            return is_at(c);
    }
    return false;
}

/* Returns the length of the quoted local part at I; 0 if there is none. Quotes
 * may also enclose a display name, or a whole address. */
static size_t
quoted_length(const struct search *search, size_t i)
{
    size_t end = i + 1, limit = i + SDR_LOCAL_MAX;

    if (search->text[i] != '"')
        return 0;
    if (limit > search->len)
        limit = search->len;
    while (end < limit && search->text[end] != '"')
        end += search->text[end] == '\\' ? 2 : 1;
    return end < limit && is_before_at(search, end + 1) ? end + 1 - i : 0;
}

/* Report each address: the local part before an @ and the domain after it,
 * ignoring blanks between them. */
static void
scan(const struct search *search)
{
    struct run local = {0, 0};
    bool open = false;

    for (size_t i = 0, n; i < search->len; i += n) {
        size_t quoted = quoted_length(search, i);
        ucs4_t c;

        n = character(search, i, &c);
        if (quoted > 0) {
            n = quoted;
            local = (struct run){i, i + n};
            open = false;
        } else if (is_at(c)) {
            offer_all(search, local, i + n);
            local.from = local.to;
            open = false;
        } else if (is_unseen(c)) { /* some scripts need a joiner in a word */
            open = open && uc_is_property_join_control(c);
        } else if (is_in_local(c)) {
            local = (struct run){open ? local.from : i, i + n};
            open = true;
        } else {
            local.from = local.to;
            open = false;
        }
    }
}

/* ---- reading ---- */

/* Returns true if every character can only be part of the local part. */
static bool
is_plain(const char *local)
{
    if (local[0] == '"')
        return true;
    for (; *local != '\0'; local++) {
        if ((unsigned char)*local >= 0x80
            || !is_in_local((unsigned char)*local))
            return false;
    }
    return true;
}

static bool
strip_brackets(const char **value, size_t *len)
{
    if (*len < 2 || (*value)[0] != '<' || (*value)[*len - 1] != '>')
        return false;
    ++*value;
    *len -= 2;
    sdr_value_trim(value, len);
    return true;
}

/* Returns true if a search for DOMAIN would find TEXT. In other scripts our
 * reader accepts more forms of a domain than a search asks for. */
static bool
is_domain(const char *text, size_t len, const char *domain)
{
    char *unicode = NULL;
    int order = 1;

    if (sdr_is_ascii(text, len))
        return true;
    if (text[len - 1] == '.')
        len--;
    if (idn2_to_unicode_8z8z(domain, &unicode, 0) == IDN2_OK
        && u8_casecmp((const uint8_t *)text, len, (const uint8_t *)unicode,
                      strlen(unicode), NULL, UNINORM_NFC, &order)
               != 0)
        order = 1;
    idn2_free(unicode);
    return order == 0;
}

/* Returns true if a search would find this form of the address. A search asks
 * for one quoted form, and for a final dot only on unquoted ASCII; see
 * sdr_address_spell() and sdr_value_forms(). */
static bool
is_asked_for(const char *value, size_t len)
{
    bool quoted = value[0] == '"';

    if (value[len - 1] == '.' && (quoted || !sdr_is_ascii(value, len)))
        return false;
    for (size_t i = 0; quoted && i + 1 < len; i++) {
        if (value[i] == '\\' && strchr("\"\\", value[++i]) == NULL)
            return false;
    }
    return true;
}

/* Read the whole value as one address. Returns true if it can mean nothing
 * else. */
static bool
read_whole(const struct search *search, const char *value, size_t len,
           bool certain)
{
    struct sdr_address address;
    const char *at;

    if (sdr_address_read(&address, value, len) != SDR_OK)
        return false;
    at = memrchr(value, '@', len);
    certain =
        certain && is_asked_for(value, len)
        && is_domain(at + 1, len - (size_t)(at + 1 - value), address.domain);
    search->found(search->arg, &address, certain);
    return certain && is_plain(address.local);
}

void
sdr_value_read(const char *attribute, const char *value, size_t len,
               void (*found)(void *arg, const struct sdr_address *address,
                             bool certain),
               void *arg)
{
    struct search search = {.found = found, .arg = arg};
    enum sdr_scheme usual = usual_scheme(attribute), scheme;
    bool certain;

    sdr_value_trim(&value, &len);
    scheme = sdr_value_scheme(&value, &len);
    if (scheme == SDR_SCHEME_OTHER)
        return;
    certain = scheme == usual && (len == 0 || value[0] != ' ');
    sdr_value_trim(&value, &len);
    if (read_whole(&search, value, len, certain))
        return;
    search.text = value;
    search.len = len;
    scan(&search);
    if (strip_brackets(&value, &len))
        (void)read_whole(&search, value, len, false);
}
