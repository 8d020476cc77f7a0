/* mechanisms.h - doing without the mechanisms of Cyrus SASL
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap loads all plug-ins of Cyrus SASL when it is first used, whatever the
 * bind will be. That takes twice as long as to connect, bind and search: much
 * for a process of Exim, which may ask once in its life.
 */
#ifndef MECHANISMS_H
#define MECHANISMS_H

#include "config/config.h"

/* Keep libldap from loading plug-ins in this process if no directory of CONFIG
 * needs them: afterwards EXTERNAL, which is not a plug-in, is the only
 * mechanism, and a bind with GSSAPI fails. Changes nothing if libldap has been
 * used before. Only for a process with one thread (Cyrus SASL has no locks
 * then) that ends soon; before its first connection. */
void
mechanisms_skip(const struct sdr_config *config);

#endif
