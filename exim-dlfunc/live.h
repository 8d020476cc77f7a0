/* live.h - what exim-sdr.so asks exim-sdr-live.so to do
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A process of Exim seldom asks more than a few questions. exim-sdr.so answers
 * what the replica knows, under a compiled configuration, with what Exim has
 * loaded already and LMDB. To read sdr.conf, or to ask a server, it loads
 * exim-sdr-live.so from its own folder: that needs libldap, c-ares, Kerberos
 * and libini_config. Then configurations, keys and facts pass between the two,
 * so both must come from one build.
 */
#ifndef LIVE_H
#define LIVE_H

#include "config/config.h"
#include "decision/facts.h"
#include "decision/keys.h"
#include "ldap/directory.h"

/* Equal in two files of one version. */
struct live_build {
    char version[16];
    unsigned sizes[5];
};
#define LIVE_BUILD                                                             \
    {                                                                          \
        SDR_VERSION,                                                           \
        {                                                                      \
            sizeof(struct sdr_config), sizeof(struct sdr_directory_options),   \
                sizeof(struct sdr_facts), sizeof(struct sdr_keys),             \
                sizeof(struct sdr_error)                                       \
        }                                                                      \
    }

/* The one symbol of exim-sdr-live.so, "sdr_live". The functions are those of
 * libsdr with these names. */
struct live {
    struct live_build build;
    enum sdr_status (*config_load)(struct sdr_config **config, const char *path,
                                   const struct sdr_trace *mistakes);
    struct sdr_directory *(*directory_new)(const struct sdr_config *config,
                                           unsigned index);
    void (*directory_free)(struct sdr_directory **directory);
    enum sdr_status (*directory_lookup)(struct sdr_directory *directory,
                                        const struct sdr_keys *keys,
                                        const struct sdr_trace *trace,
                                        struct sdr_facts *facts,
                                        struct sdr_error *error);
};

#endif
