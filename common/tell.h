/* tell.h - what an LDAP server answered, in words
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_TELL_H
#define SDR_TELL_H

#include <ldap.h>

#include "status.h"

/* Write "STEP: LDAP's words for CODE (the server's words)", and what to do if
 * the server's words are known to hide it. */
void
sdr_tell(LDAP *ld, const char *step, int code, struct sdr_error *error);

/* What a result code with this diagnostic message means; NULL if it speaks for
 * itself. */
const char *
sdr_tell_hint(int code, const char *message);

#endif
