/* usn.c - see usn.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/usn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "ldap/dn.h"
#include "source/paged.h"

/* ---- positions ---- */

void
usn_format(const struct usn_position *position, char text[USN_TEXT_MAX])
{
    snprintf(text, USN_TEXT_MAX, "usn %" PRIu64 " %s %s", position->highest,
             position->invocation[0] != '\0' ? position->invocation : "-",
             position->groups);
}

bool
usn_parse(struct usn_position *position, const void *text, size_t len)
{
    char copy[USN_TEXT_MAX];
    int end = -1;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    memset(position, 0, sizeof *position);
    if (sscanf(copy, "usn %" SCNu64 " %32s %32s%n", &position->highest,
               position->invocation, position->groups, &end)
            != 3
        || (size_t)end != len)
        return false;
    if (strcmp(position->invocation, "-") == 0)
        position->invocation[0] = '\0';
    return true;
}

/* ---- asking ---- */

static void
write_hex(const void *octets, size_t len, char out[33])
{
    const unsigned char *at = octets;

    for (size_t i = 0; i < 16 && i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", at[i]);
}

struct asking {
    const struct session_with *with;
    struct usn_server *server;
    char *base;         /* normal form of the search base */
    char service[1024]; /* dsServiceName */
    bool has_highest;
    unsigned found; /* entries of the last result */
};

static void
count_entry(void *arg, const char *dn)
{
    (void)dn;
    ((struct asking *)arg)->found++;
}

static void
skip_end(void *arg)
{
    (void)arg;
}

static void
copy_text(char *out, size_t size, const char *value, size_t len)
{
    if (len < size) {
        memcpy(out, value, len);
        out[len] = '\0';
    }
}

/* Keep the longest naming context that holds the search base. */
static void
take_context(struct asking *asking, const char *value, size_t len)
{
    char text[sizeof asking->server->domain] = "";
    char *normal;

    copy_text(text, sizeof text, value, len);
    normal = dn_normal(text);
    if (normal != NULL && text[0] != '\0' && dn_is_below(asking->base, normal)
        && strlen(text) > strlen(asking->server->domain))
        memcpy(asking->server->domain, text, sizeof text);
    free(normal);
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct asking *asking = arg;
    char number[32] = "";

    if (strcasecmp(attribute, "highestCommittedUSN") == 0) {
        copy_text(number, sizeof number, value, len);
        asking->server->now.highest = strtoull(number, NULL, 10);
        asking->has_highest = asking->server->now.highest > 0;
    } else if (strcasecmp(attribute, "dsServiceName") == 0) {
        copy_text(asking->service, sizeof asking->service, value, len);
    } else if (strcasecmp(attribute, "namingContexts") == 0) {
        take_context(asking, value, len);
    } else if (strcasecmp(attribute, "invocationId") == 0 && len == 16) {
        write_hex(value, len, asking->server->now.invocation);
    } else if (strcasecmp(attribute, "objectGUID") == 0
               && len == SDR_RECORD_ID_SIZE) {
        /* Without memory the digest differs: everything is read again. */
        (void)entry_set_add(&asking->server->groups,
                            (const unsigned char *)value);
    }
}

/* Read the entry BASE, or, with a page, two of the entries below it. A missing
 * or unreadable entry is no failure: see FOUND. */
static enum sdr_status
ask(struct asking *asking, const char *base, const char *const *attributes,
    struct sdr_page *page)
{
    struct sdr_connection *connection = asking->with->session->connection;
    struct sdr_search search = {.base = base,
                                .below = page != NULL,
                                .filter = "(objectClass=*)",
                                .attributes = attributes,
                                .size_limit = page != NULL ? 2 : 0,
                                .page = page,
                                .entry = count_entry,
                                .value = take_value,
                                .end = skip_end,
                                .arg = asking};
    enum sdr_status status;

    asking->found = 0;
    sdr_connection_renew_deadline(connection);
    status = sdr_connection_search(connection, &search, asking->with->error);
    return sdr_connection_is_broken(connection) ? status : SDR_OK;
}

static enum sdr_status
ask_root(struct asking *asking)
{
    static const char *const attributes[] = {
        "highestCommittedUSN", "dsServiceName", "namingContexts", NULL};
    enum sdr_status status = ask(asking, "", attributes, NULL);

    if (status == SDR_OK
        && (!asking->has_highest || asking->server->domain[0] == '\0')) {
        sdr_error_set(asking->with->error,
                      "the server has no update sequence numbers for this "
                      "search base: it is not Active Directory");
        status = SDR_TEMPFAIL;
    }
    return status;
}

static enum sdr_status
ask_invocation(struct asking *asking)
{
    static const char *const attributes[] = {"invocationId", NULL};

    return asking->service[0] == '\0'
               ? SDR_OK
               : ask(asking, asking->service, attributes, NULL);
}

static enum sdr_status
ask_deletions(struct asking *asking)
{
    static const char *const attributes[] = {"1.1", NULL};
    struct sdr_page page = {.size = 2, .deleted = true};
    char base[1100];
    enum sdr_status status;

    snprintf(base, sizeof base, "CN=Deleted Objects,%s",
             asking->server->domain);
    status = ask(asking, base, attributes, &page);
    /* The container, which is one of them, is always visible. */
    asking->server->sees_deletions = asking->found >= 2;
    sdr_page_clear(&page);
    return status;
}

/* Add the id of a group, which does not change with its name. */
static enum sdr_status
ask_group(struct asking *asking, const struct sdr_group *group)
{
    static const char *const attributes[] = {"objectGUID", NULL};

    if (!group->inner)
        return ask(asking, group->dn, attributes, NULL);
    (void)entry_set_add(&asking->server->groups, group->id);
    return SDR_OK;
}

/* Find the groups. A new member's entry does not change; the group's does. */
static enum sdr_status
ask_groups(struct asking *asking)
{
    const struct sdr_groups *named = &asking->with->session->groups;
    unsigned char digest[32] = {0};
    struct entry_set *groups = &asking->server->groups;
    enum sdr_status status = session_find_groups(asking->with);

    for (unsigned i = 0; status == SDR_OK && i < named->count; i++)
        status = ask_group(asking, &named->items[i]);
    entry_set_sort(groups);
    if (groups->count > 0)
        gnutls_hash_fast(GNUTLS_DIG_SHA256, groups->ids,
                         groups->count * sizeof *groups->ids, digest);
    write_hex(digest, 16, asking->server->now.groups);
    return status;
}

enum sdr_status
usn_ask(const struct session_with *with, struct usn_server *server)
{
    const char *base = worker_directory(with->worker)->search_base;
    struct asking asking = {.with = with, .server = server};
    enum sdr_status status;

    memset(server, 0, sizeof *server);
    asking.base = dn_normal(base != NULL ? base : "");
    if (asking.base == NULL) {
        sdr_error_set(with->error, "no memory");
        return SDR_TEMPFAIL;
    }
    status = ask_root(&asking);
    if (status == SDR_OK)
        status = ask_invocation(&asking);
    if (status == SDR_OK)
        status = ask_deletions(&asking);
    if (status == SDR_OK)
        status = ask_groups(&asking);
    free(asking.base);
    return status;
}

void
usn_server_clear(struct usn_server *server)
{
    entry_set_clear(&server->groups);
}
