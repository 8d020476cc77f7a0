/* codec.h - texts, numbers and arrays, to octets and back
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One description of a structure serves both directions: each function writes
 * what its argument points to, or reads it. Reading never goes beyond the
 * octets, and accepts no number that the field cannot have. Any error sets
 * FAILED; what has been read then is of no use, but can be freed.
 */
#ifndef SDR_CODEC_H
#define SDR_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

struct sdr_codec {
    FILE *out;      /* NULL: it reads */
    const char *at; /* what is left to be read */
    size_t left;
    bool failed;
};

/* Any number; one below LIMIT; a boolean. */
void
sdr_codec_number(struct sdr_codec *codec, unsigned *number);
void
sdr_codec_below(struct sdr_codec *codec, unsigned *number, unsigned limit);
void
sdr_codec_flag(struct sdr_codec *codec, bool *flag);

/* An enum, with the names from 0 to LAST. */
#define SDR_CODEC_ENUM(codec, field, last)                                     \
    do {                                                                       \
        unsigned number_ = (unsigned)(field);                                  \
        sdr_codec_below(codec, &number_, (unsigned)(last) + 1);                \
        (field) = (codec)->failed ? (field) : (__typeof__(field))number_;      \
    } while (0)

/* A text or NULL; a text; a text in an array of SIZE octets. What has been read
 * stays where it was, among the octets. */
void
sdr_codec_optional(struct sdr_codec *codec, const char **text);
void
sdr_codec_text(struct sdr_codec *codec, const char **text);
void
sdr_codec_chars(struct sdr_codec *codec, char *text, size_t size);

/* How many items of SIZE octets the array at *ITEMS has, a pointer of any type.
 * Reading makes the array, of zeroes; the caller frees it. */
void
sdr_codec_array(struct sdr_codec *codec, void *items, unsigned *count,
                size_t size);
void
sdr_codec_list(struct sdr_codec *codec, struct sdr_list *list);

#endif
