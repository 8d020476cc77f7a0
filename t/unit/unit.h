/* unit.h - what the unit tests share: rows that are printed, files that vanish
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A test is a table of rows. A row that is wrong is printed and counted, the
 * rows after it still run, and unit_end() fails the test.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "log.h"
#include "status.h"
#include "trace.h"

#define UNIT_COUNT(array) (sizeof(array) / sizeof(array)[0])

static unsigned unit_wrong;

/* If not OK, print what is said of the row. Returns OK. */
SDR_PRINTF(2, 3)
static inline bool
unit_row(bool ok, const char *format, ...)
{
    char text[4096], clean[8192];
    va_list args;

    if (ok)
        return true;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    print_error("row: %s\n", clean);
    unit_wrong++;
    return false;
}

/* Fail if a row was wrong. */
static inline void
unit_end(void)
{
    unsigned wrong = unit_wrong;

    unit_wrong = 0;
    assert_int_equal(wrong, 0);
}

/* LEN times the octet C, in a buffer of its own that lasts for a few calls. */
static inline const char *
unit_repeat(char c, size_t len)
{
    static char texts[4][1024];
    static unsigned next;
    char *text = texts[next++ % UNIT_COUNT(texts)];

    assert_true(len < sizeof texts[0]);
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

/* In a block of just that size, so that a sanitizer sees who goes beyond; the
 * caller frees it. */
static inline unsigned char *
unit_copy(const void *octets, size_t len)
{
    unsigned char *block = malloc(len > 0 ? len : 1);

    assert_non_null(block);
    memcpy(block, octets, len);
    return block;
}

/* ---- the lines of a trace ---- */

struct unit_lines {
    char text[16384];
    unsigned count;
};

static inline void
unit_add_line(void *arg, const char *line)
{
    struct unit_lines *lines = arg;
    size_t used = strlen(lines->text);

    snprintf(lines->text + used, sizeof lines->text - used, "%s\n", line);
    lines->count++;
}

/* True if line NUMBER, from 0, of the lines contains the part. */
static inline bool
unit_line_has(const struct unit_lines *lines, unsigned number, const char *part)
{
    const char *line = lines->text;
    const char *hit;

    for (; number > 0 && line != NULL; number--) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    hit = line == NULL ? NULL : strstr(line, part);
    return hit != NULL && hit < line + strcspn(line, "\n");
}

/* True if one of the lines does, and it names the file. */
static inline bool
unit_is_reported(const struct unit_lines *lines, const char *part)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (unit_line_has(lines, i, part)
            && unit_line_has(lines, i, "/sdr.conf:"))
            return true;
    }
    return false;
}

/* ---- files ---- */

static inline void
unit_write(const char *path, const char *text, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The whole file; the caller frees it. */
static inline char *
unit_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        fail_msg("%s: cannot be read", path);
    if (getdelim(&text, &size, '\0', file) < 0)
        fail_msg("%s: empty", path);
    fclose(file);
    return text;
}

/* A folder that only this test knows. */
struct unit_folder {
    char path[64], conf[96], password[96];
};

static inline void
unit_folder_make(struct unit_folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/sdr-unit-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->conf, sizeof folder->conf, "%s/sdr.conf", folder->path);
    snprintf(folder->password, sizeof folder->password, "%s/password",
             folder->path);
}

static inline void
unit_folder_remove(struct unit_folder *folder)
{
    unlink(folder->conf);
    unlink(folder->password);
    assert_int_equal(rmdir(folder->path), 0);
}

/* ---- configurations ---- */

/* Three sites, 0 of which is this one; 1 and 2 are others. */
#define UNIT_CONF                                                              \
    "this-site = onprem\n"                                                     \
    "recipient-delimiter = +\n"                                                \
    "[site onprem]\n"                                                          \
    "routing-domain = onprem.%d\n"                                             \
    "[site hosted]\n"                                                          \
    "routing-domain = hosted.%d\n"                                             \
    "owner-value = mx.hosted.example.net\n"                                    \
    "accept-domain = tenant.example.org\n"                                     \
    "[site cloud]\n"                                                           \
    "routing-domain = cloud.%d\n"                                              \
    "[domain example.com]\n"                                                   \
    "[directory corp]\n"                                                       \
    "uri = @URI@\n"                                                            \
    "search-base = dc=example,dc=com\n"                                        \
    "default-owner = onprem\n"
enum { ONPREM = 1, HOSTED = 2, CLOUD = 4 };

/* TEXT with WORD, wherever it stands, replaced; the caller frees it. */
static inline char *
unit_replace(const char *text, const char *word, const char *by)
{
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    const char *hit;

    assert_non_null(out);
    while ((hit = strstr(text, word)) != NULL) {
        fprintf(out, "%.*s%s", (int)(hit - text), text, by);
        text = hit + strlen(word);
    }
    fputs(text, out);
    fclose(out);
    return result;
}

/* Load TEXT as an sdr.conf in which @URI@ is harmless and @PASSWORD_FILE@ holds
 * this password with this mode. */
static inline enum sdr_status
unit_load_with(struct sdr_config **config, const char *text,
               const char *password, mode_t mode, struct unit_lines *mistakes)
{
    struct sdr_trace trace = {unit_add_line, mistakes};
    struct unit_folder folder;
    enum sdr_status status;
    char *named, *whole;

    memset(mistakes, 0, sizeof *mistakes);
    unit_folder_make(&folder);
    named = unit_replace(text, "@URI@", "ldap://127.0.0.1:1");
    whole = unit_replace(named, "@PASSWORD_FILE@", folder.password);
    unit_write(folder.conf, whole, strlen(whole), 0600);
    unit_write(folder.password, password, strlen(password), mode);
    status = sdr_config_load(config, folder.conf, &trace);
    free(whole);
    free(named);
    unit_folder_remove(&folder);
    return status;
}

/* The same with one that is as it should be. */
static inline enum sdr_status
unit_load(struct sdr_config **config, const char *text,
          struct unit_lines *mistakes)
{
    return unit_load_with(config, text, "secret\n", 0600, mistakes);
}

/* The same for a text that must be right. */
static inline struct sdr_config *
unit_config(const char *text)
{
    struct sdr_config *config;
    struct unit_lines mistakes;

    if (unit_load(&config, text, &mistakes) != SDR_OK)
        fail_msg("%s", mistakes.text);
    return config;
}

#endif
