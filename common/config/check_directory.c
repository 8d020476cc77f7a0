/* check_directory.c - check one [directory NAME]: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "decision/profile.h"
#include "config/file_owner.h"
#include "net/uri.h"

enum { PASSWORD_MAX_OCTETS = 1024 };

/* ---- servers ---- */

/* Returns true if the URI names a server and nothing else. libldap accepts more
 * schemes and parts than sdr.conf(5) allows. */
static bool
is_plain(const LDAPURLDesc *url)
{
    bool ldapi = strcmp(url->lud_scheme, "ldapi") == 0;
    bool known = ldapi || strcmp(url->lud_scheme, "ldap") == 0
                 || strcmp(url->lud_scheme, "ldaps") == 0;

    return known && (url->lud_dn == NULL || url->lud_dn[0] == '\0')
           && url->lud_attrs == NULL && url->lud_exts == NULL
           && (url->lud_filter == NULL || url->lud_filter[0] == '\0')
           && url->lud_scope <= LDAP_SCOPE_BASE
           && (ldapi
               || (url->lud_host != NULL && url->lud_host[0] != '\0'
                   && url->lud_port > 0 && url->lud_port <= 65535));
}

static LDAPURLDesc *
parse_uri(struct sdr_load *load, const char *uri, unsigned line)
{
    LDAPURLDesc *url = NULL;

    if (ldap_url_parse(uri, &url) == LDAP_URL_SUCCESS && is_plain(url))
        return url;
    ldap_free_urldesc(url);
    sdr_load_mistake(load, line,
                     "uri: \"%s\" is not ldap://HOST, ldaps://HOST, "
                     "ldapi://SOCKET or ldif:/PATH",
                     uri);
    return NULL;
}

/* Returns true if connections to this URI use TLS. */
static bool
check_uri(struct sdr_load *load, const struct sdr_directory_options *directory,
          unsigned index)
{
    const char *uri = directory->uris.items[index];
    unsigned line =
        sdr_load_line_of(load, "directory", directory->name, "uri", index);
    LDAPURLDesc *url = parse_uri(load, uri, line);
    bool ldap, tls;

    if (url == NULL)
        return false;
    ldap = strcmp(url->lud_scheme, "ldap") == 0;
    tls =
        strcmp(url->lud_scheme, "ldaps") == 0 || (ldap && directory->start_tls);
    if (!ldap && directory->start_tls)
        sdr_load_mistake(load, line, "uri: \"%s\": start-tls is for ldap://",
                         uri);
    if (directory->bind == SDR_BIND_SIMPLE && !directory->allow_plaintext_bind
        && sdr_uri_exposes(uri, directory->start_tls))
        sdr_load_mistake(load, line,
                         "uri: \"%s\" would send the password unencrypted; use "
                         "ldaps:// or start-tls, or allow-plaintext-bind = yes",
                         uri);
    ldap_free_urldesc(url);
    return tls;
}

/* Check for "ldif:/PATH", a file that sdr-sync reads instead of a server.
 * Returns true if the URI begins with "ldif:", even if it is not valid. */
static bool
check_ldif(struct sdr_load *load, struct sdr_directory_options *directory)
{
    const char *uri = directory->uris.count > 0 ? directory->uris.items[0] : "";

    if (strncasecmp(uri, "ldif:", 5) != 0)
        return false;
    directory->ldif_path = uri + 5;
    if (directory->ldif_path[0] != '/')
        sdr_load_mistake(load, sdr_load_directory_line(load, directory, "uri"),
                         "uri: \"%s\" is not ldif:/PATH", uri);
    if (directory->uris.count > 1)
        sdr_load_mistake(load, sdr_load_directory_line(load, directory, "uri"),
                         "uri: an ldif: file must be the only uri");
    if (directory->filter != NULL)
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory, "filter"),
                         "filter: cannot be used with ldif:");
    return true;
}

/* ---- files ---- */

static void
read_password(struct sdr_load *load, struct sdr_directory_options *directory)
{
    unsigned line = sdr_load_directory_line(load, directory, "password-file");
    struct sdr_error error = {""};
    size_t len = 0;
    enum sdr_status status =
        sdr_file_read(directory->password_file, true, PASSWORD_MAX_OCTETS,
                      &directory->password, &len, &error);

    if (status == SDR_TEMPFAIL)
        load->no_memory = true;
    else if (status != SDR_OK)
        sdr_load_mistake(load, line, "password-file: %s", error.text);
    if (status != SDR_OK)
        return;
    directory->password[strcspn(directory->password, "\r\n")] = '\0';
    /* An empty password would make it an anonymous bind (RFC 4513, 5.1.2). */
    if (directory->password[0] == '\0')
        sdr_load_mistake(load, line, "password-file: %s: no password",
                         directory->password_file);
}

/* Check a file that libldap or libkrb5 will read. */
static void
check_file(struct sdr_load *load, const struct sdr_directory_options *directory,
           const char *option, const char *path, bool secret)
{
    struct sdr_error error = {""};

    if (path != NULL && sdr_file_check(path, secret, &error) != SDR_OK)
        sdr_load_mistake(load, sdr_load_directory_line(load, directory, option),
                         "%s: %s", option, error.text);
}

/* ---- bind ---- */

/* An option that is only for one kind of bind. */
struct need {
    const char *option, *value;
    enum sdr_bind bind;
    bool required;
};

