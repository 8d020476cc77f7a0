/* groups.c - see groups.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "array.h"
#include "net/clock.h"
#include "ldap/dn.h"
#include "ldap/filter.h"
#include "ldap/pages.h"
#include "ldap/server_kind.h"
#include "decision/value.h"

/* How long a result is valid, in milliseconds: domain controllers do not
 * replicate faster. */
enum { STANDS_MS = 10 * 1000 };

/* The most groups in one search. */
enum { TOGETHER_MAX = 32 };

bool
sdr_groups_are_named_by(const char *attribute)
{
    return attribute != NULL && strcasecmp(attribute, "memberOf") == 0;
}

/* ---- the list ---- */

static void
empty(struct sdr_groups *groups)
{
    for (unsigned i = 0; i < groups->count; i++)
        free(groups->items[i].dn);
    groups->count = 0;
    groups->until = 0;
}

void
sdr_groups_clear(struct sdr_groups *groups)
{
    empty(groups);
    free(groups->items);
    *groups = (struct sdr_groups){.of_filter = groups->of_filter,
                                  .everywhere = groups->everywhere,
                                  .only = groups->only};
}

static struct sdr_group *
find(const struct sdr_groups *groups, const char *dn, size_t len)
{
    for (unsigned i = 0; i < groups->count; i++) {
        if (sdr_value_is(groups->items[i].dn, dn, len))
            return &groups->items[i];
    }
    return NULL;
}

sdr_sites
sdr_groups_sites(const struct sdr_groups *groups, const char *value, size_t len)
{
    const struct sdr_group *group =
        groups != NULL ? find(groups, value, len) : NULL;

    return group != NULL ? group->sites : 0;
}

/* Returns the group, which is added if it is new; NULL without memory. */
static struct sdr_group *
add(struct sdr_groups *groups, const char *dn, sdr_sites sites)
{
    struct sdr_group *group = find(groups, dn, strlen(dn));

    if (group == NULL) {
        struct sdr_group fresh = {.dn = strdup(dn)};

        if (fresh.dn == NULL
            || !sdr_array_append(&groups->items, &groups->count, &groups->room,
                                 &fresh, sizeof fresh)) {
            free(fresh.dn);
            return NULL;
        }
        group = &groups->items[groups->count - 1];
    }
    group->sites |= sites;
    return group;
}

bool
sdr_groups_add(struct sdr_groups *groups, const char *dn, sdr_sites sites,
               bool *news)
{
    struct sdr_group *group = add(groups, dn, 0);

    if (group == NULL)
        return false;
    *news |= (sites & ~group->sites) != 0;
    group->sites |= sites;
    return true;
}

/* ---- nested groups ---- */

static bool
is_pending(const struct sdr_group *group)
{
    return !group->looked || group->asked != group->sites;
}

struct search {
    struct sdr_groups *groups;
    sdr_sites sites; /* of the groups in the filter */
    struct sdr_group *current;
    bool no_memory;
};

static void
on_entry(void *arg, const char *dn)
{
    struct search *search = arg;

    search->current = add(search->groups, dn, search->sites);
    if (search->current == NULL)
        search->no_memory = true;
    else
        search->current->inner = true;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct search *search = arg;

    if (search->current != NULL && strcasecmp(attribute, "objectGUID") == 0
        && len == SDR_GROUP_ID_SIZE)
        memcpy(search->current->id, value, len);
}

/* Choose groups of these sites, at least one, whose members have not been
 * searched yet. Returns how many. */
static unsigned
choose(struct sdr_groups *groups, sdr_sites sites,
       const char *dns[TOGETHER_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < groups->count && count < TOGETHER_MAX; i++) {
        struct sdr_group *group = &groups->items[i];

        if (group->sites != sites || !is_pending(group))
            continue;
        group->looked = true;
        group->asked = sites;
        dns[count++] = group->dn;
    }
    return count;
}

/* Find the groups nested in groups of these sites that have not been searched
 * yet. */
static enum sdr_status
look_into(struct sdr_groups *groups, sdr_sites sites,
          struct sdr_connection *connection, struct sdr_error *error)
{
    static const char *const wanted[] = {"objectGUID", NULL};
    const char *dns[TOGETHER_MAX];
    struct search search = {.groups = groups, .sites = sites};
    char *filter = sdr_filter_groups_in(dns, choose(groups, sites, dns));
    struct sdr_search s = {.base = groups->domain,
                           .below = true,
                           .filter = filter,
                           .attributes = wanted,
                           .entry = on_entry,
                           .value = on_value,
                           .arg = &search};
    enum sdr_status status =
        sdr_pages_search(connection, &s, &(struct sdr_pages){0}, error);

