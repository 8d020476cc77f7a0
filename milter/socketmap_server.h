/* socketmap_server.h - the socket of the lookup tables, and those who ask there
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer that stops within a question, or does not take its answer, is left
 * after ten seconds. With as many as there may be the one that has asked
 * nothing for longest has to go; MTAs come again.
 */
#ifndef SDR_MILTER_SOCKETMAP_SERVER_H
#define SDR_MILTER_SOCKETMAP_SERVER_H

#include "workers.h"

extern const struct server_manner socketmap_server;

#endif
