/* compiled.c - see compiled.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One description serves both directions: what is written is what is read.
 */
#include "config/compiled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/file_owner.h"
#include "same_file.h"

enum { FILE_MAX_OCTETS = 16 << 20 };

/* Count it up when the description below changes. */
enum { FORMAT = 1 };

/* Numbers are written as they are in memory; the sizes show another kind of
 * machine. */
struct head {
    char magic[16];
    uint32_t format;
    uint32_t sizes;
    struct stat source;
};

static const char magic[16] = "sdr.conf binary";

struct codec {
    FILE *out;      /* NULL: it reads */
    const char *at; /* what is left to be read */
    size_t left;
    bool failed; /* and nothing counts */
};

static void
octets(struct codec *codec, void *p, size_t size)
{
    if (codec->out != NULL) {
        codec->failed |= fwrite(p, 1, size, codec->out) != size;
        return;
    }
    if (codec->failed || codec->left < size) {
        codec->failed = true;
        return;
    }
    memcpy(p, codec->at, size);
    codec->at += size;
    codec->left -= size;
}

/* The text stays where it has been read. */
static void
text(struct codec *codec, const char **t)
{
    uint32_t size =
        codec->out != NULL && *t != NULL ? (uint32_t)strlen(*t) + 1 : 0;

    octets(codec, &size, sizeof size);
    if (codec->out != NULL) {
        octets(codec, (void *)(uintptr_t)*t, size);
        return;
    }
    *t = NULL;
    if (codec->failed || size == 0)
        return;
    if (codec->left < size || codec->at[size - 1] != '\0') {
        codec->failed = true;
        return;
    }
    *t = codec->at;
    codec->at += size;
    codec->left -= size;
}

/* One that must not be missing. */
static void
name(struct codec *codec, const char **t)
{
    text(codec, t);
    codec->failed |= *t == NULL;
}

/* An array of objects of SIZE octets, each written with one octet at least. */
static void
array(struct codec *codec, void *items, unsigned *count, size_t size)
{
    void *p;

    octets(codec, count, sizeof *count);
    if (codec->out != NULL)
        return;
    codec->failed |= *count > codec->left;
    p = codec->failed || *count == 0 ? NULL : calloc(*count, size);
    codec->failed |= p == NULL && *count != 0;
    if (codec->failed)
        *count = 0;
    memcpy(items, &p, sizeof p);
}

static void
list(struct codec *codec, struct sdr_list *l)
{
    array(codec, &l->items, &l->count, sizeof *l->items);
    for (unsigned i = 0; i < l->count; i++)
        name(codec, &l->items[i]);
}

static void
domain_name(struct codec *codec, char d[SDR_DOMAIN_MAX + 1])
{
    const char *t = d;

    name(codec, &t);
    if (codec->out != NULL || codec->failed)
        return;
    codec->failed = strlen(t) > SDR_DOMAIN_MAX;
    if (!codec->failed)
        memcpy(d, t, strlen(t) + 1);
}

/* A number below LIMIT. */
static void
below(struct codec *codec, unsigned *n, unsigned limit)
{
    octets(codec, n, sizeof *n);
    codec->failed |= *n >= limit;
}

/* ---- the description ---- */

#define FIELD(codec, field) octets(codec, &(field), sizeof(field))

static void
site(struct codec *codec, struct sdr_site *s)
{
    name(codec, &s->name);
    list(codec, &s->owner_values);
    FIELD(codec, s->delivery);
    text(codec, &s->next_hop);
    FIELD(codec, s->strip_extension);
    codec->failed |= s->delivery == SDR_BY_NEXT_HOP && s->next_hop == NULL;
}

static void
domain(struct codec *codec, const struct sdr_config *config,
       struct sdr_domain *d)
{
    unsigned count = d->routing != NULL ? config->site_count : 0;

    name(codec, &d->name);
    domain_name(codec, d->ascii);
    FIELD(codec, d->unknown);
    below(codec, &d->unknown_site, config->site_count);
    below(codec, &d->canonical, config->domain_count);
    array(codec, &d->routing, &count, sizeof *d->routing);
    codec->failed |= count != 0 && count != config->site_count;
    for (unsigned i = 0; !codec->failed && i < count; i++)
        domain_name(codec, d->routing[i]);
}

static void
meaning(struct codec *codec, const struct sdr_config *config,
        struct sdr_name *n)
{
    domain_name(codec, n->domain);
    FIELD(codec, n->kind);
    below(codec, &n->site, config->site_count);
    below(codec, &n->split, config->domain_count);
    if (!codec->failed && n->kind != SDR_NAME_ACCEPT)
        codec->failed = config->domains[n->split].routing == NULL;
}

