/* mapserver.h - the socket of the lookup tables, and those who ask there
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread for each connection: MTAs keep theirs open, and a question takes
 * as long as the directory does. A peer that stops within a question, or does
 * not take its answer, is left after ten seconds. With too many of them the
 * one that has asked nothing for longest has to go; MTAs come again.
 */
#ifndef SDR_MILTER_MAPSERVER_H
#define SDR_MILTER_MAPSERVER_H

#include <stdbool.h>

/* Listen, if the configuration in force names a map-socket. False, said, if it
 * cannot. Main thread, once, before there are others. */
bool
mapserver_open(void);

/* Answer until the program ends. False, said, if it cannot. Main thread, once,
 * with all signals blocked that mean something. */
bool
mapserver_start(bool verbose);

/* Whether it answers, or need not. Takes up to a second. Any thread, after
 * mapserver_open(). */
bool
mapserver_is_alive(void);

/* Unlink the socket. Any thread. */
void
mapserver_end(void);

#endif
