/* descriptors.h - sharing file descriptors between the sockets
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_DESCRIPTORS_H
#define SDR_MILTER_DESCRIPTORS_H

#include "config/config.h"

/* The most clients of each socket. */
struct descriptors {
    unsigned milter, tables;
};

/* Raise the limit of the process to the maximum and divide it, less a reserve
 * for the directory connections of CONFIG, files and our own use: up to 2000,
 * but at most half, for the milter, since an MTA's process limit is far lower;
 * the rest for the tables. Main thread, once. */
struct descriptors
descriptors_share(const struct sdr_config *config);

#endif
