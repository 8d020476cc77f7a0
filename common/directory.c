/* directory.c - see directory.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ad.h"
#include "clock.h"
#include "connection.h"
#include "filter.h"
#include "profile.h"
#include "rights.h"
#include "sight.h"
#include "tour.h"

/* A recipient that stands in more entries than this is not looked into. */
enum { ENTRIES_MAX = 100 };

enum { DN_MAX_OCTETS = 2048 };

struct sdr_directory {
    const struct sdr_config *config;
    const struct sdr_directory_options *options;
    unsigned index;
    struct sdr_pool *pool;
    const char **attributes; /* wanted of each entry; ended by NULL */
    const char **first; /* and over a new connection: they tell, too, whether
                           it is Active Directory */
};

/* ---- life ---- */

struct sdr_directory *
sdr_directory_new(const struct sdr_config *config, unsigned index)
{
    const char *const telling[] = {sdr_ad_never_shows, NULL};
    struct sdr_directory *d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    d->config = config;
    d->options = &config->directories[index];
    d->index = index;
    d->pool = sdr_pool_new(d->options);
    d->attributes = sdr_profile_attributes(&d->options->mapping, NULL);
    d->first = sdr_profile_attributes(&d->options->mapping, telling);
    if (d->pool == NULL || d->attributes == NULL || d->first == NULL)
        sdr_directory_free(&d);
    return d;
}

void
sdr_directory_free(struct sdr_directory **directory)
{
    struct sdr_directory *d = *directory;

    if (d == NULL)
        return;
    sdr_pool_free(&d->pool);
    free(d->attributes);
    free(d->first);
    free(d);
    *directory = NULL;
}

/* ---- one question to one server ---- */

/* A search on its way to facts. */
struct inquiry {
    struct sdr_directory *directory;
    const struct sdr_keys *keys;
    const struct sdr_trace *trace;
    struct sdr_reader reader;
    struct sdr_facts *facts;
    bool found;
    bool not_ad;                  /* an entry has told */
    char entry_dn[DN_MAX_OCTETS]; /* of the entry under way */
    char dn[DN_MAX_OCTETS];       /* of an entry that was found */
};

static void
on_entry(void *arg, const char *dn)
{
    struct inquiry *inquiry = arg;

    sdr_trace(inquiry->trace, "entry %s", dn);
    snprintf(inquiry->entry_dn, sizeof inquiry->entry_dn, "%s", dn);
    sdr_reader_begin(&inquiry->reader, inquiry->directory->config,
                     inquiry->keys, inquiry->directory->index, dn);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct inquiry *inquiry = arg;

    if (strcasecmp(attribute, sdr_ad_never_shows) == 0) {
        inquiry->not_ad = true;
        return;
    }
    sdr_trace(inquiry->trace, "  %s: %.*s", attribute,
              (int)(len > 1024 ? 1024 : len), value);
    sdr_reader_value(&inquiry->reader, attribute, value, len);
}

static void
on_end(void *arg)
{
    struct inquiry *inquiry = arg;

    if (sdr_reader_end(&inquiry->reader, inquiry->facts, &inquiry->found))
        memcpy(inquiry->dn, inquiry->entry_dn, sizeof inquiry->dn);
    else
        sdr_trace(inquiry->trace,
                  "  ignored: none of its addresses is the recipient's");
}

/* Who was found by a weaker key may stand in an attribute that is hidden. */
static enum sdr_status
prove_found(struct inquiry *inquiry, struct sdr_place *place, bool *broken,
            struct sdr_error *error)
{
    const struct sdr_directory_options *options = inquiry->directory->options;
    enum sdr_status status =
        sdr_rights_prove(&place->rights, place->seen, place->connection,
                         options, inquiry->dn, place->until, broken, error);

    if (status != SDR_OK || inquiry->facts->key == 0)
        return status;
    return sdr_sight_prove_lately(&place->sight, place->connection, options,
                                  place->until, broken, error);
}

static enum sdr_status
prove_none(struct inquiry *inquiry, struct sdr_place *place, bool *broken,
           struct sdr_error *error)
{
    enum sdr_status status;

    sdr_trace(inquiry->trace, "no entry; does this connection see any?");
    status = sdr_sight_prove(&place->sight, place->connection,
                             inquiry->directory->options, place->until, broken,
                             error);
    return status == SDR_OK ? SDR_NOTFOUND : status;
}

static enum sdr_status
search_and_prove(struct inquiry *inquiry, struct sdr_place *place,
                 const char *filter, bool *broken, struct sdr_error *error)
{
    struct sdr_directory *directory = inquiry->directory;
    bool is_new = !place->rights.detected;
    struct sdr_search search = {.filter = filter,
                                .attributes = is_new ? directory->first
                                                     : directory->attributes,
                                .size_limit = ENTRIES_MAX,
                                .entry = on_entry,
                                .value = on_value,
                                .end = on_end,
                                .arg = inquiry};
    enum sdr_status status = sdr_connection_search(place->connection, &search,
                                                   place->until, broken, error);

    if (status != SDR_OK)
        return status;
    if (!search.complete) {
        sdr_error_set(error,
                      "search: more than %d entries, or a referral to "
                      "another server: not all was seen",
                      ENTRIES_MAX);
        return SDR_TEMPFAIL;
    }
    if (is_new && inquiry->not_ad)
        sdr_rights_not_ad(&place->rights);
    return inquiry->found ? prove_found(inquiry, place, broken, error)
                          : prove_none(inquiry, place, broken, error);
}

