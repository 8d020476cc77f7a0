/* codec.c - see codec.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/codec.h"

#include <stdlib.h>
#include <string.h>

void
sdr_codec_number(struct sdr_codec *codec, unsigned *number)
{
    if (codec->out != NULL) {
        codec->failed |= fwrite(number, sizeof *number, 1, codec->out) != 1;
        return;
    }
    if (codec->failed || codec->left < sizeof *number) {
        codec->failed = true;
        return;
    }
    memcpy(number, codec->at, sizeof *number);
    codec->at += sizeof *number;
    codec->left -= sizeof *number;
}

void
sdr_codec_below(struct sdr_codec *codec, unsigned *number, unsigned limit)
{
    sdr_codec_number(codec, number);
    if (*number < limit)
        return;
    codec->failed = true;
    if (codec->out == NULL)
        *number = 0;
}

void
sdr_codec_flag(struct sdr_codec *codec, bool *flag)
{
    unsigned number = *flag;

    sdr_codec_below(codec, &number, 2);
    *flag = number == 1;
}

void
sdr_codec_optional(struct sdr_codec *codec, const char **text)
{
    unsigned size =
        codec->out != NULL && *text != NULL ? (unsigned)strlen(*text) + 1 : 0;

    sdr_codec_number(codec, &size);
    if (codec->out != NULL) {
        if (size > 0)
            codec->failed |= fwrite(*text, size, 1, codec->out) != 1;
        return;
    }
    *text = NULL;
    if (codec->failed || size == 0)
        return;
    if (codec->left < size
        || memchr(codec->at, '\0', size) != codec->at + size - 1) {
        codec->failed = true;
        return;
    }
    *text = codec->at;
    codec->at += size;
    codec->left -= size;
}

void
sdr_codec_text(struct sdr_codec *codec, const char **text)
{
    sdr_codec_optional(codec, text);
    codec->failed |= *text == NULL;
}

void
sdr_codec_chars(struct sdr_codec *codec, char *text, size_t size)
{
    const char *t = text;

    sdr_codec_text(codec, &t);
    if (codec->out != NULL || codec->failed)
        return;
    codec->failed = strlen(t) >= size;
    if (!codec->failed)
        memcpy(text, t, strlen(t) + 1);
}

/* Each item takes at least one number, which limits a false count. */
void
sdr_codec_array(struct sdr_codec *codec, void *items, unsigned *count,
                size_t size)
{
    void *p = NULL;

    sdr_codec_number(codec, count);
    if (codec->out != NULL)
        return;
    codec->failed |= *count > codec->left / sizeof *count;
    if (!codec->failed && *count > 0) {
        p = calloc(*count, size);
        codec->failed = p == NULL;
    }
    if (codec->failed)
        *count = 0;
    memcpy(items, &p, sizeof p);
}

void
sdr_codec_list(struct sdr_codec *codec, struct sdr_list *list)
{
    sdr_codec_array(codec, &list->items, &list->count, sizeof *list->items);
    for (unsigned i = 0; !codec->failed && i < list->count; i++)
        sdr_codec_text(codec, &list->items[i]);
}
