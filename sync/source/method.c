/* method.c - see method.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/method.h"

#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "ldap/server_kind.h"
#include "source/unreported.h"

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    (void)attribute;
    if (len == strlen(LDAP_CONTROL_SYNC)
        && memcmp(value, LDAP_CONTROL_SYNC, len) == 0)
        *(enum sdr_sync *)arg = SDR_SYNC_SYNCREPL;
}

/* A control that the server does not announce counts as not supported. */
static enum sdr_status
ask_controls(struct sdr_connection *connection, enum sdr_sync *method,
             struct sdr_error *error)
{
    static const char *const attributes[] = {"supportedControl", NULL};
    struct sdr_search search = {.base = "",
                                .filter = "(objectClass=*)",
                                .attributes = attributes,
                                .value = on_value,
                                .arg = method};
    enum sdr_status status = sdr_connection_search(connection, &search, error);

    return sdr_connection_is_broken(connection) ? status : SDR_OK;
}

/* Choose the method for AUTO: what the server supports. */
static enum sdr_status
ask_server(struct sdr_connection *connection, enum sdr_sync *method,
           struct sdr_error *error)
{
    enum sdr_status status;

    *method = SDR_SYNC_FULL;
    status = sdr_server_detect(connection, error);
    if (status != SDR_OK
        || sdr_server_is_ad(sdr_connection_server(connection)->kind)) {
        *method = SDR_SYNC_USN;
        return status;
    }
    return ask_controls(connection, method, error);
}

enum sdr_status
method_choose(struct sdr_connection *connection, enum sdr_sync *method,
              struct sdr_error *error)
{
    const struct sdr_directory_options *directory =
        sdr_connection_directory(connection);
    char unreported[UNREPORTED_NAME_MAX];
    enum sdr_status status = SDR_OK;

    sdr_connection_renew_deadline(connection);
    *method = directory->sync;
    if (directory->sync == SDR_SYNC_AUTO)
        status = ask_server(connection, method, error);
    if (status != SDR_OK || *method != SDR_SYNC_SYNCREPL)
        return status;
    status = unreported_find(connection, unreported, error);
    if (status != SDR_OK || unreported[0] == '\0')
        return status;
    *method = SDR_SYNC_FULL;
    if (directory->sync == SDR_SYNC_AUTO)
        return SDR_OK;
    sdr_error_set(
        error,
        "content synchronization does not report every change of %s, because "
        "the server computes its values; set sync = auto or full",
        unreported);
    return SDR_TEMPFAIL;
}