static enum sdr_status
ask_over(struct inquiry *inquiry, const struct sdr_tour *tour,
         struct sdr_place *place, bool *broken, struct sdr_error *error)
{
    const struct sdr_directory_options *options = inquiry->directory->options;
    char *filter;
    enum sdr_status status;

    *broken = true;
    if (sdr_tour_open(tour, place, error) != SDR_OK)
        return SDR_TEMPFAIL;
    *broken = false;
    filter = sdr_filter_keys(options, inquiry->keys);
    if (filter == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    sdr_trace(inquiry->trace, "server %s", place->uri);
    sdr_trace(inquiry->trace, "base %s", options->search_base);
    sdr_trace(inquiry->trace, "filter %s", filter);
    inquiry->found = inquiry->not_ad = false;
    status = search_and_prove(inquiry, place, filter, broken, error);
    free(filter);
    if (status == SDR_TEMPFAIL)
        sdr_error_prefix(error, "%s", place->uri);
    return status;
}

/* Ask over this place; once more over a new connection if the one that was
 * there is dead (the server was restarted, a firewall forgot it). */
static enum sdr_status
ask_server(struct inquiry *inquiry, const struct sdr_tour *tour,
           struct sdr_place *place, bool *broken, struct sdr_error *error)
{
    bool used = place->connection != NULL;
    enum sdr_status status = ask_over(inquiry, tour, place, broken, error);

    if (status == SDR_TEMPFAIL && used && *broken
        && sdr_clock() < place->until) {
        sdr_trace(inquiry->trace, "%s; once more over a new connection",
                  error->text);
        sdr_tour_renew(tour, place);
        status = ask_over(inquiry, tour, place, broken, error);
    }
    return status;
}

/* ---- one question to several servers ---- */

static enum sdr_status
ask_next(struct inquiry *inquiry, struct sdr_tour *tour,
         struct sdr_error *error)
{
    struct sdr_place *place = sdr_tour_take(tour, error);
    enum sdr_status status = SDR_TEMPFAIL;
    bool broken;

    if (place != NULL) {
        status = ask_server(inquiry, tour, place, &broken, error);
        sdr_tour_give_back(tour, place, broken, status != SDR_TEMPFAIL);
    }
    if (status == SDR_TEMPFAIL)
        sdr_trace(inquiry->trace, "%s", error->text);
    return status;
}

/* A mirror that is being filled, or lags, does not know everybody. While there
 * is another that is well, two must say that they know nothing better. */
static enum sdr_status
ask_another(struct inquiry *inquiry, struct sdr_tour *tour,
            enum sdr_status status)
{
    struct sdr_facts *facts = inquiry->facts;
    struct sdr_facts others;
    struct sdr_error ignored = {""};

    sdr_tour_want_well(tour);
    inquiry->facts = &others;
    if (sdr_tour_goes_on(tour) && ask_next(inquiry, tour, &ignored) == SDR_OK
        && (status != SDR_OK || others.key < facts->key)) {
        *facts = others;
        status = SDR_OK;
    }
    inquiry->facts = facts;
    return status;
}

static enum sdr_status
ask_all(struct inquiry *inquiry, struct sdr_error *error)
{
    struct sdr_directory *directory = inquiry->directory;
    enum sdr_status status = SDR_TEMPFAIL;
    struct sdr_tour tour;

    if (!sdr_tour_begin(&tour, directory->pool,
                        sdr_clock()
                            + (int64_t)directory->options->timeout * 1000)) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    error->text[0] = '\0';
    while (status == SDR_TEMPFAIL && sdr_tour_goes_on(&tour))
        status = ask_next(inquiry, &tour, error);
    if (status == SDR_NOTFOUND || (status == SDR_OK && inquiry->facts->key > 0))
        status = ask_another(inquiry, &tour, status);
    sdr_tour_end(&tour);
    return status;
}

enum sdr_status
sdr_directory_lookup(struct sdr_directory *directory,
                     const struct sdr_keys *keys, const struct sdr_trace *trace,
                     struct sdr_facts *facts, struct sdr_error *error)
{
    struct inquiry inquiry = {
        .directory = directory, .keys = keys, .trace = trace, .facts = facts};

    sdr_trace(trace, "directory %s", directory->options->name);
    return ask_all(&inquiry, error);
}

void
sdr_directory_count(const struct sdr_directory *directory,
                    void (*server)(void *arg,
                                   const struct sdr_server_count *count),
                    void *arg)
{
    sdr_pool_count(directory->pool, server, arg);
}
