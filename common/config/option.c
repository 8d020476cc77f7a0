/* option.c - see option.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct sdr_choice booleans[] = {
    {"no", false}, {"yes", true}, {NULL, 0}};
static const struct sdr_choice deliveries[] = {
    {"rewrite", SDR_REWRITE}, {"route", SDR_BY_NEXT_HOP}, {NULL, 0}};
static const struct sdr_choice binds[] = {{"none", SDR_BIND_NONE},
                                          {"simple", SDR_BIND_SIMPLE},
                                          {"external", SDR_BIND_EXTERNAL},
                                          {"gssapi", SDR_BIND_GSSAPI},
                                          {NULL, 0}};
static const struct sdr_choice tls_versions[] = {
    {"1.2", SDR_TLS_1_2}, {"1.3", SDR_TLS_1_3}, {NULL, 0}};
static const struct sdr_choice syncs[] = {{"auto", SDR_SYNC_AUTO},
                                          {"syncrepl", SDR_SYNC_SYNCREPL},
                                          {"usn", SDR_SYNC_USN},
                                          {"full", SDR_SYNC_FULL},
                                          {NULL, 0}};
static const struct sdr_choice milter_routes[] = {
    {"refuse", SDR_ROUTE_REFUSED}, {"pass", SDR_ROUTE_PASSES}, {NULL, 0}};
static const struct sdr_choice rewriters[] = {
    {"milter", SDR_MILTER_REWRITES}, {"tables", SDR_TABLES_REWRITE}, {NULL, 0}};

static const struct sdr_choice outsides[] = {
    {"defer", SDR_OUTSIDE_DEFERS},
    {"default-owner", SDR_OUTSIDE_IS_IGNORED},
    {"redirect", SDR_OUTSIDE_REDIRECTS},
    {NULL, 0}};

static const char *const always_local[] = {
    "postmaster", "abuse", "mailer-daemon", "double-bounce", "SRS0[=+-]*",
    "SRS1[=+-]*", NULL};

#define FIELD(type, field)                                                     \
    offsetof(struct type, field), sizeof(((struct type *)NULL)->field)
#define MAIN(field)      FIELD(sdr_config, field)
#define SITE(field)      FIELD(sdr_site, field)
#define DOMAIN(field)    FIELD(sdr_domain, field)
#define DIRECTORY(field) FIELD(sdr_directory_options, field)
#define MILTER(field)    FIELD(sdr_milter_options, field)
#define REPLICA(field)   FIELD(sdr_replica_options, field)

#define TEXT   SDR_OPTION_TEXT
#define LIST   SDR_OPTION_LIST
#define NUMBER SDR_OPTION_NUMBER
#define OCTAL  SDR_OPTION_OCTAL
#define CHOICE SDR_OPTION_CHOICE

/* clang-format off */
const struct sdr_option sdr_options[] = {
    /* section, name, type, field, default, default list, min, max, choices,
     * required, help */
    {"", "this-site", TEXT, MAIN(this_site_text), NULL, NULL, 0, 0, NULL, true,
     "the site this server belongs to"},
    {"", "recipient-delimiter", TEXT, MAIN(recipient_delimiter), "", NULL, 0, 0,
     NULL, false, "characters that begin an address extension"},
    {"", "loop-limit", NUMBER, MAIN(loop_limit), "5", NULL, 1, 50, NULL, false,
     "how often a message may leave this site"},
    {"", "always-local", LIST, MAIN(always_local), NULL, always_local, 0, 0,
     NULL, false, "local parts that stay here without an entry"},

    {"", "journal-directory", TEXT, MAIN(journal_directory),
     "/var/lib/sdrctl", NULL, 0, 0, NULL, false,
     "where sdrctl records its changes"},

    {"site", "routing-domain", TEXT, SITE(routing_domain), NULL, NULL, 0, 0,
     NULL, true, "the site's own name for a split domain"},
    {"site", "owner-value", LIST, SITE(owner_values), NULL, NULL, 0, 0, NULL,
     false, "an owner value in the directory that means this site"},
    {"site", "accept-domain", LIST, SITE(accept_domains), NULL, NULL, 0, 0,
     NULL, false, "another domain whose addresses belong to this site"},
    {"site", "delivery", CHOICE, SITE(delivery), "rewrite", NULL, 0, 0,
     deliveries, false, "rewrite the recipient, or route by next hop"},
    {"site", "next-hop", TEXT, SITE(next_hop), NULL, NULL, 0, 0, NULL, false,
     "host:port that takes this site's mail"},
    {"site", "strip-extension", CHOICE, SITE(strip_extension), "no", NULL, 0, 0,
     booleans, false, "send addresses there without their extension"},
    {"site", "verify-address", LIST, SITE(verify_addresses), NULL, NULL, 0, 0,
     NULL, false, "a mailbox there that sdrctl check sites tries"},

    {"domain", "unknown", TEXT, DOMAIN(unknown_text), "reject", NULL, 0, 0,
     NULL, false, "what to do with unknown recipients"},
    {"domain", "alias-of", TEXT, DOMAIN(alias_text), NULL, NULL, 0, 0, NULL,
     false, "another split domain with the same mailboxes"},

    {"directory", "uri", LIST, DIRECTORY(uris), NULL, NULL, 0, 0, NULL, true,
     "an LDAP server; repeat it for failover"},
    {"directory", "profile", TEXT, DIRECTORY(profile), "sdr", NULL, 0, 0, NULL,
     false, "which attributes mean what"},
    {"directory", "search-base", TEXT, DIRECTORY(search_base), NULL, NULL, 0, 0,
     NULL, false, "where the search begins"},
    {"directory", "filter", TEXT, DIRECTORY(filter), NULL, NULL, 0, 0, NULL,
     false, "a filter that entries must also match"},
    {"directory", "default-owner", TEXT, DIRECTORY(default_owner_text), NULL,
     NULL, 0, 0, NULL, true, "the owner of entries that name none"},
    {"directory", "bind", CHOICE, DIRECTORY(bind), "none", NULL, 0, 0, binds,
     false, "how to authenticate"},
    {"directory", "bind-dn", TEXT, DIRECTORY(bind_dn), NULL, NULL, 0, 0, NULL,
     false, "who to authenticate as"},
    {"directory", "password-file", TEXT, DIRECTORY(password_file), NULL, NULL,
     0, 0, NULL, false, "a file whose first line is the password"},
    {"directory", "keytab-file", TEXT, DIRECTORY(keytab_file), NULL, NULL, 0, 0,
     NULL, false, "the account's Kerberos keys"},
    {"directory", "principal", TEXT, DIRECTORY(principal), NULL, NULL, 0, 0,
     NULL, false, "the Kerberos principal to authenticate as"},
    {"directory", "admin-bind-dn", TEXT, DIRECTORY(admin_bind_dn), NULL, NULL,
     0, 0, NULL, false, "the account that changes ownership, for sdrctl"},
    {"directory", "admin-password-file", TEXT, DIRECTORY(admin_password_file),
     NULL, NULL, 0, 0, NULL, false, "a file with that account's password"},
    {"directory", "allow-plaintext-bind", CHOICE,
     DIRECTORY(allow_plaintext_bind), "no", NULL, 0, 0, booleans, false,
     "send the password over an unencrypted network connection"},
    {"directory", "start-tls", CHOICE, DIRECTORY(start_tls), "no", NULL, 0, 0,
     booleans, false, "encrypt ldap:// connections"},
    {"directory", "tls-require-cert", CHOICE, DIRECTORY(tls_require_cert),
     "yes", NULL, 0, 0, booleans, false, "verify the server's certificate"},
    {"directory", "tls-ca-file", TEXT, DIRECTORY(tls_ca_file),
     "/etc/ssl/certs/ca-certificates.crt", NULL, 0, 0, NULL, false,
     "the trusted certificates"},
    {"directory", "tls-cert-file", TEXT, DIRECTORY(tls_cert_file), NULL, NULL,
     0, 0, NULL, false, "the certificate of this client"},
    {"directory", "tls-key-file", TEXT, DIRECTORY(tls_key_file), NULL, NULL, 0,
     0, NULL, false, "the key of that certificate"},
    {"directory", "tls-min-version", CHOICE, DIRECTORY(tls_min_version), "1.2",
     NULL, 0, 0, tls_versions, false, "the oldest TLS version accepted"},
    {"directory", "timeout", NUMBER, DIRECTORY(timeout), "5", NULL, 1, 60, NULL,
     false, "seconds for a whole look-up"},
    {"directory", "max-connections", NUMBER, DIRECTORY(max_connections), "16",
     NULL, 1, 64, NULL, false, "connections per URI"},
    {"directory", "sync", CHOICE, DIRECTORY(sync), "auto", NULL, 0, 0, syncs,
     false, "how sdr-sync learns of changes"},
    {"directory", "sync-interval", NUMBER, DIRECTORY(sync_interval), "0", NULL,
     0, 86400, NULL, false, "seconds between polls"},
    {"directory", "address-attribute", LIST, DIRECTORY(address_attributes),
     NULL, NULL, 0, 0, NULL, false, "attributes of addresses, strongest first"},
    {"directory", "catch-all", TEXT, DIRECTORY(catch_all), NULL, NULL, 0, 0,
     NULL, false, "a local part that stands for all others"},
    {"directory", "owner-attribute", TEXT, DIRECTORY(owner_attribute), NULL,
     NULL, 0, 0, NULL, false, "the attribute that names the owner"},
    {"directory", "routing-address-attribute", TEXT,
     DIRECTORY(routing_attribute), NULL, NULL, 0, 0, NULL, false,
     "the attribute of the routing address"},
    {"directory", "hold-attribute", TEXT, DIRECTORY(hold_attribute), NULL, NULL,
     0, 0, NULL, false, "the attribute that puts mail on hold"},
    {"directory", "hold-value", LIST, DIRECTORY(hold_values), NULL, NULL, 0, 0,
     NULL, false, "a value that means on hold, in place of all but FALSE"},
    {"directory", "outside-target", CHOICE, DIRECTORY(outside), NULL, NULL, 0,
     0, outsides, false, "what to do with a routing address outside every site"},
    {"directory", "must-see", LIST, DIRECTORY(must_see_texts), NULL, NULL, 0, 0,
     NULL, false, "an address, with its owner, that each connection must find"},

    {"replica", "path", TEXT, REPLICA(path), NULL, NULL, 0, 0, NULL, false,
     "the local copy of the directories"},
    {"replica", "unknown-max-age", NUMBER, REPLICA(unknown_max_age), "30", NULL,
     5, 86400, NULL, false, "seconds for which \"not found\" counts"},
    {"replica", "known-max-age", NUMBER, REPLICA(known_max_age), "259200", NULL,
     60, 31536000, NULL, false, "seconds for which an entry counts"},
    {"replica", "max-removed", NUMBER, REPLICA(max_removed), "10", NULL, 0, 100,
     NULL, false, "percent of the entries that may vanish at once"},
    {"replica", "max-moved", NUMBER, REPLICA(max_moved), "100", NULL, 0, 100,
     NULL, false, "percent of the entries that may move at once"},
    {"replica", "reconcile", NUMBER, REPLICA(reconcile), "86400", NULL, 0,
     31536000, NULL, false, "seconds between full reads of a directory"},
    {"replica", "metrics-file", TEXT, REPLICA(metrics_file), NULL, NULL, 0, 0,
     NULL, false, "where sdr-sync writes its metrics for Prometheus"},

    {"milter", "socket", TEXT, MILTER(socket),
     "unix:/var/spool/postfix/sdr/milter.sock", NULL, 0, 0, NULL, false,
     "the socket that the MTA connects to"},
    {"milter", "map-socket", TEXT, MILTER(map_socket), NULL, NULL, 0, 0, NULL,
     false, "the socket for the MTA's lookup tables"},
    {"milter", "key-file", TEXT, MILTER(key_file), NULL, NULL, 0, 0, NULL,
     false, "the key of the names that the tables give Sendmail's copies"},
    {"milter", "socket-group", TEXT, MILTER(socket_group), NULL, NULL, 0, 0,
     NULL, false, "the group of UNIX sockets"},
    {"milter", "socket-mode", OCTAL, MILTER(socket_mode), "0660", NULL, 0, 0777,
     NULL, false, "the access mode of UNIX sockets"},
    {"milter", "milter-route", CHOICE, MILTER(route), "refuse", NULL, 0, 0,
     milter_routes, false, "what sdr-milter does with delivery = route"},
    {"milter", "rewrite", CHOICE, MILTER(rewrite), "milter", NULL, 0, 0,
     rewriters, false, "who rewrites recipients: the milter or the tables"},
    {"milter", "metrics-file", TEXT, MILTER(metrics_file), NULL, NULL, 0, 0,
     NULL, false, "where sdr-milter writes its metrics for Prometheus"},
};
/* clang-format on */

