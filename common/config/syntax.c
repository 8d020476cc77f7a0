/* syntax.c - see load.h: call libini_config's parser, and explain its errors
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ini_configobj.h>
#include <unistr.h>

/* Note why libini_config rejected a line. Its own text, OTHERWISE, is often
 * "Equal sign is missing.", whatever the error. */
static void
explain_line(struct sdr_load *load, unsigned line, const char *otherwise)
{
    const char *s = load->text; /* the first line is ours */
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

    if (ini_config_get_errors(load->parsed, &errors) != 0)
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

/* libini_config accepts only ASCII in the names of sections and options. For
 * others it returns EINVAL and no reason. */
static void
explain_unreadable(struct sdr_load *load, const char *text, int rc)
{
    unsigned line = 0; /* the first line is ours */

    for (const char *s = text; *s != '\0'; line++) {
        const char *end = strchrnul(s, '\n');
        const char *stop = *s == '[' ? end : s + strcspn(s, "=\n");

        if (*s != '#' && *s != ';' && !sdr_is_ascii(s, (size_t)(stop - s)))
            sdr_load_mistake(load, line,
                             "a name is not ASCII; write domains as xn--...");
        s = *end == '\0' ? end : end + 1;
    }
    if (load->mistake_count == 0)
        sdr_load_mistake(load, 0, "cannot be parsed: %s", strerror(rc));
}

enum sdr_status
sdr_load_parse(struct sdr_load *load, char *text, size_t len)
{
    struct ini_cfgfile *file = NULL;
    int rc;

    if (ini_config_create(&load->parsed) != 0)
        return SDR_TEMPFAIL;
    if (ini_config_file_from_mem(text, (uint32_t)len, &file) != 0)
        return SDR_TEMPFAIL;
    rc = ini_config_parse(
        file, INI_STOP_ON_NONE, INI_MV1S_ALLOW | INI_MV2S_ALLOW | INI_MS_MERGE,
        INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, load->parsed);
    ini_config_file_destroy(file);
    if (ini_config_error_count(load->parsed) > 0)
        explain_syntax(load);
    else if (rc == ENOMEM)
        return SDR_TEMPFAIL;
    else if (rc != 0)
        explain_unreadable(load, text, rc);
    return load->mistake_count > 0 ? SDR_CONFIG : SDR_OK;
}

enum sdr_status
sdr_load_check_text(struct sdr_load *load, const char *text, size_t len)
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
