/* exim-sdr-live.c - exim-sdr-live.so: the servers, and the parser of sdr.conf
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/sdr.h"
#include "live.h"
#include "mechanisms.h"

extern const struct live sdr_live;

static struct sdr_directory *
directory_new(const struct sdr_config *config, unsigned index)
{
    mechanisms_skip(config);
    return sdr_directory_new(config, index);
}

__attribute__((visibility("default")))
const struct live sdr_live = {.build = LIVE_BUILD,
                              .config_load = sdr_config_load,
                              .directory_new = directory_new,
                              .directory_free = sdr_directory_free,
                              .directory_lookup = sdr_directory_lookup};
