/* mta_sts.c - see mta_sts.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta_sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum mta_sts_mode mode;
} modes[] = {
    {"none", MTA_STS_NONE},
    {"testing", MTA_STS_TESTING},
    {"enforce", MTA_STS_ENFORCE},
};

static void
set_mode(struct mta_sts *policy, const char *value)
{
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(value, modes[i].name) == 0)
            policy->mode = modes[i].mode;
    }
}

/* True if the line has this key (RFC 8461, 3.2). */
static bool
has_key(const char *line, const char *key)
{
    size_t len = strlen(key);

    return strncmp(line, key, len) == 0
           && line[len + strspn(line + len, " \t")] == ':';
}

void
mta_sts_read(struct mta_sts *policy, const char *line)
{
    const char *colon = strchr(line, ':');
    char value[MTA_STS_HOST_SIZE];
    size_t len;

    if (colon == NULL)
        return;
    colon += 1 + strspn(colon + 1, " \t");
    len = strlen(colon);
    while (len > 0 && strchr(" \t\r", colon[len - 1]) != NULL)
        len--;
    snprintf(value, sizeof value, "%.*s", (int)len, colon);
    if (has_key(line, "version"))
        policy->version = strcmp(value, "STSv1") == 0;
    else if (has_key(line, "mode"))
        set_mode(policy, value);
    else if (has_key(line, "max_age"))
        policy->max_age = strtoul(value, NULL, 10);
    else if (has_key(line, "mx") && policy->host_count < MTA_STS_HOSTS_MAX)
        memcpy(policy->hosts[policy->host_count++], value, sizeof value);
}

enum sdr_status
mta_sts_check(const struct mta_sts *policy, struct sdr_error *error)
{
    if (!policy->version)
        sdr_error_set(error, "it has no line \"version: STSv1\"");
    else if (policy->mode == MTA_STS_UNSET)
        sdr_error_set(error, "it has no line \"mode: ...\" with enforce, "
                             "testing or none");
    else if (policy->max_age == 0)
        sdr_error_set(error, "it has no line \"max_age: ...\" with a number");
    else if (policy->host_count == 0 && policy->mode != MTA_STS_NONE)
        sdr_error_set(error, "it has no line \"mx: ...\"");
    else
        return SDR_OK;
    return SDR_INVALID;
}

bool
mta_sts_permits(const struct mta_sts *policy, const char *host)
{
    const char *parent = strchr(host, '.');

    for (unsigned i = 0; i < policy->host_count; i++) {
        const char *pattern = policy->hosts[i];

        if (strcasecmp(pattern, host) == 0)
            return true;
        if (parent != NULL && pattern[0] == '*'
            && strcasecmp(pattern + 1, parent) == 0)
            return true;
    }
    return false;
}
