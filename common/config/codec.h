/* codec.h - write texts, numbers and arrays as octets, and read them back
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One description of a structure serves for writing and for reading: each
 * function writes the value that its argument points to, or reads it into that
 * place. Reading never goes beyond the octets and accepts no value out of
 * range. Any error sets FAILED; the values read are then undefined but can be
 * freed. Numbers have the size and byte order of this host. Each thread uses
 * its own codec.
 */
#ifndef SDR_CODEC_H
#define SDR_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

struct sdr_codec {
    FILE *out;      /* write to this stream; NULL: read */
    const char *at; /* the next octet to read */
    size_t left;    /* octets from there */
    bool failed;
};

/* Any number. */
void
sdr_codec_number(struct sdr_codec *codec, unsigned *number);

/* A number less than LIMIT. */
void
sdr_codec_below(struct sdr_codec *codec, unsigned *number, unsigned limit);

void
sdr_codec_flag(struct sdr_codec *codec, bool *flag);

/* An enum with the values 0 to LAST. */
#define SDR_CODEC_ENUM(codec, field, last)                                     \
    do {                                                                       \
        unsigned number_ = (unsigned)(field);                                  \
        sdr_codec_below(codec, &number_, (unsigned)(last) + 1);                \
        (field) = (codec)->failed ? (field) : (__typeof__(field))number_;      \
    } while (0)

/* A text or NULL. A text that has been read points into the octets. */
void
sdr_codec_optional(struct sdr_codec *codec, const char **text);

/* The same for a text that must not be NULL. */
void
sdr_codec_text(struct sdr_codec *codec, const char **text);

/* A text in an array of SIZE octets, the final NUL included. */
void
sdr_codec_chars(struct sdr_codec *codec, char *text, size_t size);

/* The number of items in an array, but not the items. ITEMS is the address of a
 * pointer of any type. Reading sets that pointer to a new array of *COUNT
 * zeroed items of SIZE octets, which the caller frees; to NULL if *COUNT is 0.
 */
void
sdr_codec_array(struct sdr_codec *codec, void *items, unsigned *count,
                size_t size);

/* A list of texts. After reading, the caller frees LIST->items. */
void
sdr_codec_list(struct sdr_codec *codec, struct sdr_list *list);

#endif
