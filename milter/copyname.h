/* copyname.h - the name by which Sendmail asks for the copies of an address
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A rule of Sendmail's can name one address only, so several are an alias of
 * ours: "sdr-copy.MAC.both=40example.com". Anybody can send to such a name, so
 * it counts only with the MAC that this daemon, or the one before it, has made
 * for that address. Sendmail looks it up in lower case and unquoted: the
 * address is written so that both leave it as it is.
 *
 * Any thread, after copyname_start().
 */
#ifndef SDR_MILTER_COPYNAME_H
#define SDR_MILTER_COPYNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "decision/address.h"

/* Sendmail cuts a longer user name off without a word (MAXNAME). */
enum { COPYNAME_MAX = 240 };

/* Read the key from key-file, or MAP-SOCKET.key if that is a path, or make both
 * the key and the file, which belongs to us alone. It has to last as long as a
 * session of Sendmail's, in which a restart of ours may fall. Without either
 * there is no key, and no name. False, and a line in the log, if the file
 * cannot be made. Main thread, before there are others. */
bool
copyname_start(const struct sdr_milter_options *options);

/* True if there is a key. Any thread. */
bool
copyname_has_key(void);

/* Write the name of MAILBOX to NAME. False if it would be too long, or without
 * a key. */
bool
copyname_write(const struct sdr_address *mailbox, char name[COPYNAME_MAX + 1]);

/* The address of which this is the name, in capitals or not. False for every
 * other text. */
bool
copyname_read(const char *name, struct sdr_address *mailbox);

#endif
