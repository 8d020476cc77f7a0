/* json.c - see json.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

json_t *
make_string(const char *text)
{
    return make_string_of(text, strlen(text));
}

json_t *
make_string_of(const char *text, size_t len)
{
    char clean[4096];
    json_t *string = json_stringn(text, len);

    if (string != NULL)
        return string;
    sdr_log_clean(clean, sizeof clean, text, len, "");
    return json_string(clean);
}

json_t *
make_sites(const struct sdr_config *config, sdr_sites sites)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < config->site_count; i++) {
        if ((sites & (sdr_sites)1 << i) != 0)
            json_array_append_new(names, make_string(config->sites[i].name));
    }
    return names;
}

json_t *
make_routing(const struct sdr_facts *facts)
{
    char text[SDR_ADDRESS_MAX + 1];

    if (!sdr_facts_has_address(facts))
        return json_null();
    sdr_address_format(&facts->routing, text, sizeof text);
    return make_string(text);
}

void
print_object(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}
