/* descriptors.h - how many connections the file descriptors allow
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_DESCRIPTORS_H
#define SDR_MILTER_DESCRIPTORS_H

#include "config/config.h"

/* Clients of each socket. */
struct descriptors {
    unsigned milter, tables;
};

/* Raise the limit of the process as far as it may, and divide what it allows,
 * less a reserve for the directory connections of CONFIG, files and ourselves:
 * up to 2000 to the milter, an MTA's process limit being far below that, but
 * not more than half; the rest to the tables. Main thread, once. */
struct descriptors
descriptors_share(const struct sdr_config *config);

#endif