const unsigned sdr_option_count = sizeof sdr_options / sizeof sdr_options[0];

bool
sdr_list_add(struct sdr_list *list, const char *item)
{
    const char **items =
        realloc(list->items, (list->count + 1) * sizeof *items);

    if (items == NULL)
        return false;
    list->items = items;
    list->items[list->count++] = item;
    return true;
}

static enum sdr_status
set_number(const struct sdr_option *option, void *field, const char *text,
           struct sdr_error *error)
{
    int base = option->type == SDR_OPTION_OCTAL ? 8 : 10;
    unsigned long value;
    unsigned number;
    char *end;

    errno = 0;
    value = strtoul(text, &end, base);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0
        || value < option->min || value > option->max) {
        sdr_error_set(error,
                      base == 8 ? "\"%s\" is not an octal number from %o to %o"
                                : "\"%s\" is not a number from %u to %u",
                      text, option->min, option->max);
        return SDR_INVALID;
    }
    number = (unsigned)value;
    memcpy(field, &number, sizeof number);
    return SDR_OK;
}

static enum sdr_status
set_choice(const struct sdr_option *option, void *field, const char *text,
           struct sdr_error *error)
{
    char names[256] = "";
    size_t used = 0;

    for (const struct sdr_choice *c = option->choices; c->name != NULL; c++) {
        if (strcasecmp(c->name, text) == 0) {
            bool flag = c->value != 0;

            if (option->size == sizeof flag)
                memcpy(field, &flag, sizeof flag);
            else
                memcpy(field, &c->value, sizeof c->value);
            return SDR_OK;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                 used > 0 ? " or " : "", c->name);
    }
    sdr_error_set(error, "\"%s\" is not %s", text, names);
    return SDR_INVALID;
}

enum sdr_status
sdr_option_set(const struct sdr_option *option, void *object, const char *text,
               struct sdr_error *error)
{
    void *field = (char *)object + option->offset;

    switch (option->type) {
    case SDR_OPTION_TEXT:
        memcpy(field, &text, sizeof text);
        return SDR_OK;
    case SDR_OPTION_LIST:
        return sdr_list_add(field, text) ? SDR_OK : SDR_TEMPFAIL;
    case SDR_OPTION_NUMBER:
    case SDR_OPTION_OCTAL:
        return set_number(option, field, text, error);
    case SDR_OPTION_CHOICE:
        return set_choice(option, field, text, error);
    }
    return SDR_INVALID;
}

enum sdr_status
sdr_option_default(const struct sdr_option *option, void *object,
                   struct sdr_error *error)
{
    const char *const *item = option->fallback_list;
    enum sdr_status status = SDR_OK;

    if (option->fallback != NULL)
        return sdr_option_set(option, object, option->fallback, error);
    for (; item != NULL && *item != NULL && status == SDR_OK; item++)
        status = sdr_option_set(option, object, *item, error);
    return status;
}