static void
mapping(struct codec *codec, struct sdr_mapping *m)
{
    list(codec, &m->addresses);
    FIELD(codec, m->explicit_addresses);
    text(codec, &m->owner);
    text(codec, &m->routing);
    text(codec, &m->hold);
    text(codec, &m->catch_all);
    FIELD(codec, m->routing_wins);
    FIELD(codec, m->contacts);
    FIELD(codec, m->outside);
}

static void
directory(struct codec *codec, const struct sdr_config *config,
          struct sdr_directory_options *d)
{
    name(codec, &d->name);
    text(codec, &d->ldif_path);
    text(codec, &d->search_base);
    text(codec, &d->filter);
    list(codec, &d->hold_values);
    below(codec, &d->default_owner, config->site_count);
    mapping(codec, &d->mapping);
}

static void
main_options(struct codec *codec, struct sdr_config *c)
{
    name(codec, &c->recipient_delimiter);
    FIELD(codec, c->loop_limit);
    list(codec, &c->always_local);
    name(codec, &c->replica.path);
    FIELD(codec, c->replica.unknown_max_age);
    FIELD(codec, c->replica.known_max_age);
}

/* Counts come first: indices are judged by them. */
static void
everything(struct codec *codec, struct sdr_config *c)
{
    array(codec, &c->sites, &c->site_count, sizeof *c->sites);
    array(codec, &c->domains, &c->domain_count, sizeof *c->domains);
    array(codec, &c->directories, &c->directory_count, sizeof *c->directories);
    array(codec, &c->names, &c->name_count, sizeof *c->names);
    codec->failed |= c->site_count > SDR_SITES_MAX || c->domain_count == 0
                     || c->directory_count == 0;
    main_options(codec, c);
    below(codec, &c->this_site, c->site_count);
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
fill_head(struct head *head, const struct stat *source)
{
    memset(head, 0, sizeof *head);
    memcpy(head->magic, magic, sizeof magic);
    head->format = FORMAT;
    head->sizes = (uint32_t)(sizeof(struct sdr_config) << 16
                             | sizeof(struct sdr_directory_options));
    head->source = *source;
}

char *
sdr_compiled_write(const struct sdr_config *config, const struct stat *source,
                   size_t *len)
{
    struct sdr_config copy = *config;
    struct codec codec = {.out = NULL};
    char *out = NULL;
    struct head head;

    codec.out = open_memstream(&out, len);
    if (codec.out == NULL)
        return NULL;
    fill_head(&head, source);
    octets(&codec, &head, sizeof head);
    everything(&codec, &copy);
    if (fclose(codec.out) == 0 && !codec.failed)
        return out;
    free(out);
    return NULL;
}

/* ---- reading ---- */

static void
free_texts(struct sdr_config *config)
{
    free(config->texts);
}

/* NULL if it is of this version and made from this file, else why not. */
static const char *
judge(const struct head *head, const struct stat *source)
{
    struct head ours;

    fill_head(&ours, source);
    if (memcmp(head, &ours, offsetof(struct head, source)) != 0)
        return "written by another version";
    return sdr_same_file(&head->source, source) ? NULL : "older than the file";
}

/* TEXTS belongs to the result, or is freed. NULL: it cannot be read. */
static struct sdr_config *
decode(const char *path, char *texts, struct codec *codec)
{
    struct sdr_config *config = calloc(1, sizeof *config);

    if (config == NULL) {
        free(texts);
        return NULL;
    }
    config->texts = texts;
    config->free_texts = free_texts;
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

static enum sdr_status
read_from(struct sdr_config **config, const char *path, const char *compiled,
          struct sdr_error *error)
{
    struct codec codec = {.out = NULL};
    const char *reason = NULL;
    struct stat source;
    struct head head;
    char *texts;

    if (sdr_file_read(compiled, false, FILE_MAX_OCTETS, &texts, &codec.left,
                      error)
        != SDR_OK)
        return SDR_NOTFOUND;
    codec.at = texts;
    octets(&codec, &head, sizeof head);
    if (sdr_file_check(path, false, error) != SDR_OK) {
        free(texts);
        return SDR_NOTFOUND;
    }
    if (stat(path, &source) != 0)
        reason = strerror(errno);
    else
        reason = codec.failed ? "cut short" : judge(&head, &source);
    if (reason != NULL) {
        free(texts);
    } else {
        *config = decode(path, texts, &codec);
        reason = *config == NULL ? "damaged" : NULL;
    }
    if (reason == NULL)
        return SDR_OK;
    sdr_error_set(error, "%s: %s", compiled, reason);
    return SDR_NOTFOUND;
}

enum sdr_status
sdr_compiled_read(struct sdr_config **config, const char *path,
                  struct sdr_error *error)
{
    enum sdr_status status = SDR_NOTFOUND;
    char *compiled = NULL;

    *config = NULL;
    if (asprintf(&compiled, "%s" SDR_COMPILED_SUFFIX, path) >= 0) {
        status = read_from(config, path, compiled, error);
        free(compiled);
    }
    return status;
}
