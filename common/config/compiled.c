/* compiled.c - see compiled.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The file holds a header, the text of the configuration that it was made from,
 * and the configuration itself.
 */
#include "config/compiled.h"

#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/codec.h"
#include "config/file_owner.h"
#include "decision/sdr.h"
#include "hash.h"

enum { FILE_MAX_OCTETS = 16 << 20 };

/* Increase it when the written form or the meaning of sdr.conf changes. */
enum { FORMAT = 1 };

struct head {
    char magic[16];
    char version[32]; /* of sdr, and of libidn2, which converts domains */
    uint32_t format;
    uint32_t source_len;
    uint64_t sum; /* checksum of everything else */
};

/* ---- the description ---- */

static void
site(struct sdr_codec *codec, struct sdr_site *s)
{
    sdr_codec_text(codec, &s->name);
    sdr_codec_list(codec, &s->owner_values);
    SDR_CODEC_ENUM(codec, s->delivery, SDR_BY_NEXT_HOP);
    sdr_codec_optional(codec, &s->next_hop);
    sdr_codec_flag(codec, &s->strip_extension);
    codec->failed |= s->delivery == SDR_BY_NEXT_HOP && s->next_hop == NULL;
}

static void
domain(struct sdr_codec *codec, const struct sdr_config *config,
       struct sdr_domain *d)
{
    unsigned count = d->routing != NULL ? config->site_count : 0;

    sdr_codec_text(codec, &d->name);
    sdr_codec_chars(codec, d->ascii, SDR_DOMAIN_MAX + 1);
    SDR_CODEC_ENUM(codec, d->unknown, SDR_UNKNOWN_SITE);
    sdr_codec_below(codec, &d->unknown_site, config->site_count);
    sdr_codec_below(codec, &d->canonical, config->domain_count);
    sdr_codec_array(codec, &d->routing, &count, sizeof *d->routing);
    codec->failed |= count != 0 && count != config->site_count;
    for (unsigned i = 0; !codec->failed && i < count; i++)
        sdr_codec_chars(codec, d->routing[i], SDR_DOMAIN_MAX + 1);
}

static void
meaning(struct sdr_codec *codec, const struct sdr_config *config,
        struct sdr_name *n)
{
    sdr_codec_chars(codec, n->domain, SDR_DOMAIN_MAX + 1);
    SDR_CODEC_ENUM(codec, n->kind, SDR_NAME_ACCEPT);
    sdr_codec_below(codec, &n->site, config->site_count);
    sdr_codec_below(codec, &n->split, config->domain_count);
    if (!codec->failed && n->kind != SDR_NAME_ACCEPT)
        codec->failed = config->domains[n->split].routing == NULL;
}

static void
mapping(struct sdr_codec *codec, struct sdr_mapping *m)
{
    sdr_codec_list(codec, &m->addresses);
    sdr_codec_flag(codec, &m->explicit_addresses);
    sdr_codec_optional(codec, &m->owner);
    sdr_codec_optional(codec, &m->routing);
    sdr_codec_optional(codec, &m->hold);
    sdr_codec_optional(codec, &m->catch_all);
    sdr_codec_flag(codec, &m->routing_wins);
    sdr_codec_flag(codec, &m->contacts);
    SDR_CODEC_ENUM(codec, m->outside, SDR_OUTSIDE_REDIRECTS);
}

static void
directory(struct sdr_codec *codec, const struct sdr_config *config,
          struct sdr_directory_options *d)
{
    sdr_codec_text(codec, &d->name);
    sdr_codec_optional(codec, &d->ldif_path);
    sdr_codec_optional(codec, &d->search_base);
    sdr_codec_optional(codec, &d->filter);
    sdr_codec_list(codec, &d->hold_values);
    sdr_codec_below(codec, &d->default_owner, config->site_count);
    mapping(codec, &d->mapping);
}

static void
main_options(struct sdr_codec *codec, struct sdr_config *c)
{
    sdr_codec_text(codec, &c->recipient_delimiter);
    sdr_codec_number(codec, &c->loop_limit);
    sdr_codec_list(codec, &c->always_local);
    sdr_codec_text(codec, &c->replica.path);
    sdr_codec_number(codec, &c->replica.unknown_max_age);
    sdr_codec_number(codec, &c->replica.known_max_age);
}

/* Counts come first, because indices are checked against them. */
static void
everything(struct sdr_codec *codec, struct sdr_config *c)
{
    sdr_codec_array(codec, &c->sites, &c->site_count, sizeof *c->sites);
    sdr_codec_array(codec, &c->domains, &c->domain_count, sizeof *c->domains);
    sdr_codec_array(codec, &c->directories, &c->directory_count,
                    sizeof *c->directories);
    sdr_codec_array(codec, &c->names, &c->name_count, sizeof *c->names);
    codec->failed |= c->site_count > SDR_SITES_MAX || c->domain_count == 0
                     || c->directory_count == 0;
    main_options(codec, c);
    sdr_codec_below(codec, &c->this_site, c->site_count);
    for (unsigned i = 0; !codec->failed && i < c->site_count; i++)
        site(codec, &c->sites[i]);
    for (unsigned i = 0; !codec->failed && i < c->domain_count; i++)
        domain(codec, c, &c->domains[i]);
    for (unsigned i = 0; !codec->failed && i < c->name_count; i++)
        meaning(codec, c, &c->names[i]);
    for (unsigned i = 0; !codec->failed && i < c->directory_count; i++)
        directory(codec, c, &c->directories[i]);
}

