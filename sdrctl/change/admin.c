/* admin.c - see admin.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/admin.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/clock.h"
#include "ldap/gssapi.h"
#include "ldap/server_kind.h"
#include "config/file_owner.h"
#include "net/uri.h"

enum { PASSWORD_MAX_OCTETS = 1024 };

struct admin {
    const struct sdr_config *config;
    const struct credentials *credentials;
    char name[512];
    struct site_of_work {
        struct sdr_directory_options options;
        struct sdr_connection *connection;
        bool is_ad;
    } * works; /* by directory */
};

/* ---- life ---- */

static void
make_name(struct admin *admin)
{
    const struct credentials *credentials = admin->credentials;
    const struct passwd *user = getpwuid(getuid());
    const struct sdr_config *config = admin->config;
    const char *dn = credentials->bind_dn;
    char principal[256];

    for (unsigned i = 0; dn == NULL && i < config->directory_count; i++)
        dn = config->directories[i].admin_bind_dn;
    if (credentials->external || dn == NULL)
        dn = "EXTERNAL";
    if (credentials->gssapi) {
        sdr_gssapi_name(principal, sizeof principal);
        dn = principal;
    }
    snprintf(admin->name, sizeof admin->name, "%s (%s)", dn,
             user != NULL ? user->pw_name : "?");
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
    for (unsigned i = 0; i < a->config->directory_count; i++)
        sdr_connection_close(&a->works[i].connection);
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
    return admin->works[directory].is_ad;
}

/* ---- who he is ---- */

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

/* Routing's own credentials go, the administrator's come. */
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

static enum sdr_status
connect_to(struct site_of_work *work, const char *uri, struct sdr_error *error)
{
    struct sdr_directory_options *options = &work->options;
    int64_t deadline = sdr_clock() + (int64_t)options->timeout * 1000;
    enum sdr_status status;

    if (options->bind == SDR_BIND_SIMPLE && !options->allow_plaintext_bind
        && sdr_uri_exposes(uri, options->start_tls)) {
        sdr_error_set(error,
                      "%s: the password would be sent unencrypted; use "
                      "ldaps:// or start-tls, or allow-plaintext-bind = yes",
                      uri);
        return SDR_CONFIG;
    }
    status =
        sdr_connection_open(&work->connection, options, uri, deadline, error);
    if (status == SDR_OK)
        status = sdr_server_detect(work->connection, error);
    work->is_ad =
        status == SDR_OK
        && sdr_server_is_ad(sdr_connection_server(work->connection)->kind);
    if (status != SDR_OK)
        sdr_connection_close(&work->connection);
    return status;
}

static enum sdr_status
connect_any(struct site_of_work *work, struct sdr_error *error)
{
    const struct sdr_list *uris = &work->options.uris;
    enum sdr_status status = SDR_TEMPFAIL;

    if (work->options.ldif_path != NULL) {
        sdr_error_set(error, "directory %s is a file: edit it",
                      work->options.name);
        return SDR_CONFIG;
    }
    for (unsigned i = 0; i < uris->count && status == SDR_TEMPFAIL; i++)
        status = connect_to(work, uris->items[i], error);
    return status;
}

enum sdr_status
admin_connect(struct admin *admin, unsigned directory,
              struct sdr_connection **connection, struct sdr_error *error)
{
    struct site_of_work *work = &admin->works[directory];
    enum sdr_status status;

    if (work->connection == NULL) {
        work->options = admin->config->directories[directory];
        status = set_credentials(admin, &work->options, error);
        if (status == SDR_OK)
            status = connect_any(work, error);
        wipe_password(&work->options);
        if (status != SDR_OK)
            return status;
    }
    *connection = work->connection;
    return SDR_OK;
}
