/* fuzz.h - what all fuzz targets share
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A target defines LLVMFuzzerTestOneInput() for one subject. No input may make
 * it crash or break a rule. libFuzzer calls it, or replay.c with the seeds.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Abort the program if the rule does not hold. */
#define FUZZ_RULE(rule)                                                        \
    ((rule) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #rule))

_Noreturn static inline void
fuzz_broken(const char *file, int line, const char *rule)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, rule);
    abort();
}

/* Returns a copy in a block of exactly this size, so that a sanitizer reports
 * each access beyond it. The caller frees it. */
static inline void *
fuzz_copy(const void *octets, size_t len)
{
    void *block = malloc(len > 0 ? len : 1);

    FUZZ_RULE(block != NULL);
    if (len > 0)
        memcpy(block, octets, len);
    return block;
}

/* Like fuzz_copy(), with a NUL after the copy. */
static inline char *
fuzz_text(const void *octets, size_t len)
{
    char *text = malloc(len + 1);

    FUZZ_RULE(text != NULL);
    if (len > 0)
        memcpy(text, octets, len);
    text[len] = '\0';
    return text;
}

/* Returns true if the text has no control character. */
static inline bool
fuzz_is_clean(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

/* The rest of an input that is read line by line. */
struct fuzz_lines {
    const char *at, *end;
};

/* Returns the next line without its newline: *LEN octets, which may include
 * NULs, and a NUL. The caller frees it. Returns NULL after the last line. */
static inline char *
fuzz_line(struct fuzz_lines *lines, size_t *len)
{
    const char *from = lines->at;
    const char *to;

    if (from == lines->end)
        return NULL;
    to = memchr(from, '\n', (size_t)(lines->end - from));
    *len = (size_t)((to == NULL ? lines->end : to) - from);
    lines->at = to == NULL ? lines->end : to + 1;
    return fuzz_text(from, *len);
}

#endif