    free(filter);
    if (status != SDR_OK)
        sdr_error_prefix(error, "groups in groups");
    if (status == SDR_OK && search.no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* ---- all groups ---- */

static bool
add_values(struct sdr_groups *groups, const struct sdr_config *config)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        const struct sdr_list *values = &config->sites[i].owner_values;

        for (unsigned k = 0; k < values->count; k++) {
            if (dn_is_possible(values->items[k])
                && (groups->only == NULL
                    || strcmp(groups->only, values->items[k]) == 0)
                && add(groups, values->items[k], (sdr_sites)1 << i) == NULL)
                return false;
        }
    }
    return true;
}

/* Copy the value of an assertion, up to its parenthesis, to TEXT, unescaped
 * (RFC 4515). */
static void
unescape(char *text, size_t size, const char *value)
{
    size_t len = 0;
    unsigned octet;

    for (; *value != '\0' && *value != ')' && len + 1 < size; value++) {
        bool escaped = *value == '\\' && sscanf(value + 1, "%2x", &octet) == 1;

        text[len++] = escaped ? (char)octet : *value;
        value += escaped ? 2 : 0;
    }
    text[len] = '\0';
}

/* Add the groups in "(memberOf=GROUP)" and "(memberOf:RULE:=GROUP)". */
static bool
add_filter_values(struct sdr_groups *groups, const char *filter)
{
    static const char name[] = "(memberOf";
    char dn[1024];

    for (const char *at = filter; (at = strcasestr(at, name)) != NULL;) {
        size_t n = strcspn(at += strlen(name), "=()");

        if (at[n] != '=' || (n > 0 && at[0] != ':' && at[0] != ';'))
            continue;
        unescape(dn, sizeof dn, at + n + 1);
        if (dn_is_possible(dn) && add(groups, dn, 0) == NULL)
            return false;
    }
    return true;
}

/* Search all groups for nested ones. Groups may contain each other: a group is
 * searched again only for another site. */
static enum sdr_status
follow(struct sdr_groups *groups, struct sdr_connection *connection,
       struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    for (unsigned i = 0; i < groups->count && status == SDR_OK;) {
        if (is_pending(&groups->items[i])) {
            status =
                look_into(groups, groups->items[i].sites, connection, error);
            i = 0;
        } else {
            i++;
        }
    }
    return status;
}

struct root {
    struct sdr_groups *groups;
    char *base; /* normal form of the search base */
};

/* Find the longest naming context that holds the search base. Groups need not
 * be below the search base. */
static void
on_root_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct root *root = arg;
    char *text = strndup(value, len);
    char *normal = text != NULL ? dn_normal(text) : NULL;

    (void)attribute;
    if (normal != NULL && dn_is_below(root->base, normal)
        && len > strlen(root->groups->domain)
        && len < sizeof root->groups->domain)
        memcpy(root->groups->domain, text, len + 1);
    free(normal);
    free(text);
}

static enum sdr_status
find_domain(struct sdr_groups *groups, struct sdr_connection *connection,
            struct sdr_error *error)
{
    static const char *const wanted[] = {"namingContexts", NULL};
    const char *base = sdr_connection_directory(connection)->search_base;
    struct root root = {groups, dn_normal(base)};
    struct sdr_search search = {.base = "",
                                .filter = "(objectClass=*)",
                                .attributes = wanted,
                                .value = on_root_value,
                                .arg = &root};
    enum sdr_status status = SDR_TEMPFAIL;

    groups->domain[0] = '\0';
    if (root.base != NULL)
        status = sdr_connection_search(connection, &search, error);
    else
        sdr_error_set(error, "no memory");
    if (groups->domain[0] == '\0')
        snprintf(groups->domain, sizeof groups->domain, "%s", base);
    free(root.base);
    return status;
}

static enum sdr_status
detect(struct sdr_groups *groups, struct sdr_connection *connection,
       struct sdr_error *error)
{
    enum sdr_status status = sdr_server_detect(connection, error);

    groups->follows = sdr_server_is_ad(sdr_connection_server(connection)->kind)
                      || groups->everywhere;
    if (status == SDR_OK && groups->follows)
        status = find_domain(groups, connection, error);
    groups->detected = status == SDR_OK;
    return status;
}

enum sdr_status
sdr_groups_find(struct sdr_groups *groups, struct sdr_connection *connection,
                struct sdr_error *error)
{
    const struct sdr_directory_options *directory =
        sdr_connection_directory(connection);
    bool owners = sdr_groups_are_named_by(directory->mapping.owner);
    const char *filter = groups->of_filter ? directory->filter : NULL;
    enum sdr_status status = SDR_OK;

    if ((!owners && filter == NULL) || sdr_clock() < groups->until)
        return SDR_OK;
    if (!groups->detected)
        status = detect(groups, connection, error);
    if (status != SDR_OK || !groups->follows)
        return status;
    empty(groups);
    if ((owners && !add_values(groups, directory->config))
        || (filter != NULL && !add_filter_values(groups, filter))) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    } else {
        status = follow(groups, connection, error);
    }
    if (status == SDR_OK)
        groups->until = sdr_clock() + STANDS_MS;
    else
        empty(groups);
    return status;
}
