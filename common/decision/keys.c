/* keys.c - see keys.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/keys.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Bounce Address Tag Validation: the tag is opaque to everyone but its issuer.
 * The first form is draft-levine-smtp-batv's, the second Barracuda's, the third
 * Momentum's. */
static const struct {
    const char *begin, *end;
} tags[] = {{"prvs=", "="}, {"btv1==", "=="}, {"msprvs1=", "="}};

/* The draft's early versions: "prvs=alice/TAG", with a tag of this length. */
enum { OLD_TAG = 10 };

struct bare {
    char text[SDR_LOCAL_MAX + 1];
    size_t len;
};

static bool
is_in_tag(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || c == '-';
}

static size_t
tag_length(const char *s)
{
    size_t n = 0;

    while (is_in_tag(s[n]))
        n++;
    return n;
}

static bool
begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* Find the address inside a BATV tag. Returns false if there is no tag. */
static bool
find_tagged(const struct bare *bare, struct sdr_octets *tagged)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        size_t from = strlen(tags[i].begin);
        size_t tag = begins(bare->text, tags[i].begin)
                         ? tag_length(bare->text + from)
                         : 0;

        from += tag;
        if (tag == 0 || !begins(bare->text + from, tags[i].end))
            continue;
        from += strlen(tags[i].end);
        *tagged = (struct sdr_octets){(unsigned short)from,
                                      (unsigned short)bare->len};
        return from < bare->len;
    }
    return false;
}

static bool
find_old_tagged(const struct bare *bare, struct sdr_octets *tagged)
{
    size_t from = strlen(tags[0].begin);
    const char *slash = strrchr(bare->text, '/');

    if (!begins(bare->text, tags[0].begin) || slash == NULL
        || tag_length(slash + 1) != OLD_TAG || slash[1 + OLD_TAG] != '\0')
        return false;
    *tagged = (struct sdr_octets){(unsigned short)from,
                                  (unsigned short)(slash - bare->text)};
    return tagged->from < tagged->to;
}

static void
add(struct sdr_keys *keys, const struct bare *bare, size_t from, size_t to,
    struct sdr_octets extension)
{
    if (sdr_address_make(&keys->key[keys->count], bare->text + from, to - from,
                         keys->key[0].domain)
        == SDR_OK)
        keys->extension[keys->count++] = extension;
}

/* Returns the index of the first delimiter that has something before it in
 * these octets; their end if there is none. */
static size_t
find_first(const struct bare *bare, struct sdr_octets octets,
           const char *delimiters)
{
    size_t i = octets.from + 1U;

    while (i < octets.to && strchr(delimiters, bare->text[i]) == NULL)
        i++;
    return i;
}

static void
add_stripped(struct sdr_keys *keys, const struct bare *bare,
             struct sdr_octets octets, const char *delimiters)
{
    size_t first = find_first(bare, octets, delimiters);
    unsigned room = SDR_KEYS_STRIPPED;

    for (size_t i = octets.to; i-- > first && room > 0;) {
        if (strchr(delimiters, bare->text[i]) == NULL)
            continue;
        if (--room == 0)
            i = first;
        add(keys, bare, octets.from, i,
            (struct sdr_octets){(unsigned short)i, octets.to});
    }
}

static void
add_catch_all(struct sdr_keys *keys)
{
    struct sdr_address *last = &keys->key[keys->count];

    last->local[0] = last->folded[0] = '\0';
    memcpy(last->domain, keys->key[0].domain, strlen(keys->key[0].domain) + 1);
    keys->extension[keys->count] = keys->extension[keys->count - 1];
    keys->count++;
}

/* Returns true if the address has neither an extension nor a tag: the common
 * case, which is fast. */
static bool
is_plain(const struct sdr_address *address, const char *delimiters)
{
    while (*delimiters != '\0') {
        if (strchr(address->local, *delimiters++) != NULL)
            return false;
    }
    return strchr(address->local, '=') == NULL;
}

void
sdr_keys_make(struct sdr_keys *keys, const struct sdr_address *address,
              const char *domain, const char *delimiters)
{
    static const struct sdr_octets none = {0, 0};
    struct sdr_octets tagged;
    struct bare bare;

    sdr_address_copy_at(&keys->key[0], address, domain);
    keys->extension[0] = none;
    keys->count = 1;
    if (!is_plain(address, delimiters)) {
        bare.len = sdr_address_bare(address, bare.text);
        add_stripped(keys, &bare,
                     (struct sdr_octets){0, (unsigned short)bare.len},
                     delimiters);
        if (find_tagged(&bare, &tagged) || find_old_tagged(&bare, &tagged)) {
            add(keys, &bare, tagged.from, tagged.to, none);
            add_stripped(keys, &bare, tagged, delimiters);
        }
    }
    add_catch_all(keys);
}

void
sdr_keys_strip(const struct sdr_keys *keys, unsigned key,
               char local[SDR_LOCAL_MAX + 1])
{
    struct sdr_octets extension = keys->extension[key];
    struct sdr_address stripped;
    struct bare bare;

    memcpy(local, keys->key[0].local, strlen(keys->key[0].local) + 1);
    if (extension.from == extension.to)
        return;
    bare.len = sdr_address_bare(&keys->key[0], bare.text);
    memmove(bare.text + extension.from, bare.text + extension.to,
            bare.len - extension.to + 1);
    if (sdr_address_make(&stripped, bare.text,
                         bare.len - (extension.to - extension.from),
                         keys->key[0].domain)
        == SDR_OK)
        memcpy(local, stripped.local, strlen(stripped.local) + 1);
}
