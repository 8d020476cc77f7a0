/* mechanisms.c - see mechanisms.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mechanisms.h"

#include <stdbool.h>

#include <sasl/sasl.h>

/* A folder without plug-ins. It always exists (a missing one is logged), and
 * only root can put anything there. */
static const char folder[] = "/";

static int
find_plugins(void *context, const char **path)
{
    (void)context;
    *path = folder;
    return SASL_OK;
}

static bool
needs_plugins(const struct sdr_config *config)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (config->directories[i].bind == SDR_BIND_GSSAPI)
            return true;
    }
    return false;
}

void
mechanisms_skip(const struct sdr_config *config)
{
    static const sasl_callback_t callbacks[] = {
        {SASL_CB_GETPATH, (int (*)(void))(void (*)(void))find_plugins, NULL},
        {SASL_CB_LIST_END, NULL, NULL}};

    /* Without memory it fails, and libldap's own attempt will, too. */
    if (!needs_plugins(config))
        (void)sasl_client_init(callbacks);
}
