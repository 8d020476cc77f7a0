/* value.h - attribute values and the addresses in them
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Live searches, the replica and LDIF files are all read by this code, so that
 * a value means the same everywhere. If a server compares more loosely than we
 * do, the result must not be "no such user": a value that contains an address
 * and something else is not certain, and the answer for that address is "not
 * now". Pure functions; any octets.
 */
#ifndef SDR_VALUE_H
#define SDR_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/address.h"

/* Trim the blanks around the value, which servers ignore (RFC 4518, 2.6.1).
 * Tabs stay: some servers do not ignore them. */
void
sdr_value_trim(const char **value, size_t *len);

/* Returns true if the value equals TEXT, ignoring ASCII case. TEXT may be NULL.
 */
bool
sdr_value_is(const char *text, const char *value, size_t len);

/* Like sdr_value_is(), for the name of an attribute. Options of ATTRIBUTE, such
 * as ";binary" or ";range=0-1499", are ignored. */
bool
sdr_attribute_is(const char *name, const char *attribute);

/* Exchange writes "SMTP:alice@example.com", and uses "x500:", "sip:" and others
 * for values that are not mail addresses. A local part has no unquoted colon.
 */
enum sdr_scheme {
    SDR_SCHEME_NONE,
    SDR_SCHEME_MAIL, /* smtp: */
    SDR_SCHEME_LINK, /* mailto:, email: and the like */
    SDR_SCHEME_OTHER
};

/* Returns the scheme of the value and removes it from the value. */
enum sdr_scheme
sdr_value_scheme(const char **value, size_t *len);

/* Call FOUND for each address in a value of an address attribute. CERTAIN means
 * that the value is this address and nothing else, apart from quoting and
 * surrounding blanks. Otherwise the value may mean this address:
 * "<alice@example.com>", a list, a missing scheme. One address may be reported
 * several times. */
void
sdr_value_read(const char *attribute, const char *value, size_t len,
               void (*found)(void *arg, const struct sdr_address *address,
                             bool certain),
               void *arg);

/* The text before and after an address in a value that sdr_value_read()
 * accepts, certain or not. A search has to ask for each form. */
struct sdr_value_form {
    const char *before, *behind;
};

/* Returns the forms for this attribute, the regular one first. The last element
 * has a NULL BEFORE. */
const struct sdr_value_form *
sdr_value_forms(const char *attribute);

#endif