static const char *
bind_name(enum sdr_bind bind)
{
    switch (bind) {
    case SDR_BIND_NONE:
        return "none";
    case SDR_BIND_SIMPLE:
        return "simple";
    case SDR_BIND_EXTERNAL:
        return "external";
    case SDR_BIND_GSSAPI:
        return "gssapi";
    }
    return "";
}

static void
check_bind(struct sdr_load *load, struct sdr_directory_options *directory)
{
    const struct need needs[] = {
        {"bind-dn", directory->bind_dn, SDR_BIND_SIMPLE, true},
        {"password-file", directory->password_file, SDR_BIND_SIMPLE, true},
        {"keytab-file", directory->keytab_file, SDR_BIND_GSSAPI, true},
        {"principal", directory->principal, SDR_BIND_GSSAPI, false},
    };

    for (unsigned i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        const struct need *need = &needs[i];

        if (need->value != NULL && need->bind != directory->bind)
            sdr_load_mistake(
                load, sdr_load_directory_line(load, directory, need->option),
                "%s: only with bind = %s", need->option, bind_name(need->bind));
        if (need->value == NULL && need->bind == directory->bind
            && need->required)
            sdr_load_mistake(
                load, sdr_load_directory_line(load, directory, "bind"),
                "bind: %s needs %s", bind_name(need->bind), need->option);
    }
    if (directory->bind == SDR_BIND_SIMPLE && directory->password_file != NULL)
        read_password(load, directory);
    if (directory->bind == SDR_BIND_GSSAPI)
        check_file(load, directory, "keytab-file", directory->keytab_file,
                   true);
}

static void
check_tls(struct sdr_load *load, const struct sdr_directory_options *directory)
{
    const char *cert = directory->tls_cert_file, *key = directory->tls_key_file;

    if (directory->tls_require_cert)
        check_file(load, directory, "tls-ca-file", directory->tls_ca_file,
                   false);
    check_file(load, directory, "tls-cert-file", cert, false);
    check_file(load, directory, "tls-key-file", key, true);
    if ((cert == NULL) != (key == NULL))
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory,
                                                 cert != NULL ? "tls-cert-file"
                                                              : "tls-key-file"),
                         "tls-cert-file and tls-key-file: one needs the other");
}

/* ---- must-see ---- */

/* Parse "ADDRESS" or "ADDRESS SITE". A blank in a quoted local part belongs to
 * the address. Returns false if the text is not valid. */
static bool
parse_must_see(const struct sdr_load *load, struct sdr_must_see *must_see)
{
    const char *text = must_see->text;
    const char *at = strrchr(text, '@');
    size_t len =
        at == NULL ? strlen(text) : (size_t)(at - text) + strcspn(at, " \t");
    const char *site = text + len + strspn(text + len, " \t");
    int index = *site == '\0' ? -1 : sdr_config_find_site(load->config, site);
    char address[SDR_ADDRESS_MAX + 1];

    if (at == NULL || len > SDR_ADDRESS_MAX || (*site != '\0' && index < 0))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    must_see->has_site = index >= 0;
    must_see->site = index >= 0 ? (unsigned)index : 0;
    return sdr_address_read(&must_see->address, address, len) == SDR_OK
           && must_see->address.local[0] != '\0';
}

static void
check_must_see(struct sdr_load *load, struct sdr_directory_options *directory)
{
    unsigned count = directory->must_see_texts.count;

    if (count == 0)
        return;
    if (directory->ldif_path != NULL)
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory, "must-see"),
                         "must-see: cannot be used with ldif:");
    directory->must_see = calloc(count, sizeof *directory->must_see);
    load->no_memory |= directory->must_see == NULL;
    for (unsigned i = 0; i < count && directory->must_see != NULL; i++) {
        struct sdr_must_see *must_see = &directory->must_see[i];

        must_see->text = directory->must_see_texts.items[i];
        must_see->line =
            sdr_load_line_of(load, "directory", directory->name, "must-see", i);
        directory->must_see_count++;
        if (!parse_must_see(load, must_see))
            sdr_load_mistake(load, must_see->line,
                             "must-see: \"%s\" is not ADDRESS or ADDRESS SITE "
                             "with an existing [site SITE]",
                             must_see->text);
    }
}

void
sdr_check_directory(struct sdr_load *load,
                    struct sdr_directory_options *directory)
{
    bool tls = false;
    bool ldif = check_ldif(load, directory);

    directory->config = load->config;
    directory->index = (unsigned)(directory - load->config->directories);
    check_must_see(load, directory);
    if (!ldif && directory->search_base == NULL)
        sdr_load_mistake(
            load, sdr_load_section(load, "directory", directory->name),
            "[directory %s]: search-base is missing", directory->name);
    for (unsigned i = 0; !ldif && i < directory->uris.count; i++)
        tls |= check_uri(load, directory, i);
    check_bind(load, directory);
    sdr_check_search(load, directory);
    if (tls)
        check_tls(load, directory);
    if (!sdr_profile_map(directory))
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory, "profile"),
                         "profile: \"%s\" is not one of %s", directory->profile,
                         sdr_profile_names());
    else if (directory->hold_values.count > 0
             && directory->mapping.hold == NULL)
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory, "hold-value"),
                         "hold-value: needs a hold-attribute");
}
