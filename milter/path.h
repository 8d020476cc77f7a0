/* path.h - the path of a RCPT command, and the text by which an MTA deletes it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A milter deletes a recipient by a text, and no MTA reports whether a
 * recipient matched. If none did, a replaced recipient gets the message twice.
 * So these functions return only texts that are certain to match.
 *
 * Pure functions: any thread.
 */
#ifndef SDR_MILTER_PATH_H
#define SDR_MILTER_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum path_mta { PATH_OTHER, PATH_POSTFIX, PATH_SENDMAIL };

/* The longest text, in octets with the NUL. */
enum { PATH_TEXT_MAX = 1024 };

/* Returns the MTA that sets the macro "v" to VERSION, which may be NULL. */
enum path_mta
path_mta_of(const char *version);

/* Copy the address in GIVEN as the client wrote it, octet for octet, without
 * surrounding blanks and brackets, source routes and parameters. Returns false,
 * with TEXT undefined, if there is anything else (a comment, a name, a group),
 * or no address. */
bool
path_address(const char *given, char text[PATH_TEXT_MAX]);

/* Write the text that is certain to delete the recipient that the milter
 * received as GIVEN. Returns false, with TEXT undefined, if there is none. */
bool
path_queued(enum path_mta mta, const char *given, char text[PATH_TEXT_MAX]);

/* Postfix rewrites a locally submitted recipient before it passes it to the
 * milter, but deletes it by the original text (cleanup_envelope.c). Write
 * possible original text number NUMBER of a recipient passed as GIVEN; number 0
 * is the local part alone, of any domain. Returns false if there are no more.
 */
bool
path_submitted(unsigned number, const char *given, char text[PATH_TEXT_MAX]);

#endif
