/* copyname.h - the alias by which Sendmail looks up the copies of an address
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A rule of Sendmail can name one address only, so several addresses are an
 * alias of ours: "sdr-copy.MAC.both=40example.com". Anyone can send mail to
 * such a name, so it is valid only with the MAC that this daemon, or its
 * previous run, computed for that address. Sendmail looks it up in lower case
 * and unquoted; the encoding survives both.
 *
 * Any thread, after copyname_start().
 */
#ifndef SDR_MILTER_COPYNAME_H
#define SDR_MILTER_COPYNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "decision/address.h"

/* Sendmail silently truncates a longer user name (MAXNAME). */
enum { COPYNAME_MAX = 240 };

/* Read the key from key-file, or from MAP-SOCKET.key if map-socket is a path;
 * if there is none, create the key and the file, which only we can read. The
 * key must survive a restart, since a session of Sendmail may span one. Without
 * either file there is no key, and no names. Returns false, and logs, if the
 * file cannot be created. Main thread, before there are others. */
bool
copyname_start(const struct sdr_milter_options *options);

/* Returns true if there is a key. Any thread. */
bool
copyname_has_key(void);

/* Write the name of MAILBOX to NAME. Returns false if it would be too long, or
 * without a key. */
bool
copyname_write(const struct sdr_address *mailbox, char name[COPYNAME_MAX + 1]);

/* Read the address that NAME encodes, ignoring case. Returns false if it is not
 * such a name. */
bool
copyname_read(const char *name, struct sdr_address *mailbox);

#endif
