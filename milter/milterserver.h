/* milterserver.h - the socket of the milter, and the MTAs that speak there
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An MTA has a connection for each SMTP session, for as long as that takes. It
 * is never sent away: the session's next message would be deferred. An MTA
 * that comes while there are too many waits for its turn, and defers its
 * message if that takes too long.
 */
#ifndef SDR_MILTER_MILTERSERVER_H
#define SDR_MILTER_MILTERSERVER_H

#include "server.h"

extern const struct server_manner milterserver;

#endif