/* ---- writing ---- */

static void
fill_head(struct head *head)
{
    memset(head, 0, sizeof *head);
    snprintf(head->magic, sizeof head->magic, "sdr.conf binary");
    snprintf(head->version, sizeof head->version, "%s, %s", SDR_VERSION,
             idn2_check_version(NULL));
    head->format = FORMAT;
}

static uint64_t
sum(const struct head *head, const char *octets, size_t len)
{
    struct head blank = *head;

    blank.sum = 0;
    return sdr_hash(octets, len, sdr_hash(&blank, sizeof blank, 0));
}

char *
sdr_compiled_write(const struct sdr_config *config, const char *source,
                   size_t source_len, size_t *len)
{
    struct sdr_config copy = *config;
    struct sdr_codec codec = {.out = NULL};
    char *out = NULL;
    struct head head;

    codec.out = open_memstream(&out, len);
    if (codec.out == NULL)
        return NULL;
    fill_head(&head);
    head.source_len = (uint32_t)source_len;
    codec.failed = fwrite(&head, sizeof head, 1, codec.out) != 1
                   || fwrite(source, 1, source_len, codec.out) != source_len;
    everything(&codec, &copy);
    if (fclose(codec.out) != 0 || codec.failed) {
        free(out);
        return NULL;
    }
    head.sum = sum(&head, out + sizeof head, *len - sizeof head);
    memcpy(out, &head, sizeof head);
    return out;
}

/* ---- reading ---- */

static void
free_texts(struct sdr_config *config)
{
    free(config->texts);
}

/* Returns NULL if the octets are complete, of this version and made from
 * SOURCE; else the reason. After NULL, the codec is at the configuration. */
static const char *
judge(struct sdr_codec *codec, const char *source, size_t source_len)
{
    struct head head, ours;

    if (codec->left < sizeof head)
        return "cut short";
    memcpy(&head, codec->at, sizeof head);
    codec->at += sizeof head;
    codec->left -= sizeof head;
    fill_head(&ours);
    if (memcmp(&head, &ours, offsetof(struct head, source_len)) != 0)
        return "made by another version of sdr or libidn2";
    if (head.sum != sum(&head, codec->at, codec->left)
        || codec->left < head.source_len)
        return "damaged";
    if (head.source_len != source_len
        || memcmp(codec->at, source, source_len) != 0)
        return "the configuration has changed since";
    codec->at += source_len;
    codec->left -= source_len;
    return NULL;
}

/* Returns NULL if the octets are not a configuration, or without memory. */
static struct sdr_config *
decode(const char *path, struct sdr_codec *codec)
{
    struct sdr_config *config = calloc(1, sizeof *config);

    if (config == NULL)
        return NULL;
    config->is_compiled = true;
    config->path = strdup(path);
    everything(codec, config);
    for (unsigned i = 0; i < config->directory_count; i++) {
        config->directories[i].config = config;
        config->directories[i].index = i;
    }
    if (config->path == NULL || codec->failed || codec->left > 0)
        sdr_config_free(&config);
    return config;
}

/* Returns the configuration, which then owns TEXTS; or NULL with the reason,
 * after freeing TEXTS. */
static struct sdr_config *
read_texts(const char *path, char *texts, size_t len, const char **reason)
{
    struct sdr_codec codec = {.at = texts, .left = len};
    struct sdr_config *config = NULL;
    struct sdr_error error = {""};
    char *source = NULL;
    size_t source_len;

    if (sdr_file_read(path, false, SDR_CONFIG_MAX_OCTETS, &source, &source_len,
                      &error)
        != SDR_OK)
        *reason = "the configuration cannot be read";
    else
        *reason = judge(&codec, source, source_len);
    free(source);
    if (*reason == NULL) {
        config = decode(path, &codec);
        *reason = config == NULL ? "damaged" : NULL;
    }
    if (config == NULL) {
        free(texts);
        return NULL;
    }
    config->texts = texts;
    config->free_texts = free_texts;
    return config;
}

static enum sdr_status
read_from(struct sdr_config **config, const char *path, const char *compiled,
          struct sdr_error *error)
{
    const char *reason;
    char *texts;
    size_t len;

    if (access(compiled, F_OK) != 0 && errno == ENOENT)
        return SDR_NOTFOUND;
    if (sdr_file_check_made(compiled, path, error) != SDR_OK
        || sdr_file_read(compiled, false, FILE_MAX_OCTETS, &texts, &len, error)
               != SDR_OK)
        return SDR_INVALID;
    *config = read_texts(path, texts, len, &reason);
    if (*config != NULL)
        return SDR_OK;
    sdr_error_set(error, "%s: %s", compiled, reason);
    return SDR_INVALID;
}

enum sdr_status
sdr_compiled_read(struct sdr_config **config, const char *path,
                  struct sdr_error *error)
{
    enum sdr_status status = SDR_TEMPFAIL;
    char *compiled = NULL;

    *config = NULL;
    if (asprintf(&compiled, "%s" SDR_COMPILED_SUFFIX, path) >= 0) {
        status = read_from(config, path, compiled, error);
        free(compiled);
    }
    return status;
}
