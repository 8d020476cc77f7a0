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

#include "decision/address.h"

/* Sendmail cuts a longer user name off without a word (MAXNAME). */
enum { COPYNAME_MAX = 240 };

/* Read the key of the socket at PATH from PATH.key, or make both the key and
 * the file, which belongs to us alone. It has to last as long as a session of
 * Sendmail's, in which a restart of ours may fall. False, and a line in the
 * log, if that is not possible. */
bool
copyname_start(const char *path);

/* Write the name of MAILBOX to NAME. False if it would be too long, or without
 * a key. */
bool
copyname_write(const struct sdr_address *mailbox, char name[COPYNAME_MAX + 1]);

/* The address of which this is the name, in capitals or not. False for every
 * other text. */
bool
copyname_read(const char *name, struct sdr_address *mailbox);

#endif
