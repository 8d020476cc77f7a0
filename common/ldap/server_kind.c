/* server_kind.c - see server_kind.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/server_kind.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

static const struct {
    const char *name;
    enum sdr_proof proof;
} kinds[] = {
    [SDR_SERVER_OTHER] = {"an LDAP server of unknown kind", SDR_PROOF_MUST_SEE},
    [SDR_SERVER_PROXY] = {"OpenLDAP as a proxy for another server",
                          SDR_PROOF_MUST_SEE},
    [SDR_SERVER_OPENLDAP] = {"OpenLDAP", SDR_PROOF_COMPARE},
    [SDR_SERVER_AD] = {"Active Directory", SDR_PROOF_SCHEMA},
    [SDR_SERVER_SAMBA] = {"Samba", SDR_PROOF_SCHEMA},
    [SDR_SERVER_389DS] = {"389 Directory Server", SDR_PROOF_EFFECTIVE_RIGHTS},
};

const char *
sdr_server_name(enum sdr_server_kind kind)
{
    return kinds[kind].name;
}

enum sdr_proof
sdr_server_proof(const struct sdr_server_facts *server)
{
    return server->mute ? SDR_PROOF_MUST_SEE : kinds[server->kind].proof;
}

bool
sdr_server_is_ad(enum sdr_server_kind kind)
{
    return kind == SDR_SERVER_AD || kind == SDR_SERVER_SAMBA;
}

/* ---- the root DSE ---- */

/* Values of the root DSE that identify a kind. The last row that matches
 * decides. */
static const struct sign {
    const char *attribute, *value;
    bool begins; /* matches the beginning of the value */
    enum sdr_server_kind kind;
} signs[] = {
    {"objectClass", "OpenLDAProotDSE", false, SDR_SERVER_OPENLDAP},
    {"structuralObjectClass", "OpenLDAProotDSE", false, SDR_SERVER_OPENLDAP},
    {"vendorName", "389 Project", false, SDR_SERVER_389DS},
    {"vendorVersion", "389-Directory/", true, SDR_SERVER_389DS},
    {"vendorVersion", "Red Hat-Directory/", true, SDR_SERVER_389DS},
    /* AD DS, AD LDS */
    {"supportedCapabilities", "1.2.840.113556.1.4.800", false, SDR_SERVER_AD},
    {"supportedCapabilities", "1.2.840.113556.1.4.1851", false, SDR_SERVER_AD},
};

enum { SIGNS = sizeof signs / sizeof signs[0] };

struct root {
    struct sdr_server_facts *server;
    bool samba;
    unsigned last; /* the last row that matches, counted from 1 */
};

static bool
matches(const struct sign *sign, const char *attribute, const char *value,
        size_t len)
{
    size_t n = strlen(sign->value);

    return strcasecmp(sign->attribute, attribute) == 0
           && (sign->begins ? len >= n : len == n)
           && strncasecmp(sign->value, value, n) == 0;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    static const char samba[] = "Samba";
    struct root *root = arg;
    struct sdr_server_facts *server = root->server;

    for (unsigned i = root->last; i < SIGNS; i++) {
        if (matches(&signs[i], attribute, value, len))
            root->last = i + 1;
    }
    if (strcasecmp(attribute, "vendorName") == 0) {
        snprintf(server->vendor, sizeof server->vendor, "%.*s", (int)len,
                 value);
        root->samba = strncmp(server->vendor, samba, sizeof samba - 1) == 0;
    } else if (strcasecmp(attribute, "schemaNamingContext") == 0) {
        snprintf(server->definitions, sizeof server->definitions, "%.*s",
                 (int)len, value);
    } else if (strcasecmp(attribute, "subschemaSubentry") == 0) {
        snprintf(server->schema, sizeof server->schema, "%.*s", (int)len,
                 value);
    }
}

static enum sdr_status
read_root(struct sdr_server_facts *server, struct sdr_connection *connection,
          struct sdr_error *error)
{
    static const char *const attributes[] = {"objectClass",
                                             "structuralObjectClass",
                                             "vendorName",
                                             "vendorVersion",
                                             "supportedCapabilities",
                                             "schemaNamingContext",
                                             "subschemaSubentry",
                                             NULL};
    struct root root = {.server = server};
    struct sdr_search search = {.base = "",
                                .filter = "(objectClass=*)",
                                .attributes = attributes,
                                .value = on_value,
                                .arg = &root,
                                .may_fail = true};
    enum sdr_status status = sdr_connection_search(connection, &search, error);

    if (status != SDR_OK)
        return sdr_connection_is_broken(connection) ? status : SDR_OK;
    if (root.last > 0)
        server->kind = signs[root.last - 1].kind;
    if (server->kind == SDR_SERVER_AD && root.samba)
        server->kind = SDR_SERVER_SAMBA;
    return SDR_OK;
}

/* ---- behind the root DSE ---- */

/* Check that the server that answers at the search base is OpenLDAP too. If the
 * base is not visible, no entry is. */
static enum sdr_status
look_behind(struct sdr_server_facts *server, struct sdr_connection *connection,
            struct sdr_error *error)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    struct sdr_page page = {.size = 1};
    struct sdr_search search = {
        .base = sdr_connection_directory(connection)->search_base,
        .filter = "(objectClass=*)",
        .attributes = nothing,
        .page = &page,
        .openldap = true,
        .may_fail = true};
    enum sdr_status status;

    status = sdr_connection_search(connection, &search, error);
    sdr_page_clear(&page);
    if (status != SDR_OK && sdr_connection_is_broken(connection))
        return status;
    if (search.code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION
        || (status == SDR_OK && !page.answered))
        server->kind = SDR_SERVER_PROXY;
    return SDR_OK;
}

enum sdr_status
sdr_server_detect(struct sdr_connection *connection, struct sdr_error *error)
{
    struct sdr_server_facts *server = sdr_connection_server(connection);
    enum sdr_status status;

    if (server->known)
        return SDR_OK;
    *server = (struct sdr_server_facts){.kind = SDR_SERVER_OTHER};
    status = read_root(server, connection, error);
    if (status == SDR_OK && server->kind == SDR_SERVER_OPENLDAP)
        status = look_behind(server, connection, error);
    server->known = status == SDR_OK;
    return status;
}
