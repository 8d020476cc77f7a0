/* descriptors.c - see descriptors.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "descriptors.h"

#include <sys/resource.h>

enum {
    RESERVE = 128, /* files, our sockets, name resolution */
    MILTER_MAX = 2000,
    LEAST = 16,     /* for each socket, even if the limit is lower */
    DEFAULT = 1024, /* if the limit cannot be read */
    MOST = 1000000, /* if there is no limit */
};

static unsigned
raise_limit(void)
{
    struct rlimit limit;
    rlim_t now;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return DEFAULT;
    now = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        now = limit.rlim_cur;
    return now < MOST ? (unsigned)now : MOST;
}

static unsigned
reserved(const struct sdr_config *config)
{
    unsigned count = RESERVE;

    for (unsigned i = 0; i < config->directory_count; i++)
        count += config->directories[i].max_connections
                 * config->directories[i].uris.count;
    return count;
}

struct descriptors
descriptors_share(const struct sdr_config *config)
{
    unsigned all = raise_limit();
    unsigned reserve = reserved(config);
    unsigned rest = all > reserve + 2 * LEAST ? all - reserve : 2 * LEAST;
    struct descriptors share = {.milter = rest / 2};

    if (share.milter > MILTER_MAX)
        share.milter = MILTER_MAX;
    share.tables = rest - share.milter;
    return share;
}
