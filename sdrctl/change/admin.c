/* admin.c - see admin.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/admin.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ldap/failover.h"
#include "ldap/gssapi.h"
#include "ldap/server_kind.h"
#include "config/file_owner.h"
#include "net/uri.h"

enum { PASSWORD_MAX_OCTETS = 1024 };

struct site_of_work {
    struct sdr_directory_options options;
    struct sdr_pool *pool;
    struct sdr_session *session; /* NULL: not connected */
    struct ldif_directory *file; /* NULL: not open */
};

struct admin {
    const struct sdr_config *config;
    const struct credentials *credentials;
    char name[512];
    struct site_of_work *works; /* indexed by directory */
};

/* ---- lifetime ---- */

static bool
has_files_only(const struct sdr_config *config)
{
    unsigned i = 0;

    while (i < config->directory_count
           && config->directories[i].ldif_path != NULL)
        i++;
    return i == config->directory_count;
}

static void
make_name(struct admin *admin)
{
    const struct credentials *credentials = admin->credentials;
    const struct passwd *user = getpwuid(getuid());
    const struct sdr_config *config = admin->config;
    const char *dn = credentials->bind_dn;
    const char *user_name = user != NULL ? user->pw_name : "?";
    char principal[256];

    if (has_files_only(config)) {
        snprintf(admin->name, sizeof admin->name, "%s", user_name);
        return;
    }
    for (unsigned i = 0; dn == NULL && i < config->directory_count; i++)
        dn = config->directories[i].admin_bind_dn;
    if (credentials->external || dn == NULL)
        dn = "EXTERNAL";
    if (credentials->gssapi) {
        sdr_gssapi_name(principal, sizeof principal);
        dn = principal;
    }
    snprintf(admin->name, sizeof admin->name, "%s (%s)", dn, user_name);
}

struct admin *
admin_new(const struct sdr_config *config,
          const struct credentials *credentials)
{
    struct admin *admin = calloc(1, sizeof *admin);

    if (admin == NULL)
        return NULL;
    admin->config = config;
    admin->credentials = credentials;
    admin->works = calloc(config->directory_count, sizeof *admin->works);
    if (admin->works == NULL) {
        free(admin);
        return NULL;
    }
    make_name(admin);
    return admin;
}

static void
wipe_password(struct sdr_directory_options *options)
{
    if (options->password == NULL)
        return;
    explicit_bzero(options->password, strlen(options->password));
    free(options->password);
    options->password = NULL;
}

void
admin_free(struct admin **admin)
{
    struct admin *a = *admin;

    *admin = NULL;
    if (a == NULL)
        return;
    for (unsigned i = 0; i < a->config->directory_count; i++) {
        sdr_pool_free(&a->works[i].pool);
        ldif_directory_close(&a->works[i].file);
    }
    free(a->works);
    free(a);
}

const char *
admin_name(const struct admin *admin)
{
    return admin->name;
}

bool
admin_is_ad(const struct admin *admin, unsigned directory)
{
    struct sdr_connection *connection =
        admin->works[directory].session->connection;

    return sdr_server_is_ad(sdr_connection_server(connection)->kind);
}

/* ---- credentials ---- */

static enum sdr_status
read_password(struct sdr_directory_options *options, const char *path,
              struct sdr_error *error)
{
    size_t len = 0;
    enum sdr_status status = sdr_file_read(path, true, PASSWORD_MAX_OCTETS,
                                           &options->password, &len, error);

    if (status != SDR_OK)
        return status;
    options->password[strcspn(options->password, "\r\n")] = '\0';
    if (options->password[0] != '\0')
        return SDR_OK;
    sdr_error_set(error, "%s: no password", path);
    return SDR_CONFIG;
}

/* Replace the credentials that routing uses by those of the administrator. */
static enum sdr_status
set_credentials(const struct admin *admin,
                struct sdr_directory_options *options, struct sdr_error *error)
{
    const struct credentials *given = admin->credentials;
    const char *file = given->password_file != NULL
                           ? given->password_file
                           : options->admin_password_file;

    options->password = NULL;
    if (given->external || given->gssapi) {
        options->bind = given->external ? SDR_BIND_EXTERNAL : SDR_BIND_GSSAPI;
        options->keytab_file = NULL;
        options->principal = NULL;
        return SDR_OK;
    }
    options->bind = SDR_BIND_SIMPLE;
    options->bind_dn =
        given->bind_dn != NULL ? given->bind_dn : options->admin_bind_dn;
    if (options->bind_dn == NULL || file == NULL) {
        sdr_error_set(error,
                      "directory %s: no administrator account; use -D DN -y "
                      "FILE, --gssapi or --external, or set admin-bind-dn and "
                      "admin-password-file in sdr.conf",
                      options->name);
        return SDR_CONFIG;
    }
    return read_password(options, file, error);
}

/* ---- connecting ---- */

/* Refuse to send the administrator's password unencrypted, unless the
 * configuration permits it. */
static enum sdr_status
check_encryption(const struct sdr_directory_options *options,
                 struct sdr_error *error)
{
    for (unsigned i = 0; i < options->uris.count; i++) {
        if (options->bind == SDR_BIND_SIMPLE && !options->allow_plaintext_bind
            && sdr_uri_exposes(options->uris.items[i], options->start_tls)) {
            sdr_error_set(error,
                          "%s: the password would be sent unencrypted; use "
                          "ldaps:// or start-tls, or allow-plaintext-bind = "
                          "yes",
                          options->uris.items[i]);
            return SDR_CONFIG;
        }
    }
    return SDR_OK;
}

static enum sdr_status
connect_any(struct site_of_work *work, struct sdr_error *error)
{
    enum sdr_status status = check_encryption(&work->options, error);

    if (status != SDR_OK)
        return status;
    if (work->pool == NULL)
        work->pool = sdr_pool_new(&work->options);
    if (work->pool != NULL)
        return sdr_failover_connect(work->pool, true, &work->session, error);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
admin_connect(struct admin *admin, unsigned directory,
              struct sdr_connection **connection, struct sdr_error *error)
{
    struct site_of_work *work = &admin->works[directory];
    enum sdr_status status;

    if (work->session == NULL) {
        work->options = admin->config->directories[directory];
        status = set_credentials(admin, &work->options, error);
        if (status == SDR_OK)
            status = connect_any(work, error);
        wipe_password(&work->options);
        if (status != SDR_OK)
            return status;
    }
    *connection = work->session->connection;
    return SDR_OK;
}

/* ---- files ---- */

enum sdr_status
admin_open_file(struct admin *admin, unsigned directory,
                struct ldif_directory **file, struct sdr_error *error)
{
    struct site_of_work *work = &admin->works[directory];
    enum sdr_status status = SDR_OK;

    if (work->file == NULL)
        status =
            ldif_directory_open(&work->file, admin->config, directory, error);
    *file = work->file;
    return status;
}
