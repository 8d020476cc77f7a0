/* method.c - see method.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "method.h"

#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "ad.h"
#include "clock.h"

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    (void)attribute;
    if (len == strlen(LDAP_CONTROL_SYNC)
        && memcmp(value, LDAP_CONTROL_SYNC, len) == 0)
        *(enum sdr_sync *)arg = SDR_SYNC_SYNCREPL;
}

/* What a server does not tell it does not know. */
static enum sdr_status
ask_controls(struct sdr_connection *connection, enum sdr_sync *method,
             int64_t deadline, bool *broken, struct sdr_error *error)
{
    static const char *const attributes[] = {"supportedControl", NULL};
    struct sdr_search search = {.base = "",
                                .filter = "(objectClass=*)",
                                .attributes = attributes,
                                .value = on_value,
                                .arg = method};
    enum sdr_status status =
        sdr_connection_search(connection, &search, deadline, broken, error);

    return status != SDR_OK && !*broken ? SDR_OK : status;
}

enum sdr_status
method_choose(struct sdr_connection *connection,
              const struct sdr_directory_options *directory,
              enum sdr_sync *method, struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + (int64_t)directory->timeout * 1000;
    enum sdr_status status;
    struct sdr_ad ad;
    bool broken;

    *method = directory->sync;
    if (directory->sync != SDR_SYNC_AUTO)
        return SDR_OK;
    *method = SDR_SYNC_FULL;
    status = sdr_ad_detect(&ad, connection, deadline, &broken, error);
    if (status != SDR_OK || ad.is_ad) {
        *method = SDR_SYNC_USN;
        return status;
    }
    return ask_controls(connection, method, deadline, &broken, error);
}
