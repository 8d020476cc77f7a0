/* path.h - the path of a RCPT command, and by which text an MTA knows it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A milter deletes a recipient by a text, and no MTA reports whether there was
 * one of that text: a recipient that is replaced gets the message twice if
 * there was none. So these say what is certain, and nothing else.
 *
 * Pure functions: any thread.
 */
#ifndef SDR_MILTER_PATH_H
#define SDR_MILTER_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum path_mta { PATH_OTHER, PATH_POSTFIX, PATH_SENDMAIL };

/* No certain text is longer; in octets, with the NUL. */
enum { PATH_TEXT_MAX = 1024 };

/* Which MTA says this of itself by the macro "v"; NULL: none. */
enum path_mta
path_mta_of(const char *version);

/* Copy the address in GIVEN as the client has written it, octet for octet:
 * without blanks and brackets around it, source routes before it, parameters
 * behind them. Returns false, TEXT undefined, if there is more than these (a
 * comment, a name, a group), or no address. */
bool
path_address(const char *given, char text[PATH_TEXT_MAX]);

/* Write the text that deletes for certain the recipient that the milter
 * received as GIVEN. False, TEXT undefined, if no text does. */
bool
path_queued(enum path_mta mta, const char *given, char text[PATH_TEXT_MAX]);

/* What a user of the machine submits, Postfix passes to the milter after it has
 * rewritten it, but finds it by what it was before (cleanup_envelope.c). Write
 * the NUMBERth of the texts that it may have been, for a recipient that it
 * passed as GIVEN: the first is the local part alone, of any domain. False if
 * there are no more. */
bool
path_submitted(unsigned number, const char *given, char text[PATH_TEXT_MAX]);

#endif
