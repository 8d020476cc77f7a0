/* mapserver.h - the socket of the lookup tables, and those who ask there
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer that stops within a question, or does not take its answer, is left
 * after ten seconds. With too many of them the one that has asked nothing for
 * longest has to go; MTAs come again.
 */
#ifndef SDR_MILTER_MAPSERVER_H
#define SDR_MILTER_MAPSERVER_H

#include "server.h"

extern const struct server_manner mapserver;

#endif
