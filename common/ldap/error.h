/* error.h - LDAP errors as text
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_LDAP_ERROR_H
#define SDR_LDAP_ERROR_H

#include <ldap.h>

#include "status.h"

/* Write "STEP: the text of CODE (the server's message)", with a hint if that
 * text is known to hide the cause. */
void
sdr_ldap_error(LDAP *ld, const char *step, int code, struct sdr_error *error);

/* Returns what a result code with this diagnostic message means; NULL if no
 * hint is needed. */
const char *
sdr_ldap_error_hint(int code, const char *message);

#endif
