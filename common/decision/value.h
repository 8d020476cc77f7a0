/* value.h - the addresses in one value of a directory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Live searches, the replica and LDIF files are read by this code and by no
 * other, so that a value means the same everywhere. If a server compares more
 * loosely than we do, the result must not be "no such user": a value that
 * contains an address and something else is not certain, and the answer for
 * that address is "not now". Pure functions, any octets.
 */
#ifndef SDR_VALUE_H
#define SDR_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/address.h"

/* True if ATTRIBUTE, as a server names it, is NAME; options behind it ("mail;
 * lang-en") do not count. NAME may be NULL. */
bool
sdr_attribute_is(const char *name, const char *attribute);

/* Leave out the blanks around the value: to a server they mean nothing (RFC
 * 4518, 2.6.1). Tabs do, to some. */
void
sdr_value_trim(const char **value, size_t *len);

/* Exchange writes "SMTP:alice@example.com", and "x500:", "sip:" and others for
 * what is no mail address. No local part holds a colon outside quotes. */
enum sdr_scheme {
    SDR_SCHEME_NONE,
    SDR_SCHEME_MAIL, /* smtp: */
    SDR_SCHEME_LINK, /* mailto:, email: and the like */
    SDR_SCHEME_OTHER
};

/* The scheme of the value, which is left out of it. */
enum sdr_scheme
sdr_value_scheme(const char **value, size_t *len);

/* Call FOUND for each address in a value of an address attribute. CERTAIN: the
 * value is this address and nothing else, whatever its quotes and the blanks
 * around it. Else it may mean this one: "<alice@example.com>", a list, a scheme
 * that is missing. One address may be found several times. */
void
sdr_value_read(const char *attribute, const char *value, size_t len,
               void (*found)(void *arg, const struct sdr_address *address,
                             bool certain),
               void *arg);

/* What may stand around an address in a value that sdr_value_read() takes for
 * it, certain or not: what a search has to ask for. */
struct sdr_value_form {
    const char *before, *behind;
};

/* The forms for this attribute, the regular one first; ended by one whose
 * BEFORE is NULL. */
const struct sdr_value_form *
sdr_value_forms(const char *attribute);

#endif
